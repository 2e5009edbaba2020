"""Cron expressions with a time zone: `TZ=Europe/Berlin 0 3 * * MON-FRI`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
# A guess: more than twice of what a list of all values takes in each of the five.
LONGEST_EXPRESSION = 1000
# A guess: without a prefix, the zone is UTC.
DEFAULT_ZONE = "UTC"
_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S*)\s+")
_ITEM = r"(?:\*|[0-9]{1,2}(?:-[0-9]{1,2})?|[A-Z]{3}(?:-[A-Z]{3})?)(?:/[0-9]{1,2})?"
# What every cron knows. The library's own extensions (L, LW, #) are left out, as is its sixth field.
_FIELD = re.compile(rf"{_ITEM}(?:,{_ITEM})*")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
# Folders and files of the system's time zones that are no names of IANA's.
_NO_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")


class CronError(ValueError):
    """Why a text is no cron expression: the rest of a sentence that begins with the field's name."""


@dataclass(frozen=True)
class Cron:
    """When something is due.

    Attributes:
        expression: The five fields.
        zone: Where they are read on the clock.
    """

    expression: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads an expression: five fields, with or without `TZ=ZONE ` or `CRON_TZ=ZONE ` before them.

        Raises:
            CronError: It is none, or never comes true.
        """
        if len(text) > LONGEST_EXPRESSION:
            raise CronError(f"must be at most {LONGEST_EXPRESSION} characters long. Received: {len(text)}.")
        prefix = _PREFIX.match(text)
        zone = _zone(prefix[1] if prefix else DEFAULT_ZONE)
        fields = text[prefix.end() if prefix else 0 :].split()
        if len(fields) != len(FIELDS):
            raise CronError(
                f"must hold five fields ({', '.join(FIELDS)}), after an optional TZ=ZONE or CRON_TZ=ZONE. "
                f'Received: "{text}".'
            )
        for number, field in enumerate(fields):
            if not _is_field(number, field):
                raise CronError(f'cannot have "{field}" as its {FIELDS[number]}. Received: "{text}".')
        cron = cls(" ".join(fields), zone)
        if cron.next_after(datetime.now(UTC)) is None:
            raise CronError(f'names a day that never comes. Received: "{text}".')
        return cron

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment, in UTC; None where there is none within decades.

        Where clocks are set forward, what falls into the gap is due at its end. Where they are set back, a
        fixed time is due once, the first time; what is due each hour or minute stays so.
        """
        try:
            # On a clock that is set back, the library goes on at the first of the two hours.
            for found in CronSim(self.expression, moment.astimezone(self.zone)):
                if found.astimezone(UTC) > moment:
                    return found.astimezone(UTC)
        except (CronSimError, OverflowError):
            # The second one is the end of the calendar.
            return None
        return None


def _zone(name: str) -> ZoneInfo:
    if _ZONE.fullmatch(name) and not name.startswith(_NO_ZONES):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            pass
    raise CronError(f'has a time zone that IANA does not list: "{name}". Use one such as Europe/Berlin.')


def _is_field(number: int, field: str) -> bool:
    """Whether a text can stand in that place, whatever the other four say."""
    if not _FIELD.fullmatch(field.upper()):
        return False
    others = ["*"] * len(FIELDS)
    others[number] = field.upper()
    try:
        CronSim(" ".join(others), datetime(2024, 1, 1))  # noqa: DTZ001 - only the words are read
    except CronSimError:
        return False
    return True

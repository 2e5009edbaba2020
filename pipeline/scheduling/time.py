"""When a schedule runs: cron expressions and moments, checked before anything is sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from trainer.errors import UsageError, quoted

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_PREFIX = re.compile(r"(CRON_TZ|TZ)=(\S*)\s+")
_ITEM = r"(?:\*|[0-9]{1,2}(?:-[0-9]{1,2})?|[A-Z]{3}(?:-[A-Z]{3})?)(?:/[0-9]{1,2})?"
# The library knows more (L, LW, #) than is promised of Vertex AI.
_FIELD = re.compile(rf"{_ITEM}(?:,{_ITEM})*")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
# Files and folders beside the system's time zones that are none of IANA's names.
_NO_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")
_ADVICE = 'Write five fields, such as "0 3 * * *" for 03:00 each day.'


def read_cron(text: str, time_zone: str = "") -> str:
    """A cron expression as Vertex AI takes it: five fields, after `TZ=ZONE ` where it is not in UTC.

    Args:
        text: What the user wrote.
        time_zone: A zone of its own, where the text names none.

    Raises:
        UsageError: It is no expression, never comes true, or there is no such zone.
    """
    prefix = _PREFIX.match(text.strip())
    if prefix and time_zone:
        raise UsageError(f"`--cron` names a time zone, and `--time-zone` another. Received: {quoted(text)}. Give one.")
    words = text.strip()[prefix.end() if prefix else 0 :].split()
    if len(words) != len(FIELDS):
        raise UsageError(
            f"`--cron` must hold {len(FIELDS)} fields: {', '.join(FIELDS)}. Received: {quoted(text)}. {_ADVICE}"
        )
    for number, word in enumerate(words):
        if not _is_field(number, word):
            raise UsageError(f"{quoted(word)} in `--cron {quoted(text)}` is no {FIELDS[number]}. {_ADVICE}")
    fields = " ".join(words)
    if not _comes_true(fields):
        raise UsageError(f"`--cron {quoted(text)}` names a day that never comes. {_ADVICE}")
    if prefix:
        _zone(prefix[2], "--cron")
        return f"{prefix[1]}={prefix[2]} {fields}"
    if time_zone:
        _zone(time_zone, "--time-zone")
        return f"TZ={time_zone} {fields}"
    return fields


def read_moment(text: str, option: str, cron: str) -> datetime:
    """A moment such as 2026-12-01, 2026-12-01T03:00 or 2026-12-01T03:00:00Z; without an offset, on the cron's clock.

    Args:
        text: What the user wrote.
        option: Where: `--start`.
        cron: What `read_cron` returned.

    Raises:
        UsageError: It is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"`{option}` must be a time such as 2026-12-01T03:00, or a day. Received: {quoted(text)}."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(cron))).astimezone(UTC)


def zone_of(cron: str) -> ZoneInfo:
    """The time zone of an expression that `read_cron` returned."""
    prefix = _PREFIX.match(cron)
    return _zone(prefix[2] if prefix else "UTC", "--cron")


def _zone(name: str, option: str) -> ZoneInfo:
    if _ZONE.fullmatch(name) and not name.startswith(_NO_ZONES):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            pass
    raise UsageError(
        f"`{option}` names no time zone of IANA's. Received: {quoted(name)}. Use one such as Europe/Berlin."
    )


def _is_field(number: int, word: str) -> bool:
    others = ["*"] * len(FIELDS)
    others[number] = word.upper()
    return _FIELD.fullmatch(word.upper()) is not None and _comes_true(" ".join(others))


def _comes_true(fields: str) -> bool:
    try:
        return next(CronSim(fields, datetime.now(UTC)), None) is not None
    except CronSimError:
        return False

"""Dates as a column writes them, in the codes of strptime: `%Y-%m-%d`, `%d.%m.%y %H:%M`, `%b %d, %Y`.

Like a number's format it is one pattern that Python's re and RE2 read alike, and arithmetic that integers and tensors
do alike, so that a date is the same number in a table and in the exported graph.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
DAY_S = 86_400
_FULL_MONTHS = ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"]
_MONTH = "|".join(f"{short}(?:{rest})?" if rest else short for short, rest in zip(MONTHS, _FULL_MONTHS, strict=True))
_WEEKDAY = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_CODES = {
    "Y": ("year", "[0-9]{4}"),
    "y": ("short_year", "[0-9]{2}"),
    "m": ("month", "1[0-2]|0?[1-9]"),
    "b": ("month_name", f"(?i:{_MONTH}|sept)"),
    "B": ("month_name", f"(?i:{_MONTH}|sept)"),
    "d": ("day", "3[01]|[12][0-9]|0?[1-9]"),
    "H": ("hour", "2[0-3]|[01]?[0-9]"),
    "I": ("half_day_hour", "1[0-2]|0?[1-9]"),
    "M": ("minute", "[0-5]?[0-9]"),
    "S": ("second", "[0-5]?[0-9]"),
    "p": ("meridiem", "(?i:[ap]m)"),
    "z": ("zone", "Z|[+-][0-9]{2}:?[0-9]{2}"),
    "a": ("", f"(?i:{_WEEKDAY})"),
    "A": ("", f"(?i:{_WEEKDAY})"),
    "f": ("", "[0-9]{1,9}"),
}
# Without a separator between them, only full widths tell one number from the next.
_WHOLE_WIDTH = {"m": "1[0-2]|0[1-9]", "d": "3[01]|[12][0-9]|0[1-9]", "H": "2[0-3]|[01][0-9]"}
_WHOLE_WIDTH |= dict.fromkeys("MS", "[0-5][0-9]")
_PARTS = re.compile(r"%(.)|([^%]+)", re.DOTALL)


@dataclass(frozen=True)
class DateFormat:
    """How a column writes its dates.

    Attributes:
        text: The codes of strptime; %Y %y %m %b %B %d %H %I %M %S %f %p %z %a %A and %%. Names are English. A fraction
            of a second and the day of the week are read and not looked at; a time with a zone (%z) is taken to UTC.
    """

    text: str

    @classmethod
    def of(cls, text: str) -> DateFormat:
        """The format of these codes.

        Raises:
            ValueError: A code is unknown or there twice, or there is no year.
        """
        codes = [code for code, _ in _PARTS.findall(text) if code and code != "%"]
        unknown = [code for code in codes if code not in _CODES]
        fields = [_CODES[code][0] for code in codes if code in _CODES]
        names = [name.removeprefix("short_").removesuffix("_name").removeprefix("half_day_") for name in fields if name]
        broken = text.replace("%%", "").endswith("%") or len(set(names)) < len(names) or "year" not in names
        misread = ("half_day_hour" in fields) != ("meridiem" in fields) or ("day" in names and "month" not in names)
        if unknown or broken or misread or text != text.strip():
            raise ValueError('must be a date in the codes of strptime, such as "%Y-%m-%d" or "%d.%m.%Y %H:%M"')
        return cls(text)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What the groups of the pattern hold, in their order; at most nine, which RE2 can name."""
        codes = [code for code, _ in _PARTS.findall(self.text) if code and code != "%"]
        return tuple(_CODES[code][0] for code in codes if _CODES[code][0])

    @property
    def has_time(self) -> bool:
        """Whether it tells the time of day."""
        return not {"hour", "half_day_hour"}.isdisjoint(self.fields)

    @cached_property
    def pattern(self) -> str:
        """The pattern of a whole date."""
        parts = _PARTS.findall(self.text)
        pieces = []
        for place, (code, literal) in enumerate(parts):
            if not code or code == "%":
                pieces.append(re.escape(literal or "%"))
                continue
            touches = any(parts[i][0] not in ("", "%") for i in (place - 1, place + 1) if 0 <= i < len(parts))
            name, pattern = _CODES[code]
            pattern = _WHOLE_WIDTH.get(code, pattern) if touches else pattern
            pieces.append(f"({pattern})" if name else f"(?:{pattern})")
        return "".join(pieces)

    @property
    def example(self) -> str:
        """A date in this format, whose day no one takes for its month."""
        return self.written(8765.5)

    def days(self, text: str) -> float | None:
        """Days since the start of 2000 of a trimmed cell; None if it is no such date."""
        found = self._compiled.fullmatch(text)
        if found is None:
            return None
        days, seconds, surplus = days_and_seconds(
            {name: number_of(name, value) for name, value in zip(self.fields, found.groups(), strict=True)}
        )
        return None if surplus > 0 else float(days + seconds / DAY_S)

    def written(self, days: float) -> str:
        """The date so many days after the start of 2000."""
        return (EPOCH + datetime.timedelta(days=days)).strftime(self.text)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


def number_of(field: str, text: str) -> int:
    """What the text of a group counts: the number in it, the number of a month, minutes of a zone, 12 hours of PM."""
    if field == "month_name":
        return MONTHS.index(text[:3].lower()) + 1
    if field == "meridiem":
        return 12 * (text.lower() == "pm")
    if field == "zone":
        digits = text.replace(":", "")
        return 0 if text == "Z" else int(f"{digits[0]}1") * (60 * int(digits[1:3]) + int(digits[3:]))
    return int(text)


def days_and_seconds(numbers: dict[str, Any]) -> tuple[Any, Any, Any]:
    """A date's numbers as days and seconds, by operators that integers and tensors of int64 share.

    Args:
        numbers: By the names in `fields`, as `number_of` gives them.

    Returns:
        Days since the start of 2000; seconds of the day in UTC, below 0 or beyond a day where the zone says so; and by
        how many days the day lies behind its month's last, above 0 for a date that does not exist.
    """
    short = numbers.get("short_year", 0)
    # POSIX: 69 to 99 are of the twentieth century.
    year = numbers["year"] if "year" in numbers else short + 1900 + 100 * ((168 - short) // 100)
    month = numbers.get("month", numbers.get("month_name", 1))
    day = numbers.get("day", 1)
    first = _days_before(year, month)
    surplus = day - (_days_before(year + month // 12, month % 12 + 1) - first)
    hour = numbers.get("hour", numbers.get("half_day_hour", 0) % 12 + numbers.get("meridiem", 0))
    minutes = 60 * hour + numbers.get("minute", 0) - numbers.get("zone", 0)
    return first + day - 1, 60 * minutes + numbers.get("second", 0), surplus


def _days_before(year: Any, month: Any) -> Any:
    """Days from the start of 2000 to the first of a month, Gregorian throughout; the year is counted from March."""
    late = (14 - month) // 12
    years, months = year - late, month + 12 * late - 3
    return 365 * years + years // 4 - years // 100 + years // 400 + (153 * months + 2) // 5 - 730_425

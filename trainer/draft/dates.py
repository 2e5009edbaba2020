"""How a column writes dates, from its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, product

from trainer.contract.date_format import DateFormat
from trainer.draft.numbers import MOST_STRAY_CELLS, MOST_STRAY_WORDS
from trainer.tables.cells import LOOKS_MISSING

# The more usual first: with slashes the month, with points and hyphens the day.
_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d. %b %Y"),
    *("%b %d, %Y", "%b %d %Y", "%Y %b %d", "%a, %d %b %Y", "%a %b %d %Y", "%A, %b %d, %Y", "%d/%b/%Y"),
)
_TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p")
_MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%b-%Y", "%b-%y", "%b %y", "%Y %b")
_COMPACT = ("%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S")
_SWAPPED = str.maketrans("dm", "md")
# What every date holds; it spares most columns of words the formats.
_DATE = re.compile(r"(?=.*[0-9]{2}).{6,40}", re.DOTALL)
_TIME = re.compile(r".*([0-9]:[0-5]|[0-9] ?[ap]m)", re.IGNORECASE | re.DOTALL)
_FIRST_CELLS = 5
_COMPARED_CELLS = 100


@dataclass(frozen=True)
class WrittenDates:
    """How a column writes its dates.

    Attributes:
        form: Reads them.
        strays: The cells that it does not read, with their counts.
        other: The format that swaps day and month, where it reads all of them as well; otherwise empty.
    """

    form: DateFormat
    strays: Mapping[str, int]
    other: str = ""


def written_dates(cells: Mapping[str, int]) -> WrittenDates | None:
    """Spots dates.

    Args:
        cells: Cells with their counts; blank ones are not among them.

    Returns:
        How they are written; None where the column holds none, or several kinds.
    """
    present = {cell: count for cell, count in cells.items() if cell.lower() not in LOOKS_MISSING}
    best, most = None, 0
    for form in _candidates(list(islice(present, _FIRST_CELLS))):
        read = _read_by(form, present, most)
        if read > most:
            best, most = form, read
    if best is None:
        return None
    strays = {cell: count for cell, count in cells.items() if best.days(cell) is None}
    odd = {cell: count for cell, count in strays.items() if cell in present}
    if len(odd) > MOST_STRAY_WORDS or sum(odd.values()) > MOST_STRAY_CELLS * sum(present.values()):
        return None
    swaps = {"day", "month"} <= set(best.fields) and best.fields[0] not in ("year", "short_year")
    swapped = best.text.translate(_SWAPPED) if swaps else best.text
    other = swapped if swapped != best.text and _read_by(DateFormat.of(swapped), present, 0) >= most else ""
    return WrittenDates(best, strays, other)


def kinds_of_dates(cells: Mapping[str, int]) -> tuple[str, ...]:
    """An example of each way in which the first cells write dates, if in several ways; otherwise empty."""
    examples: dict[str, str] = {}
    for cell in islice(cells, _COMPARED_CELLS):
        form = next(iter(_candidates([cell])), None)
        if form is None:
            return ()
        examples.setdefault(form.text, cell)
    return tuple(examples.values()) if len(examples) > 1 else ()


def _read_by(form: DateFormat, cells: Mapping[str, int], least: int) -> int:
    """How many cells a format reads; fewer are told once it cannot be `least` any more."""
    whole = read = sum(cells.values())
    for cell, count in cells.items():
        if form.days(cell) is None:
            read -= count
            if read <= least or read < whole * (1 - MOST_STRAY_CELLS):
                return 0
    return read


def _candidates(cells: Sequence[str]) -> list[DateFormat]:
    """The formats that read one of some cells at least."""
    if not any(map(_DATE.fullmatch, cells)):
        return []
    forms = _formats(timed=any(map(_TIME.match, cells)))
    return [form for form in forms if any(form.days(cell) is not None for cell in cells)]


@cache
def _formats(timed: bool) -> tuple[DateFormat, ...]:
    texts = [*_DAYS, *_COMPACT, *_MONTHS]
    if timed:
        texts = [f"{day}{gap}{time}{zone}" for day, gap, time, zone in product(_DAYS, " T", _TIMES, ("", "%z", " %z"))]
    return tuple(map(DateFormat.of, texts))

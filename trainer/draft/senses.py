"""What the cells of a feature mean: numbers, numbers written in a way of their own, dates, or words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trainer.contract.date_format import DateFormat
from trainer.contract.number_format import NumberFormat
from trainer.draft.dates import kinds_of_dates, written_dates
from trainer.draft.evidence import Evidence
from trainer.draft.numbers import MOST_STRAY_CELLS, MOST_STRAY_WORDS, WrittenNumbers, written_numbers
from trainer.errors import one_of, quoted
from trainer.tables.cells import LOOKS_MISSING

_FIRST_COMPACT_DATE, _LAST_COMPACT_DATE = 19_000_101, 21_001_231
# A number that may be a code for a missing one lies so many times as far from the others as they from each other.
_FAR = 5
_LEAST_CODE = -9.0


@dataclass(frozen=True)
class Sense:
    """How a column is understood.

    Attributes:
        kind: As in a contract.
        form: How its numbers or dates are written; None for plain numbers, and for words.
        low: The smallest number.
        high: The largest.
        missing: The words that mean a missing value.
        absent: How many cells hold them, or `codes`.
        codes: The numbers that mean a missing value, with their counts.
        doubt: What a person should check, to stand behind the column's name.
        decimal_comma_elsewhere: Whether other columns have decimal commas.
    """

    kind: Literal["numeric", "date", "categorical"]
    form: NumberFormat | DateFormat | None = None
    low: float = 0.0
    high: float = 0.0
    missing: tuple[str, ...] = ()
    absent: int = 0
    codes: Mapping[float, int] = field(default_factory=dict)
    doubt: str = ""
    decimal_comma_elsewhere: bool = False

    @property
    def written_form(self) -> str:
        """The form as the contract has it; empty if there is none."""
        if self.form is None:
            return ""
        return self.form.example if isinstance(self.form, NumberFormat) else self.form.text


def make_sense(columns: Mapping[int, Evidence]) -> dict[int, Sense]:
    """Understands the features of a table, each in the light of the others: a comma in one may tell of another's."""
    plain = {i for i, column in columns.items() if _is_plain(column)}
    numbers = {i: written_numbers(column.samples) for i, column in columns.items() if i not in plain}
    certain = {
        found.form.decimal for found in numbers.values() if found and found.form and found.marked and not found.other
    }
    certain |= {"." for i in plain if not columns[i].whole}
    comma = "," in certain if len(certain) == 1 else None
    senses = {}
    for i, column in columns.items():
        if i in plain:
            senses[i] = _plain(column, decimal_comma_elsewhere="," in certain)
        else:
            found = numbers[i]
            again = found is not None and found.other and comma is not None
            senses[i] = _otherwise(column, written_numbers(column.samples, comma) if again else found)
    return senses


def _is_plain(column: Evidence) -> bool:
    """Whether a column holds plain numbers, apart from some words that must mean missing values."""
    odd = {word: count for word, count in column.strays.items() if word.lower() not in LOOKS_MISSING}
    few = len(odd) <= MOST_STRAY_WORDS and sum(odd.values()) <= MOST_STRAY_CELLS * column.cells
    return column.numbers > 0 and few and not (column.zeros and column.whole)


def _plain(column: Evidence, decimal_comma_elsewhere: bool) -> Sense:
    missing, absent = tuple(column.strays), sum(column.strays.values())
    if column.whole and column.usual_low >= _FIRST_COMPACT_DATE and column.usual_high <= _LAST_COMPACT_DATE:
        dates = written_dates({f"{value:.0f}": count for value, count in column.values.items()})
        if dates is not None and not dates.strays and len(column.values) > 1:
            told = _read_by(f"{column.low:.0f}", dates.form.text)
            return Sense(
                "date",
                dates.form,
                missing=missing,
                absent=absent,
                doubt=f'{told}. If they are numbers, set kind = "numeric"',
            )
    codes = _coded_missing(column)
    low, high = (column.usual_low, column.usual_high) if codes else (column.low, column.high)
    return Sense(
        "numeric",
        low=low,
        high=high,
        missing=missing,
        absent=absent + sum(codes.values()),
        codes=codes,
        decimal_comma_elsewhere=decimal_comma_elsewhere,
    )


def _coded_missing(column: Evidence) -> dict[float, int]:
    """Numbers such as -999 that lie far from all others, or are negative where no other is."""
    low, span = column.usual_low, column.usual_high - column.usual_low

    def stands_out(code: float) -> bool:
        if code < 0:
            return low - code > span or (code < _LEAST_CODE and low >= 0)
        return code - column.usual_high > _FAR * span

    enough = len(column.values) > 1
    return {code: count for code, count in column.codes.items() if enough and code and stands_out(code)}


def _otherwise(column: Evidence, numbers: WrittenNumbers | None) -> Sense:
    cells = column.samples
    if column.zeros and column.whole and column.numbers:
        return Sense(
            "categorical", doubt=f"holds codes with zeros before them, such as {quoted(next(iter(column.zeros)))}"
        )
    if (dates := written_dates(cells)) is not None:
        odd = next(cell for cell in cells if cell not in dates.strays)
        doubt = _read_by(odd, dates.form.text)
        if dates.other:
            doubt += f". If the other number is the month, write format = {quoted(dates.other)}"
        return Sense("date", dates.form, missing=tuple(dates.strays), absent=sum(dates.strays.values()), doubt=doubt)
    if numbers is not None and numbers.form is not None:
        return _written(column, numbers, numbers.form)
    kinds = numbers.kinds if numbers is not None else kinds_of_dates(cells)
    if len(kinds) > 1:
        what = "numbers" if numbers is not None else "dates"
        return Sense(
            "categorical", doubt=f"writes {what} in several ways, such as {one_of(kinds[:3])}, where one would do"
        )
    if column.numbers > column.present / 2:
        stray = quoted(next(iter(column.strays)))
        return Sense(
            "categorical", doubt=f"holds numbers in {column.numbers} of {column.cells} rows, and words such as {stray}"
        )
    return Sense("categorical")


def _written(column: Evidence, numbers: WrittenNumbers, form: NumberFormat) -> Sense:
    cells = column.samples
    read = {cell: float(plain) for cell in cells if (plain := form.plain(cell)) is not None}
    shown = next((cell for cell in read if cell in column.strays), next(iter(read)))
    doubt = _read_by(shown, form.example, "the number 1234.5 written so")
    if numbers.other is not None:
        mark = "," if any("," in cell for cell in read) else "."
        taken_otherwise = "sets thousands apart" if mark == form.decimal else "stands before the fraction"
        doubt += f". If its {quoted(mark)} {taken_otherwise}, write format = {quoted(numbers.other.example)}"
    values = read.values()
    absent = sum(numbers.strays.values())
    return Sense("numeric", form, min(values), max(values), numbers.missing, absent, doubt=doubt)


def _read_by(cell: str, form: str, meaning: str = "") -> str:
    told = f"writes {quoted(cell)}, read by format = {quoted(form)}"
    return f"{told}, {meaning}" if meaning else told

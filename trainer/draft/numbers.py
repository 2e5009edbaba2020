"""How a column writes numbers, from its cells."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trainer.contract.number_format import APOSTROPHES, MINUS, SPACES, NumberFormat
from trainer.tables.cells import LOOKS_MISSING, is_number

MOST_STRAY_WORDS = 5
MOST_STRAY_CELLS = 0.1
# What sets thousands apart, and what the fraction, from the most to the least probable.
_SEPARATORS = (("", "."), (",", "."), ("", ","), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ","), ("_", "."))
_MONEY = "USD EUR GBP CHF JPY CNY INR CAD AUD NZD SEK NOK DKK PLN CZK HUF BRL MXN ZAR KRW TRY kr kr. Rs Rs. zł Fr Fr."
_CODES = frozenset(_MONEY.split())
_PARTS = re.compile(
    rf"(?P<before>[^0-9]*?)(?P<digits>[.,]?[0-9](?:[0-9.,_{APOSTROPHES}{SPACES}]*[0-9])?(?:[eE][+-]?[0-9]+)?[.,]?)"
    r"(?P<behind>(?:[^0-9].*)?)",
    re.DOTALL,
)
_SIGNS = re.compile(rf"[()+{MINUS}{SPACES}]+")
_MOST_UNIT_LETTERS = 12


@dataclass(frozen=True)
class WrittenNumbers:
    """How a column writes its numbers.

    Attributes:
        form: Reads them; None where they are of several kinds, which no format reads.
        strays: The cells that it does not read, with their counts.
        other: Reads them as well, but takes a fraction for thousands or the other way round; None if nothing does.
        marked: Whether there is a comma or a point at all.
        kinds: Examples of several kinds, where there is no format.
    """

    form: NumberFormat | None
    strays: Mapping[str, int]
    other: NumberFormat | None = None
    marked: bool = False
    kinds: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The strays, that must mean missing values."""
        return tuple(self.strays)


def written_numbers(cells: Mapping[str, int], decimal_comma: bool | None = None) -> WrittenNumbers | None:
    """Spots numbers that are written in a way of their own.

    Args:
        cells: Cells with their counts; plain numbers may be among them, blank ones not.
        decimal_comma: What other columns of the table say of a comma; None where they say nothing.

    Returns:
        How they are written; None where the column holds no numbers, or none but plain ones.
    """
    present = {cell: count for cell, count in cells.items() if cell.lower() not in LOOKS_MISSING}
    affixes = {cell: found for cell in present if (found := _affixes(cell)) is not None}
    strays = {cell: count for cell, count in cells.items() if cell not in affixes}
    odd = {cell: count for cell, count in strays.items() if cell in present}
    if not affixes or len(odd) > MOST_STRAY_WORDS or sum(odd.values()) > MOST_STRAY_CELLS * sum(present.values()):
        return None
    if all(map(is_number, affixes)):
        return None
    prefixes, suffixes = (Counter(pair[side] for pair in affixes.values() if pair[side]) for side in (0, 1))
    if len(prefixes) > 1 or len(suffixes) > 1:
        return WrittenNumbers(None, strays, kinds=_one_of_each(affixes))
    fitting = list(_fitting(next(iter(prefixes), ""), next(iter(suffixes), ""), affixes))
    if not fitting:
        return WrittenNumbers(None, strays, kinds=_two_ways(affixes))
    decimal = fitting[0].decimal if decimal_comma is None else "," if decimal_comma else "."
    form = next((form for form in fitting if form.decimal == decimal), fitting[0])
    marked = any(mark in cell for cell in affixes for mark in ".,")
    other = next((other for other in fitting if marked and other.decimal != form.decimal), None)
    return WrittenNumbers(form, strays, other, marked)


def _fitting(prefix: str, suffix: str, cells: Iterable[str]) -> Iterable[NumberFormat]:
    for thousands, decimal in _SEPARATORS:
        form = NumberFormat(prefix, suffix, thousands, decimal)
        if all(form.plain(cell) is not None for cell in cells):
            yield form


def _affixes(cell: str) -> tuple[str, str] | None:
    """What stands before and behind the number in a cell, signs apart; None where it holds no such number."""
    found = _PARTS.fullmatch(cell)
    if found is None:
        return None
    prefix, suffix = (_SIGNS.sub(" ", found[part]).strip() for part in ("before", "behind"))
    return (prefix, suffix) if _is_money(prefix) and (_is_money(suffix) or _is_unit(suffix)) else None


def _is_money(affix: str) -> bool:
    symbols = [char for char in affix if unicodedata.category(char) == "Sc"]
    return not affix or affix in _CODES or (len(symbols) == 1 and len(affix) <= 4)


def _is_unit(affix: str) -> bool:
    return affix[0] in "%‰°µ" or (affix[0].isalpha() and len(affix) <= _MOST_UNIT_LETTERS and " " not in affix)


def _one_of_each(affixes: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    examples: dict[tuple[str, str], str] = {}
    for cell, pair in affixes.items():
        examples.setdefault(pair, cell)
    return tuple(examples.values())


def _two_ways(cells: Iterable[str]) -> tuple[str, ...]:
    """A cell with a decimal point and one with a comma, or what else is mixed."""
    marks = [next((cell for cell in cells if mark in cell), None) for mark in ".,"]
    return tuple(cell for cell in marks if cell is not None)

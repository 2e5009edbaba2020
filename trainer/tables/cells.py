"""Cells to values: whole columns at once where they are clean, otherwise cell by cell, with what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from trainer.contract import CategoricalColumn, Contract, DateColumn, IgnoredColumn, LabelColumn, NumericColumn
from trainer.contract.cell_text import NUL, NUMBER
from trainer.contract.number_format import NumberFormat
from trainer.errors import nearest, one_of, quoted
from trainer.tables.date_cells import DateCells
from trainer.tables.formatted_numbers import plain_numbers
from trainer.tables.words import Words, spread

_NUMBER = re.compile(NUMBER)
_NON_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,3}([. ]?[0-9]{3})*,[0-9]+")
LOOKS_MISSING = {"na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null", "none", "nil", "missing", "unknown", "(blank)"}
LOOKS_MISSING |= {"?", "-", "--", "\u2013", "\u2014", ".", "..", "#value!", "#div/0!", "#num!", "#ref!", "#name?"}
_MOST_DIGITS = 18
LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).smallest_normal)


class NumberCells:
    """Reads the cells of a numeric column as float32, missing ones as NaN.

    What float32 cannot tell apart means the same, to the bounds and to the missing values, too: whoever asks the
    exported graph has only float32 to ask with.

    Attributes:
        form: How the cells write numbers; None for plain ones.
        missing: The texts that mean a missing value.
        sentinels: The numbers that do.
        low: The smallest number accepted, a float32.
        high: The largest one.
    """

    def __init__(self, column: NumericColumn, missing: Sequence[str]) -> None:
        self.column = column
        self.form = None if column.format is None else NumberFormat.of(column.format)
        self.arrow_type = pa.float64() if self.form is None else pa.string()
        self.missing = {"", *missing}
        self.sentinels = {_rounded(float(word)) for word in missing if is_number(word)}
        self.low = -LARGEST if column.min is None else max(_rounded(column.min), -LARGEST)
        self.high = LARGEST if column.max is None else min(_rounded(column.max), LARGEST)

    def convert(self, array: Any) -> np.ndarray | None:
        """Values of a parsed column of an arrow table, or None if a cell needs a closer look."""
        numbers = array if self.form is None else self._numbers(array, self.form)
        if numbers is None or (numbers.null_count and self.column.impute is None):
            return None
        values = as_float32(numbers.to_numpy(zero_copy_only=False))
        present = values[numbers.is_valid().to_numpy(zero_copy_only=False)] if numbers.null_count else values
        if self.sentinels and self.column.impute is not None:
            present = present[~np.isin(present, list(self.sentinels))]
            values = np.where(np.isin(values, list(self.sentinels)), np.float32("nan"), values)
        return values if self._may_stand(present) else None

    def _numbers(self, array: Any, form: NumberFormat) -> Any:
        """A column of texts as arrow's numbers, missing ones null; None if another cell is no number."""
        texts = compute.utf8_trim_whitespace(array)
        plain = plain_numbers(texts, form)
        absent = compute.is_in(texts, value_set=pa.array(sorted(self.missing)))
        if compute.any(compute.and_(compute.is_null(plain), compute.invert(absent))).as_py():
            return None
        return compute.cast(compute.if_else(absent, None, plain), pa.float64())

    def convert_json(self, values: Sequence[object]) -> np.ndarray | None:
        """JSON's values as `parse` would read them, or None if one needs a closer look."""
        if not set(map(type, values)) <= {int, float}:
            return None
        try:
            numbers = as_float32(np.array(values, np.float64))
        except OverflowError:
            return None
        return numbers if self._may_stand(numbers) else None

    def _may_stand(self, numbers: np.ndarray) -> bool:
        """Whether each of some numbers may stand in the column. NaN may not."""
        if numbers.size and not (self.low <= numbers.min() and numbers.max() <= self.high):
            return False
        return not any((numbers == sentinel).any() for sentinel in self.sentinels)

    def parse(self, cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Values of cells, NaN where there is none, and which of the cells are bad."""
        values = np.full(len(cells), math.nan)
        bad = np.zeros(len(cells), bool)
        for row, cell in enumerate(cells):
            value = self._value(cell.strip())
            if value is None:
                bad[row] = True
            else:
                values[row] = value
        return values.astype(np.float32), bad

    def _value(self, text: str) -> float | None:
        if text in self.missing:
            return None if self.column.impute is None else math.nan
        plain = self._plain(text)
        if plain is None:
            return None
        value = _rounded(float(plain))
        if value in self.sentinels:
            return None if self.column.impute is None else math.nan
        return value if self.low <= value <= self.high else None

    def _plain(self, text: str) -> str | None:
        """A number as contracts write it; None if the text is no number of the column."""
        if self.form is None:
            return text if is_number(text) else None
        return self.form.plain(text)

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text = cell.strip()
        if not text:
            return 'is blank. Write a number, or let the contract fill it in with impute = "mean"'
        received = f"received {quoted(text)}, "
        plain = self._plain(text)
        if text in self.missing or (plain is not None and _rounded(float(plain)) in self.sentinels):
            return f'{received}a missing value. Write a number, or add impute = "mean" to the contract'
        return received + (self._misspelt(text) if plain is None else self._misfit(float(plain)))

    def _misfit(self, value: float) -> str:
        unit = f" {self.column.unit}" if self.column.unit else ""
        if self.column.max is not None and value > self.column.max:
            return f"which lies above max = {self.column.max}{unit}. Correct the cell, or max in the contract"
        if self.column.min is not None and value < self.column.min:
            return f"which lies below min = {self.column.min}{unit}. Correct the cell, or min in the contract"
        return "which float32 cannot hold (at most 3.4e38). Write it in a larger unit"

    def _misspelt(self, text: str) -> str:
        if _NON_FINITE.fullmatch(text) and text.lower() not in LOOKS_MISSING:
            return "which is not finite. Write a finite number"
        if text.lower() in LOOKS_MISSING:
            return (
                f"which is no number. If it means a missing value, add {quoted(text)} to missing under "
                '[file] in the contract and give the column impute = "mean"'
            )
        if self.form is not None:
            return f"which is no number in the format of the column. Write one such as {quoted(self.form.example)}"
        if is_decimal_comma(text):
            whole, fraction = re.sub("[. ]", "", text).split(",")
            return (
                f"which is no number. Write a decimal point: {whole}.{fraction}, or give the column format = '1.234,5'"
            )
        return (
            "which is no number. Write one such as 0.2, without unit or thousands separator, or give the column a "
            "format in the contract, which is the number 1234.5 as the column writes it"
        )


class LabelCells:
    """Reads the cells of the label column as int64 class ids."""

    arrow_type = pa.dictionary(pa.int32(), pa.string())

    def __init__(self, column: LabelColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._missing = {"", *missing}
        ids = {name: class_id for class_id, name in enumerate(column.classes)}
        self._ids = {word: ids[name] for word, name in column.meanings.items()}

    def convert(self, array: Any) -> np.ndarray | None:
        """Class ids of a parsed column of an arrow table, or None if a cell is of no class."""
        ids = [self._ids.get(word.strip()) for word in array.dictionary.to_pylist()]
        return None if None in ids else spread(ids, array)

    def parse(self, cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Class ids of cells, -1 where there is none, and which of the cells are bad."""
        ids = np.array([self._ids.get(cell.strip(), -1) for cell in cells], np.int64)
        return ids, ids < 0

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text, written = cell.strip(), self.column.written
        if text in self._missing:
            received = f"received {quoted(text)}" if text else "is blank"
            return f"{received}: the row is unlabelled. Write {one_of(written)}, or take the row out"
        hint = nearest(text, written)
        if self.column.values and text in self.column.classes:
            value = written[self.column.classes.index(text)]
            hint = f" The contract says that files write this class as {quoted(value)} (values)."
        elif not hint and is_number(text):
            equal = [word for word in written if is_number(word) and float(word) == float(text)]
            hint = f" Did you mean {quoted(equal[0])}?" if equal else ""
        return f"received {quoted(text)}, which is no class of the contract.{hint} Write {one_of(written)}"


class WordCells:
    """Reads the cells of a categorical column.

    Attributes:
        missing: The texts that mean a missing value. What the vocabulary lists is a word.
    """

    arrow_type = pa.dictionary(pa.int32(), pa.string())

    def __init__(self, column: CategoricalColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._known = None if column.vocabulary is None else set(column.vocabulary)
        self.missing = {"", *missing} - (self._known or set())

    def convert(self, array: Any) -> Words | None:
        """Words of a parsed column of an arrow table, or None if a cell may not stand there."""
        words = [self._word(cell) for cell in array.dictionary.to_pylist()]
        if None in words:
            return None
        ids = {word: code for code, word in enumerate(dict.fromkeys(words))}
        return Words(spread([ids[word] for word in words], array), tuple(map(str, ids)))

    def convert_json(self, values: Sequence[Any]) -> Words | None:
        """JSON's values as `parse` would read them, or None if one needs a closer look."""
        if set(map(type, values)) != {str}:
            return None
        words, bad = self.parse(values)
        return None if bad.any() else words

    def parse(self, cells: Sequence[str]) -> tuple[Words, np.ndarray]:
        """Words of cells, "" where there is none, and which of the cells are bad."""
        words = {cell: self._word(cell) for cell in set(cells)}
        ids = {word: code for code, word in enumerate(dict.fromkeys(["", *(word or "" for word in words.values())]))}
        codes = np.array([ids[words[cell] or ""] for cell in cells], np.int64)
        return Words(codes, tuple(ids)), np.array([words[cell] is None for cell in cells], bool)

    def _word(self, cell: str) -> str | None:
        """The word a cell holds, "" for a missing one, None if it may not stand there."""
        text = cell.strip()
        if text in self.missing:
            return None if self.column.impute is None else ""
        is_word = NUL not in text and (self._known is None or text in self._known)
        return text if is_word else None

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text = cell.strip()
        if NUL in text:
            return explain_nul(cell)
        if text in self.missing:
            received = f"received {quoted(text)}, a missing value" if text else "is blank"
            return f"{received}. Write a word, or let the contract fill it in with impute"
        vocabulary = self.column.vocabulary or ()
        return (
            f"received {quoted(text)}, which is not in the vocabulary.{nearest(text, vocabulary)} "
            f"Write {one_of(vocabulary)}, or add the word to the contract"
        )


FeatureCells = NumberCells | DateCells | WordCells
Cells = FeatureCells | LabelCells


def cells_of(contract: Contract) -> dict[str, Cells]:
    """How the cells of each column that is read are read, by column name."""
    cells: dict[str, Cells] = {}
    for column in contract.columns:
        if isinstance(column, LabelColumn):
            cells[column.name] = LabelCells(column, contract.file.missing)
        elif not isinstance(column, IgnoredColumn):
            missing = (*contract.file.missing, *column.missing)
            if isinstance(column, NumericColumn):
                cells[column.name] = NumberCells(column, missing)
            elif isinstance(column, DateColumn):
                cells[column.name] = DateCells(column, missing)
            else:
                cells[column.name] = WordCells(column, missing)
    return cells


def explain_nul(cell: str) -> str:
    """Why a cell that holds a NUL byte is bad and what to do."""
    return f"received {quoted(cell)}, which holds a NUL byte. Take it out"


def as_float32(numbers: np.ndarray) -> np.ndarray:
    """Numbers, float64 [n], as float32; what is too large is infinite.

    What is smaller than float32's normal numbers is zero: TensorFlow's kernels take it so on CPUs.
    """
    with np.errstate(over="ignore", under="ignore"):
        values = numbers.astype(np.float32)
    values[np.abs(values) < SMALLEST] = 0.0
    return values


def _rounded(number: float) -> float:
    return float(as_float32(np.array([number]))[0])


def is_number(text: str) -> bool:
    """Whether `text` is a decimal number as a table may write it: 5, -0.2, .5, 1e-3."""
    return bool(_NUMBER.fullmatch(text))


def is_count(text: str) -> bool:
    """Whether `text` is a number of things: digits, and not more of them than int64 holds."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def is_decimal_comma(text: str) -> bool:
    """Whether `text` is a number as it is written with a decimal comma: 5,1 or 1.234,5."""
    return bool(_DECIMAL_COMMA.fullmatch(text))

"""Cells to values: the fast way for clean columns, the careful way that finds every bad cell and says what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from trainer.contract import CategoricalColumn, Contract, LabelColumn, NumericColumn
from trainer.errors import nearest

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NON_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,3}([. ]?[0-9]{3})*,[0-9]+")
_LOOKS_MISSING = {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "unknown", "?", "-", "--", "."}
_LARGEST = float(np.finfo(np.float32).max)
_SHOWN = 60


@dataclass(frozen=True)
class Words:
    """A categorical column of some rows.

    Attributes:
        codes: int32 [n], positions in `vocabulary`.
        vocabulary: The words that occur, each once; "" stands for a missing value.
    """

    codes: np.ndarray
    vocabulary: tuple[str, ...]

    def to_array(self) -> np.ndarray:
        """The words as an object array of str [n]."""
        return np.array([*self.vocabulary, ""], object)[self.codes]


class NumberCells:
    """Reads the cells of a numeric column as float32, missing ones as NaN."""

    arrow_type = pa.float64()

    def __init__(self, column: NumericColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._missing = {"", *missing}
        self._sentinels = [float(word) for word in missing if is_number(word)]
        self._low = -_LARGEST if column.min is None else max(column.min, -_LARGEST)
        self._high = _LARGEST if column.max is None else min(column.max, _LARGEST)

    def convert(self, array: Any) -> np.ndarray | None:
        """Values of a parsed column of an arrow table, or None if a cell needs a closer look."""
        if array.null_count and self.column.impute is None:
            return None
        values = array.to_numpy(zero_copy_only=False)
        present = array.drop_null().to_numpy(zero_copy_only=False) if array.null_count else values
        if present.size and not (self._low <= present.min() and present.max() <= self._high):
            return None
        if self._sentinels and np.isin(present, self._sentinels).any():
            return None
        return np.asarray(values, np.float32)

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
        if text in self._missing:
            return None if self.column.impute is None else math.nan
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
        if value in self._sentinels:
            return None if self.column.impute is None else math.nan
        return value if self._low <= value <= self._high else None

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text = cell.strip()
        if not text:
            return 'is blank. Write a number, or let the contract fill it in with impute = "mean"'
        if text in self._missing or (is_number(text) and float(text) in self._sentinels):
            return f'received {quoted(text)}, a missing value. Write a number, or add impute = "mean" to the contract'
        if _NON_FINITE.fullmatch(text) and text.lower() not in _LOOKS_MISSING:
            return f"received {quoted(text)}, which is not finite. Write a finite number"
        if not is_number(text):
            return f"received {quoted(text)}, which is no number. {self._advice(text)}"
        unit = f" {self.column.unit}" if self.column.unit else ""
        value = float(text)
        if self.column.max is not None and value > self.column.max:
            return f"received {quoted(text)}, above max = {self.column.max:g}{unit}. Correct the cell or the contract"
        if self.column.min is not None and value < self.column.min:
            return f"received {quoted(text)}, below min = {self.column.min:g}{unit}. Correct the cell or the contract"
        return f"received {quoted(text)}, beyond what float32 holds (3.4e38). Choose a larger unit"

    def _advice(self, text: str) -> str:
        if text.lower() in _LOOKS_MISSING:
            return (
                f"If it means a missing value, list {quoted(text)} as missing under [file] in the contract "
                'and give the column impute = "mean"'
            )
        if _DECIMAL_COMMA.fullmatch(text):
            whole, fraction = re.sub("[. ]", "", text).split(",")
            return f"Write a decimal point: {whole}.{fraction}"
        return "Write a decimal number such as 0.2, without unit or thousands separator"


class _WordTable:
    """What the shared part of word and label cells does: look each distinct word up once."""

    arrow_type = pa.dictionary(pa.int32(), pa.string())

    def look_up(self, text: str) -> int | None:
        raise NotImplementedError

    def _codes(self, array: Any) -> np.ndarray | None:
        ids = [self.look_up(word.strip()) for word in array.dictionary.to_pylist()]
        if None in ids:
            return None
        return np.array(ids or [0], np.int64)[array.indices.to_numpy()]

    def _parsed(self, cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        ids = {cell: self.look_up(cell.strip()) for cell in set(cells)}
        codes = np.array([-1 if (code := ids[cell]) is None else code for cell in cells], np.int64)
        return codes, codes < 0


class LabelCells(_WordTable):
    """Reads the cells of the label column as int64 class ids."""

    def __init__(self, column: LabelColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._missing = {"", *missing}
        self._ids = {word: code for code, word in enumerate(column.written)}

    def look_up(self, text: str) -> int | None:
        return self._ids.get(text)

    def convert(self, array: Any) -> np.ndarray | None:
        """Class ids of a parsed column of an arrow table, or None if a cell is of no class."""
        return self._codes(array)

    def parse(self, cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Class ids of cells, -1 where there is none, and which of the cells are bad."""
        return self._parsed(cells)

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text, written = cell.strip(), self.column.written
        if text in self._missing:
            received = f"received {quoted(text)}" if text else "is blank"
            return f"{received}: the row is unlabelled. Write {one_of(written)}, or take the row out"
        hint = nearest(text, written)
        if self.column.values and text in self.column.classes:
            value = written[self.column.classes.index(text)]
            hint = f' The contract says that files write this class as "{value}" (values).'
        elif not hint and is_number(text):
            equal = [word for word in written if is_number(word) and float(word) == float(text)]
            hint = f' Did you mean "{equal[0]}"?' if equal else ""
        return f"received {quoted(text)}, which is no class of the contract.{hint} Write {one_of(written)}"


class WordCells(_WordTable):
    """Reads the cells of a categorical column."""

    def __init__(self, column: CategoricalColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._missing = {"", *missing}
        self._known = None if column.vocabulary is None else set(column.vocabulary)
        self._ids: dict[str, int] = {}

    def look_up(self, text: str) -> int | None:
        known = self._known is not None and text in self._known
        if text in self._missing and not known:
            return None if self.column.impute is None else self._ids.setdefault("", len(self._ids))
        if self._known is not None and not known:
            return None
        return self._ids.setdefault(text, len(self._ids))

    def convert(self, array: Any) -> Words | None:
        """Words of a parsed column of an arrow table, or None if a cell is not in the vocabulary."""
        self._ids = {}
        codes = self._codes(array)
        return None if codes is None else Words(codes.astype(np.int32), tuple(self._ids))

    def parse(self, cells: Sequence[str]) -> tuple[Words, np.ndarray]:
        """Words of cells, "" where there is none, and which of the cells are bad."""
        self._ids = {"": 0}
        codes, bad = self._parsed(cells)
        return Words(np.maximum(codes, 0).astype(np.int32), tuple(self._ids)), bad

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text = cell.strip()
        if text in self._missing:
            received = f"received {quoted(text)}, a missing value" if text else "is blank"
            return f"{received}. Write a word, or let the contract fill it in with impute"
        vocabulary = self.column.vocabulary or ()
        return (
            f"received {quoted(text)}, which is not in the vocabulary.{nearest(text, vocabulary)} "
            f"Write {one_of(vocabulary)}, or add the word to the contract"
        )


Cells = NumberCells | LabelCells | WordCells


def cells_of(contract: Contract) -> dict[str, Cells]:
    """How the cells of each column that is read are read, by column name."""
    cells: dict[str, Cells] = {}
    for column in contract.columns:
        if isinstance(column, NumericColumn):
            cells[column.name] = NumberCells(column, contract.file.missing)
        elif isinstance(column, CategoricalColumn):
            cells[column.name] = WordCells(column, contract.file.missing)
        elif isinstance(column, LabelColumn):
            cells[column.name] = LabelCells(column, contract.file.missing)
    return cells


def is_number(text: str) -> bool:
    """Whether `text` is a decimal number as a table may write it: 5, -0.2, .5, 1e-3."""
    return bool(_NUMBER.fullmatch(text))


def quoted(text: str) -> str:
    """`text` in double quotes, on one line, shortened where it is long, with unprintable characters escaped."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return '"' + "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown) + '"'


def one_of(words: Iterable[str]) -> str:
    """The words for a sentence, the first ones where there are many: "a", "b" or "c"."""
    words = [quoted(word) for word in words]
    if len(words) > 6:
        return f"one of {', '.join(words[:5])} ... ({len(words)} in all)"
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

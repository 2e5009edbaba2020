"""The rows of a table, kept as they are read, if they take up no more memory than is granted."""

from __future__ import annotations

import numpy as np

from trainer.contract import CategoricalColumn, Contract
from trainer.tables.growing_array import GrowingArray
from trainer.tables.rows import Rows
from trainer.tables.words import Dates, Words

NUMBER_BYTES = 4


class RowStore:
    """Takes rows in, and lets go of all of them once they are too many.

    Args:
        contract: What the rows keep.
        limit_bytes: The memory granted.
        most_rows: Rows behind the first so many are left out. None takes all.

    Attributes:
        limit_bytes: As given.
        overflowed: Whether the rows were too many, so that none is kept.
        vocabularies: By categorical column, sorted by name: the words that occur, with their codes.
    """

    def __init__(self, contract: Contract, limit_bytes: int, most_rows: int | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.overflowed = False
        categorical = sorted(column.name for column in contract.features if isinstance(column, CategoricalColumn))
        numeric = sorted(column.name for column in contract.features if column.name not in categorical)
        self.vocabularies: dict[str, dict[str, int]] = {name: {} for name in categorical}
        self._places = {name: place for names in (categorical, numeric) for place, name in enumerate(names)}
        self._row_bytes = row_bytes(len(contract.features))
        self._most = most_rows
        self._numbers = GrowingArray(np.float32, len(numeric))
        self._codes = GrowingArray(np.int32, len(categorical))
        self._labels = GrowingArray(np.int32)

    def add(self, rows: Rows) -> None:
        """Keeps some more rows."""
        count = len(rows.labels)
        count = count if self._most is None else min(count, self._most - len(self._labels))
        self.overflowed |= (len(self._labels) + count) * self._row_bytes > self.limit_bytes
        if self.overflowed:
            for array in (self._numbers, self._codes, self._labels):
                array.clear()
            return
        numbers, codes = self._numbers.room_for(count), self._codes.room_for(count)
        for name, values in rows.features.items():
            if isinstance(values, Dates):
                numbers[:, self._places[name]] = values.to_days()[:count]
            elif isinstance(values, Words):
                codes[:, self._places[name]] = self._recoded(name, values, count)
            else:
                numbers[:, self._places[name]] = values[:count]
        self._labels.extend(rows.labels[:count])

    def take_out(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rows kept, which are the caller's to change from now on; columns are sorted by name.

        Returns:
            Numbers, float32 [rows, numeric and date columns], NaN for a missing one; codes of words, int32 [rows,
            categorical columns]; class ids, int32 [rows].
        """
        return self._numbers.take_out(), self._codes.take_out(), self._labels.take_out()

    def _recoded(self, name: str, words: Words, count: int) -> np.ndarray:
        """The codes that words have in the whole table, int32 [count]."""
        known = self.vocabularies[name]
        kept = Words(words.codes[:count], words.vocabulary)
        of_code = np.zeros(len(kept.vocabulary), np.int32)
        for code in kept.occurring():
            of_code[code] = known.setdefault(kept.vocabulary[code], len(known))
        codes: np.ndarray = np.take(of_code, kept.codes)
        return codes


def row_bytes(features: int) -> int:
    """What a row takes up in memory: four bytes for each feature, and for the label."""
    return (features + 1) * NUMBER_BYTES

"""Statistics of a column, gathered block by block."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trainer.contract import MEAN, CategoricalColumn, DateColumn, Feature, NumericColumn
from trainer.errors import quoted
from trainer.tables.words import Dates, Words

MOST_WORDS = 10_000


@dataclass(frozen=True)
class ColumnProfile:
    """What a column holds, missing cells left out.

    Attributes:
        name: The column's name.
        kind: `numeric`, `date` or `categorical`.
        missing: How many cells hold no value.
        constant: Whether the model sees one value in all rows.
        mean: Numeric and date only, as the three below, dates as days since the start of 2000: the mean. None where no
            cell holds a value.
        deviation: The population standard deviation.
        minimum: The smallest value.
        maximum: The largest value.
        counts: Categorical only: how often each word occurs, the first `MOST_WORDS` words.
    """

    name: str
    kind: str
    missing: int
    constant: bool
    mean: float | None = None
    deviation: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    counts: dict[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The profile in the types that JSON has, without what does not apply."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class NumberStatistics:
    """Gathers a numeric column, in double precision."""

    _noun = "number"

    def __init__(self, column: NumericColumn | DateColumn) -> None:
        self._column = column
        self._count = self._missing = 0
        self._mean = self._squares = 0.0
        self._low, self._high = math.inf, -math.inf

    def add(self, cells: np.ndarray) -> None:
        """Takes in float32 values [n], NaN where missing."""
        values = cells.astype(np.float64)
        if np.isnan(values.sum()):
            present = values[~np.isnan(values)]
            self._missing += len(values) - len(present)
            values = present
        if not len(values):
            return
        # Chan, Golub and LeVeque (1979): the parallel form of the variance, which does not cancel.
        count, mean = len(values), float(values.mean())
        total, delta = self._count + count, mean - self._mean
        self._squares += float(np.square(values - mean).sum()) + delta**2 * self._count * count / total
        self._mean += delta * count / total
        self._count = total
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))

    def unlearnable(self) -> str:
        """Why the column cannot be trained on; empty if it can."""
        if self._column.impute == MEAN and not self._count:
            return (
                f"The column {quoted(self._column.name)} holds no {self._noun}, so there is no mean to impute. "
                f'Fill it in, give a {self._noun} as impute, or set kind = "ignored" in the contract.'
            )
        return ""

    def profile(self) -> ColumnProfile:
        """What was gathered."""
        name, missing = self._column.name, self._missing
        if not self._count:
            return ColumnProfile(name, self._column.kind, missing, constant=True)
        one_value = self._low == self._high
        constant = one_value and (not missing or self._column.impute in (MEAN, self._low))
        mean = self._low if one_value else self._mean
        deviation = 0.0 if one_value else math.sqrt(self._squares / self._count)
        return ColumnProfile(name, self._column.kind, missing, constant, mean, deviation, self._low, self._high)


class DateStatistics(NumberStatistics):
    """Gathers a date column, in days."""

    _noun = "date"

    def add(self, cells: Dates) -> None:  # type: ignore[override] # what a column holds is of its kind
        """Takes in dates [n]."""
        super().add(cells.to_days())


class WordStatistics:
    """Gathers a categorical column."""

    def __init__(self, column: CategoricalColumn) -> None:
        self._column = column
        self._missing = 0
        self._counts: Counter[str] = Counter()
        self._too_many = False

    def add(self, words: Words) -> None:
        """Takes in words [n], "" where missing."""
        counts = np.bincount(words.codes, minlength=len(words.vocabulary)).tolist()
        for word, count in zip(words.vocabulary, counts, strict=True):
            if not word:
                self._missing += count
            elif word in self._counts or len(self._counts) < MOST_WORDS:
                self._counts[word] += count
            else:
                self._too_many = True

    def unlearnable(self) -> str:
        """Why the column cannot be trained on; empty if it can."""
        if self._too_many and self._column.vocabulary is None:
            return (
                f"The column {quoted(self._column.name)} holds more than {MOST_WORDS} different words. "
                'Set kind = "ignored" in the contract if it tells rows apart, or give a vocabulary.'
            )
        if not self._counts and self._column.vocabulary is None:
            return (
                f"The column {quoted(self._column.name)} holds no word to learn. "
                'Fill it in, give its vocabulary, or set kind = "ignored" in the contract.'
            )
        return ""

    def profile(self) -> ColumnProfile:
        """What was gathered."""
        counts = {word: count for word, count in sorted(self._counts.items()) if count}
        seen = set(counts) | ({self._column.impute} if self._missing else set())
        return ColumnProfile(self._column.name, "categorical", self._missing, constant=len(seen) <= 1, counts=counts)


def statistics_of(column: Feature) -> NumberStatistics | WordStatistics:
    """What gathers the statistics of a column."""
    if isinstance(column, CategoricalColumn):
        return WordStatistics(column)
    return DateStatistics(column) if isinstance(column, DateColumn) else NumberStatistics(column)

"""Columns of texts, each distinct one kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Words:
    """A column of some rows that holds texts.

    Attributes:
        codes: int64 [n], positions in `vocabulary`.
        vocabulary: The words that occur, each once; "" stands for a missing value.
    """

    codes: np.ndarray
    vocabulary: tuple[str, ...]

    def to_array(self) -> np.ndarray:
        """The words as an object array of str [n]."""
        words: np.ndarray = np.array([*self.vocabulary, ""], object)[self.codes]
        return words

    def occurring(self) -> np.ndarray:
        """The codes that occur, each once, rising."""
        return np.flatnonzero(np.bincount(self.codes, minlength=len(self.vocabulary)))


@dataclass(frozen=True)
class Dates(Words):
    """A column of some rows that holds dates, as they are written.

    Attributes:
        days: float32, for each of the vocabulary: days since the start of 2000, NaN for a missing or bad one.
    """

    days: np.ndarray

    def to_days(self) -> np.ndarray:
        """The dates as days since the start of 2000, float32 [n]."""
        days: np.ndarray = np.append(self.days, np.float32("nan"))[self.codes]
        return days


def spread(ids: Sequence[int | None], array: Any) -> np.ndarray:
    """An id for each row, int64 [n], from one for each distinct cell of a dictionary-encoded column."""
    by_code = np.array(ids or [0], np.int64)
    return np.asarray(by_code[array.indices.to_numpy()])

"""Rows of a table that are set apart by what they hold, in bounded memory, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.tables.rows import Rows
from trainer.tables.shared_rows import fingerprints, mixed

# More rows tell no more of a model, and take time at each look.
MOST_HELD_OUT = 20_000


@dataclass(frozen=True)
class Holdout:
    """Which rows are set apart: equal rows are so together.

    Attributes:
        seed: Decides which.
        limits: uint64 [classes]: a row is set apart whose bits lie below the limit of its class.
    """

    seed: int
    limits: np.ndarray

    def holds(self, rows: Rows) -> np.ndarray:
        """Which of some rows, all of them good, are set apart, bool [n]."""
        return self.holds_bits(seeded_bits(rows, self.seed), rows.labels)

    def holds_bits(self, bits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The same of rows whose bits are known: uint64 [n], and class ids, integers [n]."""
        return np.asarray(bits < self.limits[labels])


class HoldoutDraw:
    """Draws a share of each class's rows while a table is read.

    Args:
        share: Of each class's rows, above 0 and up to 0.5; less where `MOST_HELD_OUT` are fewer.
        seed: Decides which rows.
        classes: How many classes there are.
        most: The most rows to set apart.
    """

    def __init__(self, share: float, seed: int, classes: int, most: int = MOST_HELD_OUT) -> None:
        self._share, self._seed, self._most = share, seed, most
        self._counts = np.zeros(classes, np.int64)
        self._lowest: list[list[np.ndarray]] = [[] for _ in range(classes)]
        self._kept = np.zeros(classes, np.int64)

    def add(self, rows: Rows) -> np.ndarray:
        """Takes in some more rows, those with a bad label left out; returns the bits of all, uint64 [n]."""
        bits = seeded_bits(rows, self._seed)
        for label in np.unique(rows.labels[rows.labels >= 0]):
            theirs = bits[rows.labels == label]
            self._counts[label] += len(theirs)
            self._lowest[label].append(theirs)
            self._kept[label] += len(theirs)
            # A limit is the bits of one row more than are set apart.
            if self._kept[label] > 2 * self._most + 1:
                self._lowest[label] = [_smallest(self._lowest[label], self._most + 1)]
                self._kept[label] = self._most + 1
        return bits

    def drawn(self) -> Holdout:
        """The rows to set apart: of a class with too few different ones to part, none."""
        share = min(self._share, self._most / max(1, int(self._counts.sum())))
        limits = [_limit(parts, int(share * count)) for parts, count in zip(self._lowest, self._counts, strict=True)]
        return Holdout(self._seed, np.array(limits, np.uint64))


def seeded_bits(rows: Rows, seed: int) -> np.ndarray:
    """64 bits for each row, uint64 [n], by its content and a seed."""
    return mixed(fingerprints(rows) + np.uint64(seed))


def _limit(parts: Sequence[np.ndarray], count: int) -> int:
    """What at most so many bits of a class lie below: the copies of the first row that is left stay with it."""
    return int(_smallest(parts, count + 1)[count]) if count else 0


def _smallest(parts: Sequence[np.ndarray], count: int) -> np.ndarray:
    return np.sort(np.concatenate(parts))[:count]

"""Rows of training tables that validate: a search measures its trials on them, and no trial learns them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.tables.holdout import seeded_bits
from trainer.tables.rows import Rows

# No seed of a training: which rows validate does not depend on it, nor do rows held out follow them.
_SEED = 1 << 62


@dataclass(frozen=True)
class ValidationRows:
    """Which rows validate. Each finds its side by what it holds, whatever the other rows are; equal rows share theirs.

    Attributes:
        fraction: Of the rows, 0 to 1, on average.
    """

    fraction: float

    def holds(self, rows: Rows) -> np.ndarray:
        """Which of some rows validate, bool [n]."""
        return np.asarray(seeded_bits(rows, _SEED) < np.uint64(int(self.fraction * 2**64)))

    def leaves(self, rows: Rows) -> np.ndarray:
        """Which of them are left to train, bool [n]."""
        return ~self.holds(rows)

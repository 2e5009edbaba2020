"""How far off a metric may be that was measured on so many rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 2000
# Rows of more kinds are put together with their likes, which costs a thousandth of the spread.
KINDS = 1024
_Z = 1.959963984540054  # the normal distribution's quantile of (1 + CONFIDENCE) / 2

Interval = tuple[float, float]


def wilson(hits: int, trials: int) -> Interval:
    """Wilson's score interval of a proportion, which holds also where all or none are hits.

    Args:
        hits: 0 to `trials`.
        trials: At least 1.
    """
    share, z = hits / trials, _Z**2 / trials
    middle = (share + z / 2) / (1 + z)
    half = math.sqrt(z * (share * (1 - share) + z / 4)) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_of_proportions(counts: Sequence[tuple[int, int]]) -> Interval:
    """The interval of the mean of independent proportions, from Wilson's of each (MOVER: Zou and Donner, 2008).

    Args:
        counts: Hits and trials of each, at least one trial each.
    """
    shares = [hits / trials for hits, trials in counts]
    bounds = [wilson(hits, trials) for hits, trials in counts]
    below = math.sqrt(sum((share - low) ** 2 for share, (low, _) in zip(shares, bounds, strict=True)))
    above = math.sqrt(sum((high - share) ** 2 for share, (_, high) in zip(shares, bounds, strict=True)))
    mean = sum(shares) / len(counts)
    return mean - below / len(counts), mean + above / len(counts)


def bootstrap_of_mean(values: np.ndarray, seed: int = 0) -> Interval:
    """The interval of a mean by resampling rows with replacement, `RESAMPLES` times.

    Args:
        values: A number for each row, finite, [N], N at least 1.
        seed: Of the resampling.
    """
    kinds, counts = _kinds(values)
    # Resampling rows with replacement and adding up is drawing how often each kind of row comes up.
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=RESAMPLES)
    low, high = np.quantile(drawn @ kinds / len(values), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _kinds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur, rising, and how often: the means of neighbours, where there are more than `KINDS`."""
    kinds, counts = np.unique(values, return_counts=True)
    if len(kinds) <= KINDS:
        return kinds, counts
    starts = np.linspace(0, len(values), KINDS, endpoint=False).astype(np.int64)
    counts = np.diff(starts, append=len(values))
    return np.add.reduceat(np.sort(values), starts) / counts, counts

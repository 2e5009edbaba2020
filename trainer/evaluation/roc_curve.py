"""Receiver operating characteristics: exact areas from two sorts, however many rows there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CURVE_POINTS = 200
_LOOKED_UP_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class RocCurve:
    """A receiver operating characteristic, at most `CURVE_POINTS` points.

    Attributes:
        false_positive_rate: Rising from 0 to 1.
        true_positive_rate: Rising from 0 to 1.
        thresholds: Falling probabilities, 0 to 1.
        area: Area under the whole curve, 0 to 1.
    """

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    thresholds: tuple[float, ...]
    area: float

    def points(self) -> tuple[list[float], list[float], list[float]]:
        """The three coordinates as lists: false positive rates, true positive rates, thresholds."""
        return list(self.false_positive_rate), list(self.true_positive_rate), list(self.thresholds)


def roc_curve(positive: np.ndarray, negative: np.ndarray) -> RocCurve | None:
    """The curve of a score that should be high for some rows and low for others.

    Args:
        positive: Scores of the rows for which it should be high, floats [P] between 0 and 1. They are sorted in place:
            there may be hundreds of millions.
        negative: Scores of the others, floats [N], likewise.

    Returns:
        The curve; None where there are no rows of one kind, or a score is not finite.
    """
    if not len(positive) or not len(negative):
        return None
    positive.sort()
    negative.sort()
    # What is not finite is at the ends now.
    if not np.isfinite([positive[0], positive[-1], negative[0], negative[-1]]).all():
        return None
    # The curve begins above every score, at an infinite threshold, which no JSON and no Metadata store can hold.
    thresholds = _thresholds(positive, negative)[::-1]
    return RocCurve(
        (0.0, *_share_from(negative, thresholds)),
        (0.0, *_share_from(positive, thresholds)),
        (1.0, *thresholds.tolist()),
        _share_of_pairs(positive, negative),
    )


def _thresholds(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Scores that occur, rising: all, or, where they are many, as many of both kinds at even distances."""
    few = (CURVE_POINTS - 1) // 2
    scores = [
        kind[np.unique(np.linspace(0, len(kind) - 1, few).round().astype(int))] if len(kind) > few else kind
        for kind in (positive, negative)
    ]
    return np.unique(np.concatenate(scores))


def _share_of_pairs(positive: np.ndarray, negative: np.ndarray) -> float:
    """The share of pairs, one score of each kind, in which the positive one is higher; a tie counts half."""
    found = 0.0
    for start in range(0, len(positive), _LOOKED_UP_AT_ONCE):
        # Scores of 0 and 1, and those of equal rows, are many.
        scores, counts = np.unique(positive[start : start + _LOOKED_UP_AT_ONCE], return_counts=True)
        lower, not_higher = (np.searchsorted(negative, scores, side) for side in ("left", "right"))
        found += float((lower + not_higher).astype(float) @ counts)
    return found / 2 / len(positive) / len(negative)


def _share_from(rising: np.ndarray, thresholds: np.ndarray) -> list[float]:
    """The share of scores that reach each threshold."""
    reached = len(rising) - np.searchsorted(rising, thresholds, "left")
    shares: list[float] = (reached / len(rising)).tolist()
    return shares

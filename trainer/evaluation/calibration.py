"""Whether a model is right as often as it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True)
class Bin:
    """The rows whose answers are about equally sure.

    Attributes:
        rows: How many, at least 1.
        confidence: Mean probability of the class that was answered.
        accuracy: Share of the answers that are right.
    """

    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """A reliability diagram (Guo et al., 2017).

    Attributes:
        error: Expected calibration error: the mean over the rows of the gap between confidence and accuracy of their
            bin, 0 to 1.
        bins: Those of `BINS` of equal width that have rows, by rising confidence.
    """

    error: float
    bins: tuple[Bin, ...]


def calibration(labels: np.ndarray, probabilities: np.ndarray) -> Calibration:
    """Holds confidence against accuracy.

    Args:
        labels: True class ids, integers [N], N at least 1.
        probabilities: The model's answers, finite, float32 [N, C].
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    places = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    rows, sure, hits = (np.bincount(places, weights, BINS) for weights in (None, confidence, right))
    bins = tuple(
        Bin(int(rows[place]), float(sure[place] / rows[place]), float(hits[place] / rows[place]))
        for place in np.flatnonzero(rows)
    )
    return Calibration(float(np.abs(sure - hits).sum() / len(labels)), bins)

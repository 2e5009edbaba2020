from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.calibration import BINS, Bin, calibration


def test_calibration_holds_confidence_against_accuracy_bin_by_bin() -> None:
    probabilities = np.array([[0.75, 0.25], [0.75, 0.25], [0.0, 1.0], [0.5, 0.5]], np.float32)
    found = calibration(np.array([0, 1, 1, 0]), probabilities)
    assert found.bins == (Bin(1, 0.5, 1.0), Bin(2, 0.75, 0.5), Bin(1, 1.0, 1.0))
    assert found.error == pytest.approx((0.5 + 2 * 0.25 + 0) / 4)


def test_calibration_of_a_model_that_is_right_as_often_as_sure_has_almost_no_error() -> None:
    random = np.random.default_rng(0)
    first = random.random(100_000).astype(np.float32)
    labels = (random.random(len(first)) >= first).astype(np.int64)
    found = calibration(labels, np.stack([first, 1 - first], axis=1))
    assert len(found.bins) == BINS / 2
    assert found.error < 0.01

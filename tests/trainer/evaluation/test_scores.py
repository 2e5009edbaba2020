from __future__ import annotations

import json
import math

import numpy as np
import pytest

from trainer.evaluation.roc_curve import CURVE_POINTS
from trainer.evaluation.scores import score

CLASSES = ("a", "b", "c")


def one_hot(*ids: int) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[list(ids)]


def test_score_counts_each_row_once() -> None:
    labels = np.array([0, 0, 1, 2])
    result = score(labels, one_hot(0, 1, 1, 2), CLASSES)
    assert (result.rows, result.accuracy) == (4, 0.75)
    assert result.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert [one.recall for one in result.classes] == [0.5, 1.0, 1.0]
    assert [one.precision for one in result.classes] == [1.0, 0.5, 1.0]
    assert [round(one.f1, 4) for one in result.classes] == [0.6667, 0.6667, 1.0]
    assert result.mean_recall == pytest.approx(2.5 / 3)


def test_score_is_the_mean_cross_entropy() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32)
    result = score(np.array([0, 1]), probabilities, CLASSES)
    assert result.loss == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2, rel=1e-6)


def test_score_survives_a_class_without_rows() -> None:
    result = score(np.array([0, 1, 0]), one_hot(0, 1, 1), CLASSES)
    absent = result.classes[2]
    assert (absent.rows, absent.precision, absent.recall, absent.f1, absent.roc) == (0, 0.0, 0.0, 0.0, None)
    assert result.mean_recall == 0.75


def test_score_of_nan_is_not_finite_and_leaves_the_curves_out() -> None:
    probabilities = one_hot(0, 1, 2)
    probabilities[1] = math.nan
    result = score(np.array([0, 1, 2]), probabilities, CLASSES)
    assert math.isnan(result.loss)
    assert result.roc is None
    assert "loss" not in result.scalars()
    json.dumps(result.scalars(), allow_nan=False)


def test_score_of_a_sure_mistake_is_finite() -> None:
    assert math.isfinite(score(np.array([0]), one_hot(1), CLASSES).loss)


def test_roc_holds_finite_points_from_corner_to_corner() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 5000)
    raw = random.random((5000, 3)).astype(np.float32)
    curve = score(labels, raw / raw.sum(axis=1, keepdims=True), CLASSES).roc
    assert curve is not None
    false_positive, true_positive, thresholds = curve.points()
    assert len(false_positive) <= CURVE_POINTS
    assert (false_positive[0], true_positive[0]) == (0.0, 0.0)
    assert (false_positive[-1], true_positive[-1]) == (1.0, 1.0)
    assert all(0 <= threshold <= 1 for threshold in thresholds)
    assert curve.area == pytest.approx(0.5, abs=0.02)


def test_scalars_are_plain_floats_by_class_name() -> None:
    scalars = score(np.array([0, 1, 2]), one_hot(0, 1, 2), CLASSES).scalars()
    assert scalars["accuracy"] == scalars["recall_b"] == scalars["auc"] == 1.0
    assert {type(value) for value in scalars.values()} == {float}


def test_to_dict_is_json_without_curves() -> None:
    plain = score(np.array([0, 1]), one_hot(0, 1), CLASSES).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["classes"][2]["auc"] is None
    assert "roc" not in plain

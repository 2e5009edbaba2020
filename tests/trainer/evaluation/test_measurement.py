from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.gate_metric import GateMetric, parse_gate_metric
from trainer.evaluation.intervals import bootstrap_of_mean
from trainer.evaluation.measurement import measure, row_values
from trainer.evaluation.scores import score

CLASSES = ("a", "b", "c")
METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "recall:b", "precision:b", "auc", "log_loss")


def answers(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which few are "c", and answers that are right more often than not, with ties among the scores."""
    random = np.random.default_rng(seed)
    labels = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    raw = (np.eye(3)[labels] + random.random((rows, 3)) * 1.5).round(1) + 0.1
    return labels, (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


def value(metric: GateMetric, labels: np.ndarray, probabilities: np.ndarray) -> float:
    evaluation = score(labels, probabilities, CLASSES)
    known = {"auc": evaluation.auc, "log_loss": evaluation.loss, "macro_f1": evaluation.macro_f1}
    return known.get(str(metric)) or measure(metric, evaluation, labels, probabilities).value


@pytest.mark.parametrize("text", METRICS)
@pytest.mark.parametrize("rows", [20, 400])
def test_rows_have_the_metric_for_their_mean_and_its_spread_for_theirs(text: str, rows: int) -> None:
    metric, (labels, probabilities) = parse_gate_metric(text), answers(rows)
    values = row_values(metric, labels, probabilities, place=1)
    assert values.mean() == pytest.approx(value(metric, labels, probabilities), rel=1e-6)
    if rows == 400:
        draws = np.random.default_rng(1).integers(0, rows, (300, rows))
        resampled = np.std([value(metric, labels[draw], probabilities[draw]) for draw in draws])
        assert values.std() / np.sqrt(rows) == pytest.approx(resampled, rel=0.15)


@pytest.mark.parametrize("text", METRICS)
def test_interval_holds_the_value_and_lies_within_bounds(text: str) -> None:
    metric, (labels, probabilities) = parse_gate_metric(text), answers(400)
    measured = measure(metric, score(labels, probabilities, CLASSES), labels, probabilities)
    assert measured.interval is not None
    low, high = measured.interval
    assert 0 <= low < measured.value < high
    assert high <= 1 or metric.less_is_better
    if not measured.counted and text != "balanced_accuracy":
        assert measured.interval == bootstrap_of_mean(row_values(metric, labels, probabilities))


def test_proportions_tell_their_counts() -> None:
    labels, probabilities = np.array([0, 0, 1, 1]), np.eye(3, dtype=np.float32)[[0, 1, 1, 1]]
    evaluation = score(labels, probabilities, CLASSES)
    told = [
        measure(GateMetric(*name), evaluation, labels, probabilities).counted
        for name in (("accuracy",), ("recall", "b"), ("precision", "b"), ("precision", "c"), ("auc",))
    ]
    assert told == ["3 of 4 rows", "2 of 2 rows", "2 of 3 answers", "0 of 0 answers", ""]


def test_auc_of_two_classes_is_the_area_and_a_model_without_an_opinion_has_half() -> None:
    labels = np.array([0, 0, 0, 1])
    first = np.array([0.9, 0.6, 0.4, 0.5])
    probabilities = np.stack([first, 1 - first], axis=1).astype(np.float32)
    assert score(labels, probabilities, ("a", "b")).auc == pytest.approx(2 / 3)
    assert score(labels, np.tile(np.array([0.75, 0.25], np.float32), (4, 1)), ("a", "b")).auc == 0.5


def test_rows_that_all_agree_tell_no_interval() -> None:
    labels = np.array([0, 1, 2])
    probabilities = np.eye(3, dtype=np.float32)
    assert measure(GateMetric("auc"), score(labels, probabilities, CLASSES), labels, probabilities).interval is None

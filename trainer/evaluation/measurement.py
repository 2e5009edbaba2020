"""The gate's metric of one model on one table: its value, and what each row has to do with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainer.evaluation.gate_metric import GateMetric
from trainer.evaluation.intervals import Interval, bootstrap_of_mean, mean_of_proportions, wilson
from trainer.evaluation.scores import ClassScore, Evaluation, row_losses


@dataclass(frozen=True)
class Measurement:
    """A metric as it was measured.

    Attributes:
        metric: The metric.
        value: Its value; not finite where it cannot be told.
        counted: The counts behind it, such as "29 of 30 rows"; empty where it is no proportion.
        interval: In which the value lies on rows without number, with `CONFIDENCE`; None where the rows cannot tell.
    """

    metric: GateMetric
    value: float
    counted: str
    interval: Interval | None


def measure(metric: GateMetric, evaluation: Evaluation, labels: np.ndarray, probabilities: np.ndarray) -> Measurement:
    """Measures a metric.

    Proportions have Wilson's interval, the balanced accuracy one made of Wilson's, the others that of a bootstrap.

    Args:
        metric: What to measure; its class is one of the evaluation's.
        evaluation: The scores of the same answers.
        labels: True class ids, integers [N].
        probabilities: The model's answers, float32 [N, C].
    """
    if metric.name in ("accuracy", "recall", "precision"):
        hits, trials, unit = _proportion(metric, evaluation)
        value = hits / trials if trials else math.nan if metric.name == "recall" else 0.0
        return Measurement(metric, value, f"{hits} of {trials} {unit}", wilson(hits, trials) if trials else None)
    value = _value(metric, evaluation)
    if metric.name == "balanced_accuracy":
        counts = [(row[place], score.rows) for place, (row, score) in _by_class(evaluation) if score.rows]
        return Measurement(metric, value, "", mean_of_proportions(counts))
    if not math.isfinite(value):
        return Measurement(metric, value, "", None)
    low, high = bootstrap_of_mean(row_values(metric, labels, probabilities))
    # Rows that all agree do not tell how far others would differ.
    return Measurement(
        metric, value, "", (max(0.0, low), high if metric.less_is_better else min(1.0, high)) if low < high else None
    )


def _proportion(metric: GateMetric, evaluation: Evaluation) -> tuple[int, int, str]:
    """Hits, trials and what is tried."""
    if metric.name == "accuracy":
        return sum(row[place] for place, (row, _) in _by_class(evaluation)), evaluation.rows, "rows"
    place = metric.place_in([score.name for score in evaluation.classes])
    hits = evaluation.confusion[place][place]
    if metric.name == "recall":
        return hits, evaluation.classes[place].rows, "rows"
    return hits, sum(row[place] for row in evaluation.confusion), "answers"


def _by_class(evaluation: Evaluation) -> enumerate[tuple[tuple[int, ...], ClassScore]]:
    return enumerate(zip(evaluation.confusion, evaluation.classes, strict=True))


def _value(metric: GateMetric, evaluation: Evaluation) -> float:
    if metric.name == "balanced_accuracy":
        return evaluation.mean_recall
    if metric.name == "macro_f1":
        return evaluation.macro_f1
    if metric.name == "log_loss":
        return evaluation.loss
    return math.nan if evaluation.auc is None else evaluation.auc


def row_values(metric: GateMetric, labels: np.ndarray, probabilities: np.ndarray, place: int = 0) -> np.ndarray:
    """What each row has to do with a metric: numbers whose mean is the metric.

    Where the metric is no mean over rows itself, each is the metric and the row's influence on it, so that resampling
    the rows resamples the metric to first order (the infinitesimal jackknife: Efron, 1982); for the AUC these are
    DeLong's components.

    Args:
        metric: The metric.
        labels: True class ids, integers [N].
        probabilities: The model's answers, finite, float32 [N, C].
        place: The id of the metric's class, where it is one of a class.

    Returns:
        float64 [N].
    """
    if metric.name == "log_loss":
        return np.asarray(row_losses(labels, probabilities), np.float64)
    called = probabilities.argmax(axis=1)
    right = called == labels
    if metric.name == "accuracy":
        return np.asarray(right, np.float64)
    if metric.of_class:
        tried = (labels if metric.name == "recall" else called) == place
        return _of_ratio(right & tried, tried)
    if metric.name == "auc":
        found = [one for one in np.unique(labels) if not (labels == one).all()]
        columns = (_of_area(probabilities[:, one], labels == one) for one in found)
    elif metric.name == "balanced_accuracy":
        found = [*np.unique(labels)]
        columns = (_of_ratio(right & (labels == one), labels == one) for one in found)
    else:
        found = [*np.union1d(labels, called)]
        columns = (_of_f1(labels == one, called == one) for one in found)
    mean: np.ndarray = sum(columns, start=np.zeros(len(labels))) / len(found)
    return mean


def _of_f1(true: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Of F1, which is twice the hits over the rows that have the class and those that are called so."""
    return _of_ratio(2.0 * (true & called), true + called.astype(np.float64))


def _of_ratio(hits: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Of the ratio of two sums over rows, which is 0 where the second one is."""
    share = trials.mean()
    ratio = hits.mean() / share if share else 0.0
    values: np.ndarray = ratio + (hits - ratio * trials) / (share or 1.0)
    return values


def _of_area(scores: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Of the area under the ROC curve: of a row's score, the share of the other kind that it is in order with."""
    positive, negative = np.sort(scores[of_class]), np.sort(scores[~of_class])
    above = _share_below(negative, scores[of_class])
    area, share = above.mean(), of_class.mean()
    values = np.empty(len(scores))
    values[of_class] = area + (above - area) / share
    values[~of_class] = area + (1 - _share_below(positive, scores[~of_class]) - area) / (1 - share)
    return values


def _share_below(rising: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The share of `rising` that lies below each score; a tie counts half."""
    lower, not_higher = (np.searchsorted(rising, scores, side) for side in ("left", "right"))
    share: np.ndarray = (lower + not_higher) / 2 / len(rising)
    return share

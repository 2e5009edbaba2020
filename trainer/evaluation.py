"""How good a model is on rows it has not seen, each row counted once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.contract import Contract
from trainer.input_pipeline import windows
from trainer.saved_model import SavedModel
from trainer.tables import read_batches

CURVE_POINTS = 200
# The matrix and the scores of more classes are for the decision record; no page and no Metadata store shows them well.
CLASSES_SHOWN = 100


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


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found, each number 0 to 1.

    Attributes:
        name: The class.
        rows: Rows that have it.
        precision: Share of rows called so that are so; 0 where none is called so.
        recall: Share of its rows that are called so; 0 where it has no rows.
        f1: Harmonic mean of both.
        roc: The class against the rest; None where all rows or none have it.
    """

    name: str
    rows: int
    precision: float
    recall: float
    f1: float
    roc: RocCurve | None


@dataclass(frozen=True)
class Evaluation:
    """The scores of one model on one table.

    Attributes:
        rows: Rows scored.
        accuracy: Share of rows whose likeliest class is theirs.
        loss: Mean cross-entropy in nats. Not finite where a probability is not.
        mean_recall: Mean of the recalls of the classes that have rows.
        classes: One score a class, in the order of the ids.
        confusion: Rows by true class (outer) and predicted class (inner).
        roc: Every class against the rest, pooled; None where a probability is not finite.
    """

    rows: int
    accuracy: float
    loss: float
    mean_recall: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    roc: RocCurve | None

    def scalars(self) -> dict[str, float]:
        """The finite numbers by name, for the metrics of a run."""
        named = {"accuracy": self.accuracy, "loss": self.loss, "mean_recall": self.mean_recall}
        if self.roc is not None:
            named["auc"] = self.roc.area
        for score in self.classes[:CLASSES_SHOWN]:
            named |= {f"{measure}_{score.name}": getattr(score, measure) for measure in ("precision", "recall", "f1")}
        named["rows"] = float(self.rows)
        return {name: value for name, value in named.items() if math.isfinite(value)}

    def confusion_matrix(self) -> tuple[list[str], list[list[int]]]:
        """The classes' names, and rows by true class (outer) and predicted class (inner)."""
        return [score.name for score in self.classes], [list(row) for row in self.confusion]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the curves."""
        plain = dataclasses.asdict(self)
        del plain["roc"]
        for score in plain["classes"]:
            curve = score.pop("roc")
            score["auc"] = curve["area"] if curve else None
        return plain


def answers(
    model: SavedModel, urls: Sequence[str], contract: Contract, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Asks an exported model for every row of CSV files, once.

    Args:
        model: The artifact that would be served.
        urls: CSV files.
        contract: Their data contract.
        batch_size: Rows asked at a time.

    Returns:
        The true class ids, int64 [N], and the model's probabilities, float32 [N, C].

    Raises:
        DataError: A file does not keep the contract.
    """
    labels, probabilities = [], []
    for batch in windows(read_batches(urls, contract), batch_size):
        labels.append(batch.labels)
        probabilities.append(model.predict(batch.features)["probabilities"])
    return np.concatenate(labels), np.concatenate(probabilities)


def score(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> Evaluation:
    """Scores answers.

    Args:
        labels: True class ids, int64 [N], N at least 1.
        probabilities: float32 [N, C].
        classes: The C class names.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    ids = np.arange(len(classes))
    probabilities = probabilities.astype(np.float64)
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=ids, average=None, zero_division=0.0
    )
    truth = labels[:, np.newaxis] == ids
    scores = tuple(
        ClassScore(
            name,
            int(support[place]),
            float(precision[place]),
            float(recall[place]),
            float(f1[place]),
            _roc_curve(truth[:, place], probabilities[:, place]),
        )
        for place, name in enumerate(classes)
    )
    # A probability of exactly 0 for the true class would give an infinite loss; float32 softmax underflows there.
    chosen = probabilities[np.arange(len(labels)), labels]
    confusion = confusion_matrix(labels, predicted, labels=ids)
    return Evaluation(
        rows=len(labels),
        accuracy=float((predicted == labels).mean()),
        loss=float(-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean()),
        mean_recall=float(recall[support > 0].mean()),
        classes=scores,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        roc=_roc_curve(truth.ravel(), probabilities.ravel()),
    )


def _roc_curve(truth: np.ndarray, scores: np.ndarray) -> RocCurve | None:
    from sklearn.metrics import auc, roc_curve

    if truth.all() or not truth.any() or not np.isfinite(scores).all():
        return None
    false_positive, true_positive, thresholds = roc_curve(truth, scores)
    # scikit-learn starts the curve at a threshold of infinity, which no JSON and no Metadata store can hold.
    thresholds = np.minimum(thresholds, 1.0)
    kept = np.unique(np.linspace(0, len(thresholds) - 1, min(CURVE_POINTS, len(thresholds))).round().astype(int))
    return RocCurve(
        tuple(map(float, false_positive[kept])),
        tuple(map(float, true_positive[kept])),
        tuple(map(float, thresholds[kept])),
        float(auc(false_positive, true_positive)),
    )

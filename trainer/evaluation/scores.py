"""How good a model is on rows it has not seen, each row counted once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.contract import Contract
from trainer.evaluation.roc_curve import RocCurve, roc_curve
from trainer.model.saved_model import SavedModel
from trainer.tables import Batch, read_batches
from trainer.tables.ahead import Ahead
from trainer.tables.growing_array import GrowingArray

# Fewer rows at a time cost more to ask than to answer.
LEAST_ASKED = 8192
PIECES_AHEAD = 4
# The matrix and the scores of more classes are for the decision record; no page and no Metadata store shows them well.
CLASSES_SHOWN = 100


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
        macro_f1: Mean F1 of the classes that rows or answers have.
        classes: One score a class, in the order of the ids.
        confusion: Rows by true class (outer) and predicted class (inner).
        roc: Every class against the rest, pooled; None where a probability is not finite.
    """

    rows: int
    accuracy: float
    loss: float
    mean_recall: float
    macro_f1: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    roc: RocCurve | None

    @property
    def auc(self) -> float | None:
        """Mean over the classes of the area under the ROC curve of the class against the rest; of two, the area."""
        areas = [score.roc.area for score in self.classes if score.roc is not None]
        return sum(areas) / len(areas) if areas else None

    def scalars(self) -> dict[str, float]:
        """The finite numbers by name, for the metrics of a run."""
        named = {"accuracy": self.accuracy, "loss": self.loss, "mean_recall": self.mean_recall}
        named |= {"macro_f1": self.macro_f1, "auc": math.nan if self.auc is None else self.auc}
        if self.roc is not None:
            named["auc_pooled"] = self.roc.area
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
    model: SavedModel,
    urls: Sequence[str],
    contract: Contract,
    batch_size: int,
    see: Callable[[Batch, np.ndarray], None] = lambda *_: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Asks an exported model for every row of CSV files, once.

    Args:
        model: The artifact that would be served.
        urls: CSV files.
        contract: Their data contract.
        batch_size: Rows asked at a time; fewer than `LEAST_ASKED` never are, where there are as many.
        see: Is shown the rows and the model's probabilities as they pass.

    Returns:
        The true class ids, int32 [N], and the model's probabilities, float32 [N, C].

    Raises:
        DataError: A file does not keep the contract.
    """
    labels = GrowingArray(np.int32)
    probabilities = GrowingArray(np.float32, len(contract.label.classes))
    with closing(Ahead(_cut(read_batches(urls, contract), max(batch_size, LEAST_ASKED)), PIECES_AHEAD)) as pieces:
        for piece in pieces:
            found = model.predict(piece.features, ["probabilities"])["probabilities"]
            see(piece, found)
            labels.extend(piece.labels)
            probabilities.extend(found)
    return labels.take_out(), probabilities.take_out()


def _cut(batches: Iterator[Batch], most: int) -> Iterator[Batch]:
    """The same rows in pieces of at most `most` rows."""
    for batch in batches:
        for start in range(0, len(batch.labels), most):
            rows = slice(start, start + most)
            yield Batch({name: values[rows] for name, values in batch.features.items()}, batch.labels[rows])


def score(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> Evaluation:
    """Scores answers.

    Args:
        labels: True class ids, integers [N], N at least 1.
        probabilities: float32 [N, C].
        classes: The C class names.
    """
    confusion = _confusion(labels, probabilities)
    rows, called, right = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    recall, precision, f1 = (
        np.divide(over, under, out=np.zeros(len(classes)), where=under > 0)
        for over, under in ((right, rows), (right, called), (2 * right, rows + called))
    )
    likelihood = _likelihood(labels, probabilities)
    loss = float(_losses(likelihood).mean(dtype=np.float64))
    # Two curves at a time, each of which copies its part of the probabilities.
    with ThreadPoolExecutor(2) as pool:
        pooled = pool.submit(lambda: roc_curve(likelihood, _of_other_classes(labels, probabilities)))
        curves = pool.map(lambda place: _curve_of_class(place, labels, probabilities), range(len(classes)))
        scores = tuple(
            ClassScore(name, int(rows[place]), float(precision[place]), float(recall[place]), float(f1[place]), curve)
            for place, (name, curve) in enumerate(zip(classes, curves, strict=True))
        )
    return Evaluation(
        rows=len(labels),
        accuracy=float(right.sum() / len(labels)),
        loss=loss,
        mean_recall=float(recall[rows > 0].mean()),
        macro_f1=float(f1[rows + called > 0].mean()),
        classes=scores,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        roc=pooled.result(),
    )


def row_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The cross-entropy of each row in nats, float32 [N]; arguments as for `score`."""
    return _losses(_likelihood(labels, probabilities))


def _likelihood(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probability that each row's own class was given, float32 [N]."""
    chosen: np.ndarray = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1)[:, 0]
    return chosen


def _losses(likelihood: np.ndarray) -> np.ndarray:
    # A probability of exactly 0 for the true class would give an infinite loss; float32 softmax underflows there.
    losses: np.ndarray = np.maximum(likelihood, np.finfo(np.float32).tiny)
    np.negative(np.log(losses, out=losses), out=losses)
    return losses


def _curve_of_class(place: int, labels: np.ndarray, probabilities: np.ndarray) -> RocCurve | None:
    theirs = labels == place
    return roc_curve(probabilities[theirs, place], probabilities[~theirs, place])


def _of_other_classes(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probabilities that are not those of the rows' own classes, float32 [N * (C - 1)]."""
    others = labels[:, np.newaxis] != np.arange(probabilities.shape[1], dtype=labels.dtype)
    found: np.ndarray = probabilities[others]
    return found


def _confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Rows by true class (outer) and likeliest class (inner), int64 [C, C]."""
    classes = probabilities.shape[1]
    cells = np.bincount(labels * classes + probabilities.argmax(axis=1), minlength=classes * classes)
    return cells.reshape(classes, classes)

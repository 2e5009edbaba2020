"""Metrics, confusion matrices and ROC curves, read from artifacts' metadata as kfp and Vertex AI write it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.console.tasks import ArtifactView

METRICS = "system.Metrics"
CLASSIFICATION = "system.ClassificationMetrics"
HTML = "system.HTML"


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        classes: Their names.
        rows: Counts by true class, then by predicted one.
    """

    classes: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Roc:
    """A ROC curve.

    Attributes:
        points: False and true positive rate and threshold, from the highest threshold down.
    """

    points: tuple[tuple[float, float, float], ...]

    @property
    def area(self) -> float:
        """The area under it, by the trapezoidal rule, from (0, 0) to (1, 1)."""
        places = [(0.0, 0.0), *((x, y) for x, y, _ in self.points), (1.0, 1.0)]
        return sum((right - left) * (high + low) / 2 for (left, low), (right, high) in itertools.pairwise(places))


def numbers_of(metadata: Mapping[str, Any]) -> dict[str, float]:
    """The metrics among metadata: what is a number."""
    return {name: value for name, value in metadata.items() if _is_number(value)}


def accuracy_of(artifacts: Iterable[ArtifactView]) -> float | None:
    """The metric `accuracy`, the last one's where several artifacts have one."""
    found = None
    for artifact in artifacts:
        if artifact.kind in {METRICS, CLASSIFICATION}:
            found = numbers_of(artifact.metadata).get("accuracy", found)
    return found


def parse_confusion(metrics: Mapping[str, Any]) -> Confusion | None:
    """The confusion matrix among metrics, if there is one that can be drawn.

    Args:
        metrics: `{"confusionMatrix": {"annotationSpecs": [{"displayName"}], "rows": [...]}}`, where a row is a list of
            counts, in an object `{"row": [...]}` or not.
    """
    matrix = metrics.get("confusionMatrix")
    if not isinstance(matrix, Mapping):
        return None
    specs = matrix.get("annotationSpecs")
    rows = matrix.get("rows")
    if not isinstance(specs, Sequence) or not isinstance(rows, Sequence):
        return None
    classes = tuple(str(spec.get("displayName", "")) for spec in specs if isinstance(spec, Mapping))
    counts = tuple(tuple(_row(row)) for row in rows)
    is_square = len(counts) == len(classes) and all(len(row) == len(classes) for row in counts)
    return Confusion(classes, counts) if classes and is_square else None


def _row(row: Any) -> list[float]:
    given = row.get("row") if isinstance(row, Mapping) else row
    return [value for value in given if _is_number(value)] if isinstance(given, Sequence) else []


def parse_roc(metrics: Mapping[str, Any]) -> Roc | None:
    """The ROC curve among metrics, if there is one.

    Args:
        metrics: `{"confidenceMetrics": [{"confidenceThreshold", "recall", "falsePositiveRate"}]}`.
    """
    given = metrics.get("confidenceMetrics")
    if not isinstance(given, Sequence):
        return None
    points = [_point(point) for point in given if isinstance(point, Mapping)]
    known = sorted((point for point in points if point is not None), key=lambda point: (point[0], point[1]))
    return Roc(tuple(known)) if len(known) > 1 else None


def _point(point: Mapping[str, Any]) -> tuple[float, float, float] | None:
    # What is 0 is left out where metrics went through protobuf.
    values = [point.get(key, 0.0) for key in ("falsePositiveRate", "recall", "confidenceThreshold")]
    if not all(_is_number(value) for value in values):
        return None
    return float(values[0]), float(values[1]), float(values[2])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""What a decision record tells of a model beside its rules: importance, worst rows, calibration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Importance:
    """What shuffling one column costs.

    Attributes:
        column: Its name.
        loss: Rise of the loss.
        metric: Fall of the metric that the record is about; None where it does not tell.
    """

    column: str
    loss: float
    metric: float | None


@dataclass(frozen=True)
class WorstRow:
    """A row that the model is most wrong about.

    Attributes:
        row: Its number.
        label: Its class.
        probability: What the model gave to that class.
        answer: What the model answered.
        confidence: What the model gave to that.
        values: Its values by column.
    """

    row: int
    label: str
    probability: float
    answer: str
    confidence: float
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Insight:
    """What is told of a model; each part is empty where the record has none.

    Attributes:
        importance: By column, the most important one first.
        worst_rows: The worst one first.
        calibration_error: None where the record has none.
        calibration: Mean confidence and accuracy of each bin.
    """

    importance: tuple[Importance, ...] = ()
    worst_rows: tuple[WorstRow, ...] = ()
    calibration_error: float | None = None
    calibration: tuple[tuple[float, float], ...] = ()


def parse_insight(record: Mapping[str, Any]) -> Insight:
    """Reads the parts of a decision record; what is of another form is left out.

    Args:
        record: `{"importance": {"columns": [{"column", "loss", "metric"}]}, "worst_rows": [{"row", "label",
            "probability", "answer", "confidence", "instance"}], "calibration": {"error", "bins": [{"confidence",
            "accuracy"}]}}` and more.
    """
    calibration = _mapping(record.get("calibration"))
    return Insight(
        tuple(
            Importance(str(one.get("column")), float(one["loss"]), _number(one.get("metric")))
            for one in _mappings(_mapping(record.get("importance")).get("columns"), "loss")
        ),
        tuple(
            WorstRow(
                int(one["row"]),
                str(one.get("label")),
                float(one["probability"]),
                str(one.get("answer")),
                float(one["confidence"]),
                _mapping(one.get("instance")),
            )
            for one in _mappings(record.get("worst_rows"), "row", "probability", "confidence")
        ),
        _number(calibration.get("error")),
        tuple(
            (float(one["confidence"]), float(one["accuracy"]))
            for one in _mappings(calibration.get("bins"), "confidence", "accuracy")
        ),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(values: Any, *numbers: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list that have numbers under some names."""
    for value in values if isinstance(values, list) else ():
        one = _mapping(value)
        if all(_number(one.get(name)) is not None for name in numbers):
            yield one


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None

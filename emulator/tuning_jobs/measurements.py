"""What a trial reports of its metric: lines of JSON, as the package cloudml-hypertune writes them.

    {"accuracy": "0.9", "checkpoint_path": "", "global_step": "10", "timestamp": 1796013683.03, "trial": "3"}

The file is written anew at each report, with the last hundred lines. A line that is not whole yet is passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from google.cloud.aiplatform_v1.types import Measurement, Trial

from emulator.api.clock import seconds

# What hypertune calls a metric that has been given no name.
UNNAMED = "training/hptuning/metric"
# What else stands in a line.
_OTHERS = {"timestamp", "trial", "global_step", "checkpoint_path"}
# A file that only grows is read from its end.
_MOST_READ = 1 << 20
# Of a trial that reports more, the best and the newest are kept.
MOST_KEPT = 1000


class Point(NamedTuple):
    """One measurement.

    Attributes:
        step: The training step, 0 where none was told.
        elapsed_s: Seconds since the trial began.
        value: The metric's value, a finite number.
    """

    step: int
    elapsed_s: float
    value: float


@dataclass(frozen=True)
class Reports:
    """What a file says.

    Attributes:
        points: The measurements, in the order in which they were reported.
        faulty: What the metric was said to be that is no finite number; None where it always was one.
        others: The names of other metrics.
        is_empty: Whether it says nothing at all.
    """

    points: Sequence[Point] = ()
    faulty: str | None = None
    others: Sequence[str] = ()
    is_empty: bool = True


def read_reports(path: Path, metric: str, began_s: float) -> Reports:
    """Reads what a trial has reported so far.

    Args:
        path: The file, which need not be there.
        metric: The id of the study's metric.
        began_s: When the trial began, in seconds since 1970.
    """
    points: list[Point] = []
    faulty: str | None = None
    others: dict[str, None] = {}
    lines = _lines(path)
    for line in lines:
        others |= dict.fromkeys(str(name) for name in line if name not in {metric, *_OTHERS})
        if metric in line:
            value = _number(line[metric])
            if value is None:
                faulty = str(line[metric])
                continue
            step, time = _number(line.get("global_step")), _number(line.get("timestamp"))
            points.append(Point(int(step or 0), max((time or 0.0) - began_s, 0.0), value))
    return Reports(points, faulty, list(others), is_empty=not lines)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - _MOST_READ, 0))
            texts = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return [line for text in texts if isinstance(line := _parsed(text), dict)]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(told: Any) -> float | None:
    """The finite number that is meant, if one is: hypertune writes texts."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        number = float(told)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def points_of(trial: Trial) -> list[Point]:
    """The measurements of a trial, by step and then by time."""
    return [Point(one.step_count, seconds(one.elapsed_duration), one.metrics[0].value) for one in trial.measurements]


def with_reports(trial: Trial, reports: Reports, metric: str, *, maximizes: bool) -> bool:
    """Adds what was reported to a trial's measurements; whether there was anything new."""
    # As exact as a duration of the API is read back.
    before = {(point.step, point.elapsed_s): point for point in points_of(trial)}
    known = {**before, **{(step, elapsed): Point(step, elapsed, value) for step, elapsed, value in _exact(reports)}}
    if known == before:
        return False
    kept = sorted(known.values(), key=lambda point: point.elapsed_s)
    if len(kept) > MOST_KEPT:
        best, kept = best_of(kept, maximizes=maximizes), kept[1 - MOST_KEPT :]
        kept = kept if best in kept else [best, *kept]
    trial.measurements = [measurement(point, metric) for point in sorted(kept)]
    return True


def _exact(reports: Reports) -> Iterable[Point]:
    """The points with times in whole microseconds, as a measurement has them."""
    for point in reports.points:
        yield point._replace(elapsed_s=timedelta(seconds=point.elapsed_s).total_seconds())


def measurement(point: Point, metric: str) -> Measurement:
    """A measurement as the API has it."""
    return Measurement(
        step_count=point.step,
        elapsed_duration=timedelta(seconds=point.elapsed_s),
        metrics=[Measurement.Metric(metric_id=metric, value=point.value)],
    )


def best_of(points: Sequence[Point], *, maximizes: bool) -> Point:
    """The best of several measurements, the first among equals."""
    sign = 1 if maximizes else -1
    return max(points, key=lambda point: sign * point.value)


def last_of(points: Sequence[Point]) -> Point:
    """The one that was reported last."""
    return max(points, key=lambda point: (point.elapsed_s, point.step))


def missing_metric(metric: str, reports: Reports) -> str:
    """Why a trial has no measurement, in a sentence.

    Args:
        metric: The id of the study's metric.
        reports: What it has reported.
    """
    if reports.is_empty:
        return (
            f'The trial reported no value of the metric "{metric}", nor anything else. Have the program write it with '
            "hypertune.HyperTune().report_hyperparameter_tuning_metric(), into the file that the variable "
            "CLOUD_ML_HP_METRIC_FILE names."
        )
    told = ", ".join(f'"{name}"' for name in sorted(reports.others)) or "no metric at all"
    hint = f' "{UNNAMED}" is what hypertune calls one without a name.' if UNNAMED in reports.others else ""
    return (
        f'The trial reported no value of the metric "{metric}". Received: {told}.{hint} Let metricId be the name that '
        "the program reports."
    )


def faulty_metric(metric: str, told: str) -> str:
    """Why the values of a trial are none, in a sentence."""
    return f'The trial reported "{told[:100]}" for the metric "{metric}", which must be a finite number.'

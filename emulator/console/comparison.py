"""Runs side by side: which of their parameters, metrics and labels differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emulator.console.decision import number_text
from emulator.console.metrics import CLASSIFICATION, METRICS, numbers_of
from emulator.console.runs import RunView
from emulator.console.times import duration_text
from emulator.console.values import value_text

ABSENT = "—"


@dataclass(frozen=True)
class ComparedRow:
    """One thing of every run.

    Attributes:
        values: As text, in the order of the runs.
        differs: Whether they are not all the same.
    """

    name: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class ComparedPart:
    """A part of the comparison, such as all parameters."""

    title: str
    rows: tuple[ComparedRow, ...]


def compare(runs: Sequence[RunView], now: datetime) -> list[ComparedPart]:
    """Puts runs side by side.

    Args:
        runs: The runs.
        now: The present time, for how long runs have taken so far.
    """
    about = [
        _row("Pipeline", [run.summary.pipeline for run in runs]),
        # No two runs take the same time: that says nothing.
        replace(_row("Duration", [duration_text(run.summary.seconds(now)) for run in runs]), differs=False),
    ]
    parts = [
        ComparedPart("Run", tuple(about)),
        ComparedPart("Metrics", _metric_rows([metrics_of(run) for run in runs])),
        ComparedPart("Parameters", _rows([run.parameters for run in runs], value_text)),
        ComparedPart("Labels", _rows([run.summary.labels for run in runs], str)),
    ]
    return [part for part in parts if part.rows]


def metrics_of(run: RunView) -> dict[str, float]:
    """The metrics that a run's tasks logged; under their own names where these are unique."""
    logged = [
        (f"{task.unique_name}: {name}", name, value)
        for task, artifact in run.outputs
        if artifact.kind in {METRICS, CLASSIFICATION}
        for name, value in numbers_of(artifact.metadata).items()
    ]
    counts = Counter(name for _, name, _ in logged)
    return {name if counts[name] == 1 else full_name: value for full_name, name, value in logged}


def _row(name: str, values: Sequence[str]) -> ComparedRow:
    return ComparedRow(name, tuple(values), len(set(values)) > 1)


def _rows(given: Sequence[Mapping[str, Any]], text: Callable[[Any], str]) -> tuple[ComparedRow, ...]:
    names = sorted({name for values in given for name in values})
    return tuple(_row(name, [text(values[name]) if name in values else ABSENT for values in given]) for name in names)


def _metric_rows(given: Sequence[Mapping[str, float]]) -> tuple[ComparedRow, ...]:
    """Metrics, each with its difference to that of the first run."""
    rows = []
    for name in sorted({name for values in given for name in values}):
        first = given[0].get(name)
        texts = [_metric_text(values.get(name), first if place else None) for place, values in enumerate(given)]
        numbers = {values.get(name) for values in given}
        rows.append(ComparedRow(name, tuple(texts), len(numbers) > 1))
    return tuple(rows)


def _metric_text(value: float | None, first: float | None) -> str:
    if value is None:
        return ABSENT
    if first is None or first == value:
        return number_text(value)
    change = value - first
    return f"{number_text(value)} ({'+' if change > 0 else '-'}{number_text(abs(change))})"

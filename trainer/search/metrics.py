"""The metrics that training reports, by which trials are compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from trainer.errors import UsageError, nearest, quoted

TuningMetric = Literal["accuracy", "loss"]
Goal = Literal["maximize", "minimize"]

# Both are of the rows that training evaluates on: the share that are right, and the mean cross-entropy in nats.
GOALS: Mapping[str, Goal] = MappingProxyType({"accuracy": "maximize", "loss": "minimize"})


def goal_of(metric: str) -> Goal:
    """Whether more of a metric is better.

    Raises:
        UsageError: Training reports no such metric.
    """
    if metric not in GOALS:
        raise UsageError(
            f"Training reports no metric {quoted(metric)}.{nearest(metric, GOALS)} Known: {', '.join(GOALS)}."
        )
    return GOALS[metric]

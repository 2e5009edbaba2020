"""The metrics that training reports, by which trials are compared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

TuningMetric = Literal["accuracy", "loss"]
Goal = Literal["maximize", "minimize"]

# Both are of the rows that training evaluates on: the share that are right, and the mean cross-entropy in nats.
GOALS: Mapping[TuningMetric, Goal] = MappingProxyType({"accuracy": "maximize", "loss": "minimize"})

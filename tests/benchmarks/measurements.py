"""Measurements as a benchmark would have made them."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.results import Growth, Measured, Section
from benchmarks.series import OURS, Contest, Series, Target


def series(who: str, *values: float) -> Series:
    return Series(who, values, {"tensorflow": "2.21.0"} if who == OURS else {})


def contest(*targets: Target, ours: tuple[float, ...] = (80.0, 90.0, 100.0), unit: str = "rows/s") -> Contest:
    return Contest(
        "a million rows",
        unit,
        (series(OURS, *ours), series("the limit", 100.0, 100.0, 100.0)),
        targets,
        {"the original": "it needs Python 3.11, and no python3.11 is here"},
        "What a reader must know.",
    )


def measured(*contests: Contest, growths: tuple[Growth, ...] = ()) -> Measured:
    return Measured(
        Section("Training", contests, growths), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "abc1234", "2 cores of a CPU"
    )

"""Which trials are stopped early: the median rule of the API's MedianAutomatedStoppingSpec."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from emulator.tuning_jobs.measurements import Point, best_of

# A guess: with fewer to compare with, no trial is stopped.
FEWEST_COMPLETED = 5


def should_stop(
    points: Sequence[Point], completed: Sequence[Sequence[Point]], *, maximizes: bool, by_time: bool
) -> bool:
    """Whether a trial's best value is worse than the median of what completed trials had reached on average by then.

    Args:
        points: The trial's measurements.
        completed: Those of each completed trial.
        maximizes: Whether more is better.
        by_time: Whether trials are compared at the same time since their start, and not at the same step.
    """
    if not points:
        return False

    def place(point: Point) -> float:
        return point.elapsed_s if by_time else point.step

    last = max(map(place, points))
    reached = [[point.value for point in curve if place(point) <= last] for curve in completed]
    averages = [fmean(values) for values in reached if values]
    if len(averages) < FEWEST_COMPLETED:
        return False
    sign = 1 if maximizes else -1
    return sign * best_of(points, maximizes=maximizes).value < sign * median(averages)

from __future__ import annotations

import pytest

from emulator.tuning_jobs.measurements import Point
from emulator.tuning_jobs.median import FEWEST_COMPLETED, should_stop


def curve(*values: float, seconds_a_step: float = 1.0) -> list[Point]:
    return [Point(step, step * seconds_a_step, value) for step, value in enumerate(values, start=1)]


# At step 2 they had averages of 1, 2, 3, 4 and 5.
COMPLETED = [curve(value - 0.5, value + 0.5, 100) for value in (1.0, 2.0, 3.0, 4.0, 5.0)]


@pytest.mark.parametrize(
    ("values", "stops"),
    [((2, 2.9), True), ((2, 3), False), ((9, 0), False), ((), False)],
)
def test_a_trial_stops_whose_best_is_below_the_median_of_averages(values: tuple[float, ...], stops: bool) -> None:
    assert should_stop(curve(*values), COMPLETED, maximizes=True, by_time=False) is stops


def test_less_may_be_better() -> None:
    assert should_stop(curve(3.1, 3.1), COMPLETED, maximizes=False, by_time=False)
    assert not should_stop(curve(9, 2.9), COMPLETED, maximizes=False, by_time=False)


def test_few_completed_trials_stop_none() -> None:
    assert not should_stop(curve(0, 0), COMPLETED[: FEWEST_COMPLETED - 1], maximizes=True, by_time=False)
    assert not should_stop(curve(0, 0), [*COMPLETED[1:], [Point(3, 3, 9)]], maximizes=True, by_time=False)


def test_trials_are_compared_at_the_same_time_where_that_is_asked_for() -> None:
    slow = curve(4, 4, seconds_a_step=10)
    assert not should_stop(slow, COMPLETED, maximizes=True, by_time=False)
    assert should_stop(slow, COMPLETED, maximizes=True, by_time=True)

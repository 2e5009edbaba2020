from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emulator.schedules.cron import Cron
from emulator.schedules.plan import Step, Timing, first_run, next_step

HOURLY = Cron.parse("0 * * * *")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUE = Timing(HOURLY, next_run=NOON)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, NOON + HOUR),
        (NOON, None, NOON + HOUR),
        # A start is a time at which the first run may be.
        (NOON + 2 * HOUR, None, NOON + 2 * HOUR),
        (NOON + 2 * HOUR + timedelta(seconds=1), None, NOON + 3 * HOUR),
        # So is an end for the last one.
        (None, NOON + HOUR, NOON + HOUR),
        (None, NOON + HOUR - timedelta(seconds=1), None),
        (NOON + 2 * HOUR, NOON + 2 * HOUR, NOON + 2 * HOUR),
    ],
)
def test_first_run_lies_between_start_and_end(
    start: datetime | None, end: datetime | None, expected: datetime | None
) -> None:
    assert first_run(HOURLY, NOON, start, end) == expected


def test_next_step_waits_until_something_is_due() -> None:
    assert next_step(DUE, NOON - timedelta(microseconds=1)) == Step(None, NOON)


def test_next_step_starts_what_is_due_and_goes_on_to_the_next_time() -> None:
    assert next_step(DUE, NOON) == Step(NOON, NOON + HOUR)


def test_next_step_starts_each_run_that_is_behind() -> None:
    assert next_step(DUE, NOON + 3 * HOUR) == Step(NOON, NOON + HOUR)
    assert next_step(replace(DUE, next_run=NOON + HOUR), NOON + 3 * HOUR) == Step(NOON + HOUR, NOON + 2 * HOUR)


def test_next_step_starts_the_last_run_before_the_end_and_completes_at_the_end() -> None:
    timing = replace(DUE, end=NOON + HOUR / 2)
    assert next_step(timing, NOON) == Step(NOON, None)
    assert next_step(replace(timing, next_run=None), NOON) == Step(None, None)
    assert next_step(replace(timing, next_run=None), NOON + HOUR / 2) == Step(None, None, completed=True)


def test_next_step_completes_when_no_run_is_left() -> None:
    assert next_step(replace(DUE, runs_left=1), NOON) == Step(NOON, NOON + HOUR)
    assert next_step(replace(DUE, runs_left=0), NOON) == Step(None, None, completed=True)
    # Fewer are allowed since than have been started.
    assert next_step(replace(DUE, runs_left=-1), NOON - HOUR) == Step(None, None, completed=True)


def test_next_step_passes_over_what_is_due_without_a_place() -> None:
    timing = replace(DUE, places=0)
    assert next_step(timing, NOON) == Step(None, NOON + HOUR)
    assert next_step(timing, NOON + 5 * HOUR) == Step(None, NOON + 6 * HOUR)
    assert next_step(replace(timing, end=NOON), NOON) == Step(None, None, completed=True)


def test_next_step_keeps_what_is_due_without_a_place_where_it_may_queue() -> None:
    timing = replace(DUE, places=0, queueing=True, end=NOON + HOUR)
    assert next_step(timing, NOON + 5 * HOUR) == Step(None, NOON, waits=True)
    # The end does not complete it while something waits.
    assert next_step(replace(timing, places=1), NOON + 5 * HOUR) == Step(NOON, NOON + HOUR)


def test_next_step_never_passes_over_what_is_caught_up_on() -> None:
    timing = replace(DUE, places=0, backfill_until=NOON + HOUR / 2)
    assert next_step(timing, NOON + 5 * HOUR) == Step(None, NOON, waits=True)
    assert next_step(replace(timing, next_run=NOON + HOUR), NOON + 5 * HOUR) == Step(None, NOON + 6 * HOUR)


def test_next_step_stays_quick_where_years_are_passed_over() -> None:
    timing = replace(DUE, cron=Cron.parse("* * * * *"), places=0)
    later = NOON + timedelta(days=3650)
    assert next_step(timing, later) == Step(None, later + timedelta(minutes=1))

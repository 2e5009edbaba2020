"""What a schedule does at a moment: start a run, pass over what came due, wait, or complete. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from emulator.schedules.cron import Cron


@dataclass(frozen=True)
class Timing:
    """An active schedule.

    Attributes:
        cron: When it is due.
        next_run: The first time that has neither been started nor passed over. It lies in the past while runs
            are behind. None where no time is left before the end.
        end: Until when it starts runs, that moment included; None for ever.
        runs_left: How many more runs it may start; None where that has no limit.
        places: How many more of its runs may be active now; None where that has no limit.
        queueing: Whether what comes due while there is no place waits for one. It is passed over otherwise.
        backfill_until: What was due until then is caught up on, and waits for its place; None for nothing.
    """

    cron: Cron
    next_run: datetime | None
    end: datetime | None = None
    runs_left: int | None = None
    places: int | None = None
    queueing: bool = False
    backfill_until: datetime | None = None


@dataclass(frozen=True)
class Step:
    """What is to be done with it.

    Attributes:
        run: The time for which a run is to be started now; None for none.
        next_run: The schedule's next time after that.
        completed: Whether it has come to its end.
        waits: Whether a run that is due waits for a place.
    """

    run: datetime | None
    next_run: datetime | None
    completed: bool = False
    waits: bool = False


def first_run(cron: Cron, after: datetime, start: datetime | None, end: datetime | None) -> datetime | None:
    """The first time that is later than `after`, not before `start` and not after `end`; None where there is none."""
    if start is not None and start > after:
        after = start - timedelta(microseconds=1)
    found = cron.next_after(after)
    return None if found is None or (end is not None and found > end) else found


def next_step(timing: Timing, now: datetime) -> Step:
    """What an active schedule does at `now`. To be asked again after each run that is started."""
    due = timing.next_run
    if timing.runs_left is not None and timing.runs_left <= 0:
        return Step(None, None, completed=True)
    if due is None:
        return Step(None, None, completed=timing.end is not None and now >= timing.end)
    if due > now:
        return Step(None, due)
    if timing.places is None or timing.places > 0:
        return Step(due, first_run(timing.cron, due, None, timing.end))
    if timing.queueing or (timing.backfill_until is not None and due <= timing.backfill_until):
        return Step(None, due, waits=True)
    later = first_run(timing.cron, now, None, timing.end)
    return Step(None, later, completed=later is None and timing.end is not None and now >= timing.end)

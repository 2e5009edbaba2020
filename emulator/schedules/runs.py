"""The runs that schedules start: each moment's steps, in one transaction."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import NamedTuple

from google.cloud.aiplatform_v1.types import PipelineJob, Schedule

from emulator.api import names
from emulator.api.calls import Work
from emulator.api.clock import read_time, write_time
from emulator.api.errors import ApiError
from emulator.api.store import Transaction
from emulator.api.validation import LONGEST_DISPLAY_NAME
from emulator.pipeline_jobs.methods import admit
from emulator.pipeline_jobs.records import PIPELINE_JOBS, is_final
from emulator.schedules.clock import schedule_now
from emulator.schedules.cron import Cron
from emulator.schedules.methods import ACTIVE, COMPLETED, SCHEDULES, plan_anew, put_schedule
from emulator.schedules.plan import Step, Timing, next_step

LOG = logging.getLogger(__name__)
# Of one schedule; so that others get their turn while it catches up on years.
MOST_RUNS_AT_ONCE = 20


class Tick(NamedTuple):
    """What a moment brought.

    Attributes:
        work: The runs to be started.
        wake_in_s: Seconds until something is due again; 0 where more is due already, None where nothing will be.
        waits: Whether runs wait for the end of others.
    """

    work: list[Work]
    wake_in_s: float | None
    waits: bool


def tick(tx: Transaction) -> Tick:
    """Does what is due: creates runs, passes over others, completes schedules."""
    moment = schedule_now(tx)
    work: list[Work] = []
    times: list[datetime] = []
    waits = is_behind = False
    for schedule in tx.everything(SCHEDULES).values():
        if schedule.state != ACTIVE:
            continue
        before = Schedule(schedule)
        started, step = _advance(tx, schedule, moment)
        work += started
        waits |= step.waits
        is_behind |= step.run is not None
        if schedule != before:
            put_schedule(tx, schedule)
        if schedule.state == ACTIVE:
            times += filter(None, (read_time(schedule, "next_run_time"), read_time(schedule, "end_time")))
    ahead = [(time - moment).total_seconds() for time in times if time > moment]
    return Tick(work, 0.0 if is_behind else min(ahead, default=None), waits)


def _advance(tx: Transaction, schedule: Schedule, moment: datetime) -> tuple[list[Work], Step]:
    """Takes a schedule's steps, up to as many as are allowed at once; the runs begun, and the last step."""
    work: list[Work] = []
    for _ in range(MOST_RUNS_AT_ONCE):
        step = next_step(_timing(tx, schedule), moment)
        write_time(schedule, "next_run_time", step.next_run)
        if step.completed:
            schedule.state = COMPLETED
        if step.run is None:
            break
        work += _start(tx, schedule, step.run)
    return work, step


def _timing(tx: Transaction, schedule: Schedule) -> Timing:
    limit = schedule.max_concurrent_active_run_count
    return Timing(
        Cron.parse(schedule.cron),
        read_time(schedule, "next_run_time"),
        read_time(schedule, "end_time"),
        runs_left=schedule.max_run_count - schedule.started_run_count if schedule.max_run_count else None,
        places=limit - _active_runs(tx, schedule) if limit else None,
        queueing=schedule.allow_queueing,
        backfill_until=_backfill_until(schedule),
    )


def _backfill_until(schedule: Schedule) -> datetime | None:
    return read_time(schedule, "last_resume_time") if schedule.catch_up else None


def _active_runs(tx: Transaction, schedule: Schedule) -> int:
    jobs = tx.children(PIPELINE_JOBS, names.location_of(schedule.name))
    return sum(job.schedule_name == schedule.name and not is_final(job) for job in jobs)


def _start(tx: Transaction, schedule: Schedule, time: datetime) -> list[Work]:
    request = schedule.create_pipeline_job_request
    job = PipelineJob(request.pipeline_job)
    job.display_name = job.display_name or _display_name(schedule, time)
    try:
        created = admit(tx, request.parent, job, schedule_name=schedule.name)
    except ApiError as error:
        LOG.warning("%s cannot start its run of %s: %s", schedule.name, time.isoformat(), error.message)
        schedule.last_scheduled_run_response = Schedule.RunResponse(scheduled_run_time=time, run_response=error.message)
        return []
    schedule.started_run_count += 1
    schedule.last_scheduled_run_response = Schedule.RunResponse(scheduled_run_time=time, run_response=created.name)
    return [Work("run", created.name)]


def _display_name(schedule: Schedule, time: datetime) -> str:
    suffix = f" {time:%Y-%m-%dT%H:%M}Z"
    return schedule.display_name[: LONGEST_DISPLAY_NAME - len(suffix)] + suffix


def pass_over_missed(tx: Transaction) -> None:
    """Passes over what came due while nobody was here to start it, but for what a schedule catches up on."""
    moment = schedule_now(tx)
    for schedule in tx.everything(SCHEDULES).values():
        due, caught_up_on = read_time(schedule, "next_run_time"), _backfill_until(schedule)
        if schedule.state != ACTIVE or due is None or due > moment:
            continue
        if caught_up_on is None or due > caught_up_on:
            plan_anew(schedule, moment)
            put_schedule(tx, schedule)

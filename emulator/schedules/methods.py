"""ScheduleService: create, get, list, update, pause, resume and delete of schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.cloud.aiplatform_v1.types import (
    CreateScheduleRequest,
    DeleteOperationMetadata,
    DeleteScheduleRequest,
    GetScheduleRequest,
    ListSchedulesRequest,
    ListSchedulesResponse,
    PauseScheduleRequest,
    ResumeScheduleRequest,
    Schedule,
    UpdateScheduleRequest,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from emulator.api import names, operations
from emulator.api.calls import Call, Work
from emulator.api.clock import now, read_time, write_time
from emulator.api.codec import table
from emulator.api.errors import invalid, invalid_fields, precondition
from emulator.api.facts import Facts
from emulator.api.filters import TIME_OPERATORS, WILDCARD_OPERATORS, Field, parse_filter, time_of
from emulator.api.listing import page_of_records
from emulator.api.masks import require_mask
from emulator.api.store import Transaction
from emulator.pipeline_jobs.methods import has_artifact
from emulator.schedules.clock import schedule_now
from emulator.schedules.cron import Cron
from emulator.schedules.plan import first_run
from emulator.schedules.rules import REQUEST, schedule_violations

ACTIVE = Schedule.State(Schedule.State.ACTIVE)
PAUSED = Schedule.State(Schedule.State.PAUSED)
COMPLETED = Schedule.State(Schedule.State.COMPLETED)

TIMING = (
    "cron", "start_time", "end_time", "max_run_count", "max_concurrent_run_count",
    "max_concurrent_active_run_count", "allow_queueing", REQUEST,
)  # fmt: skip
UPDATABLE = ("display_name", *TIMING)
OUTPUT_ONLY = (
    "name", "started_run_count", "state", "create_time", "update_time", "next_run_time", "last_pause_time",
    "last_resume_time", "catch_up", "last_scheduled_run_response",
)  # fmt: skip
# Sorts after all times.
_LAST = "~"
FILTER_FIELDS = {
    "display_name": Field(lambda schedule: schedule.display_name, operators=WILDCARD_OPERATORS),
    "state": Field(lambda schedule: Schedule.State(schedule.state).name),
    REQUEST: Field(lambda schedule: "given" if schedule.HasField(REQUEST) else "", operators=(":",)),
    "create_time": Field(time_of("create_time"), kind="time", operators=TIME_OPERATORS),
    "start_time": Field(time_of("start_time"), kind="time", operators=TIME_OPERATORS),
    "end_time": Field(time_of("end_time"), kind="time", operators=(*TIME_OPERATORS, ":"), missing=_LAST),
    "next_run_time": Field(time_of("next_run_time"), kind="time", operators=TIME_OPERATORS, missing=_LAST),
}
ORDERS = {name: FILTER_FIELDS[name] for name in ("create_time", "start_time", "end_time", "next_run_time")}
SCHEDULES = table("schedules", Schedule, Facts(FILTER_FIELDS, ORDERS))


def require_schedule(tx: Transaction, name: str) -> Schedule:
    """The schedule of that name.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(SCHEDULES, name, "Schedule")


def put_schedule(tx: Transaction, schedule: Schedule) -> None:
    """Writes a changed schedule, with a new update time."""
    schedule.update_time = now()
    tx.put(SCHEDULES, schedule.name, schedule)


def plan_anew(schedule: Schedule, moment: datetime) -> None:
    """Makes the first time after a moment the schedule's next one: what came due before is passed over."""
    cron = Cron.parse(schedule.cron)
    start, end = read_time(schedule, "start_time"), read_time(schedule, "end_time")
    write_time(schedule, "next_run_time", first_run(cron, moment, start, end))


def create_schedule(call: Call[CreateScheduleRequest]) -> Schedule:
    """CreateSchedule: active from the start."""
    schedule = Schedule(call.request.schedule)
    moment = schedule_now(call.tx)
    _require_valid(call.tx, schedule, call.request.parent, moment)
    for field in OUTPUT_ONLY:
        Schedule.pb(schedule).ClearField(field)
    schedule.name = f"{call.request.parent}/schedules/{names.new_id()}"
    schedule.state = ACTIVE
    schedule.create_time = now()
    write_time(schedule, "start_time", read_time(schedule, "start_time") or moment)
    plan_anew(schedule, moment)
    _put(call, schedule)
    return schedule


def _require_valid(tx: Transaction, schedule: Schedule, parent: str, moment: datetime) -> None:
    violations = schedule_violations(schedule, parent, moment, lambda artifact: has_artifact(tx, parent, artifact))
    if violations:
        raise invalid_fields(violations)


def _put(call: Call[Any], schedule: Schedule) -> None:
    put_schedule(call.tx, schedule)
    call.work.append(Work("tick", schedule.name))


def get_schedule(call: Call[GetScheduleRequest]) -> Schedule:
    """GetSchedule."""
    return require_schedule(call.tx, call.request.name)


def list_schedules(call: Call[ListSchedulesRequest]) -> ListSchedulesResponse:
    """ListSchedules, newest first."""
    request = call.request
    keep = parse_filter(request.filter, FILTER_FIELDS)
    shown_page, token = page_of_records(call.tx, SCHEDULES, request.parent, request, keep)
    return ListSchedulesResponse(schedules=shown_page, next_page_token=token)


def update_schedule(call: Call[UpdateScheduleRequest]) -> Schedule:
    """UpdateSchedule: the fields that the mask names, all of them or none.

    Runs that wait for their place are dropped, and the next run is the first after now, unless the display name
    alone changes.
    """
    changed = call.request.schedule
    schedule = require_schedule(call.tx, changed.name)
    if schedule.state == COMPLETED:
        raise precondition(f'The Schedule "{schedule.name}" is completed and cannot be updated. Create another one.')
    asked = call.request.update_mask.paths
    paths = [path for path in asked if path not in OUTPUT_ONLY]
    if asked and not paths:
        return schedule
    paths = require_mask(paths, UPDATABLE)
    moment = schedule_now(call.tx)
    before = Schedule(schedule)
    for path in paths:
        _set(schedule, changed, path)
    # An end that has passed is no fault of an update that leaves it alone.
    since = moment if {"start_time", "end_time"}.intersection(paths) else datetime.min.replace(tzinfo=UTC)
    _require_valid(call.tx, schedule, names.location_of(schedule.name), since)
    if set(TIMING).intersection(paths):
        plan_anew(schedule, moment)
    if schedule != before:
        _put(call, schedule)
    return schedule


def _set(schedule: Schedule, changed: Schedule, path: str) -> None:
    if not getattr(changed, path) and getattr(schedule, path) and path != "allow_queueing":
        raise invalid(f"schedule.{path}", "is set and cannot be unset. Give a value, or leave it out of the mask.")
    setattr(schedule, path, getattr(changed, path))


def pause_schedule(call: Call[PauseScheduleRequest]) -> Empty:
    """PauseSchedule: no new runs; those that were created go on."""
    schedule = require_schedule(call.tx, call.request.name)
    _require_state(schedule, ACTIVE, "paused")
    schedule.state = PAUSED
    write_time(schedule, "last_pause_time", schedule_now(call.tx))
    _put(call, schedule)
    return Empty()


def resume_schedule(call: Call[ResumeScheduleRequest]) -> Empty:
    """ResumeSchedule: with catch_up from the first run that was missed on, otherwise from the first after now on."""
    schedule = require_schedule(call.tx, call.request.name)
    _require_state(schedule, PAUSED, "resumed")
    moment = schedule_now(call.tx)
    schedule.state = ACTIVE
    schedule.catch_up = call.request.catch_up
    write_time(schedule, "last_resume_time", moment)
    if not schedule.catch_up:
        plan_anew(schedule, moment)
    _put(call, schedule)
    return Empty()


def _require_state(schedule: Schedule, state: Schedule.State, what: str) -> None:
    if schedule.state != state:
        raise precondition(
            f'Only {state.name.lower()} Schedule can be {what}. The Schedule "{schedule.name}" is in state '
            f"{schedule.state.name}."
        )


def delete_schedule(call: Call[DeleteScheduleRequest]) -> Operation:
    """DeleteSchedule, whatever its state. The runs that it created stay."""
    schedule = require_schedule(call.tx, call.request.name)
    call.tx.delete(SCHEDULES, schedule.name)
    return operations.done(call.tx, names.location_of(schedule.name), DeleteOperationMetadata())

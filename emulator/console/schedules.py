"""Schedules as the pages show them, read from the API's Schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.console.runs import RunSummary, parse_summary
from emulator.console.states import plain_state
from emulator.console.times import parse_time

Json = Mapping[str, Any]


@dataclass(frozen=True)
class ScheduleView:
    """A schedule.

    Attributes:
        title: Its display name.
        state: As `plain_state` has it.
        last_run: The resource name of the run that it began last.
        run: What each of its runs is made of.
    """

    name: str
    title: str
    state: str
    cron: str
    run: RunSummary
    created: datetime | None = None
    next_run: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    started_runs: int = 0
    most_runs: int = 0
    most_at_once: int = 0
    last_run: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


def parse_schedule(schedule: Json) -> ScheduleView:
    """Reads a schedule as the API answers it."""
    name = str(schedule.get("name", ""))
    job: Json = schedule.get("createPipelineJobRequest", {}).get("pipelineJob", {})
    return ScheduleView(
        name=name,
        title=str(schedule.get("displayName") or name.rpartition("/")[2]),
        state=plain_state(str(schedule.get("state", ""))),
        cron=str(schedule.get("cron", "")),
        run=parse_summary(job),
        created=parse_time(schedule.get("createTime")),
        next_run=parse_time(schedule.get("nextRunTime")),
        start=parse_time(schedule.get("startTime")),
        end=parse_time(schedule.get("endTime")),
        started_runs=int(schedule.get("startedRunCount", 0)),
        most_runs=int(schedule.get("maxRunCount", 0)),
        most_at_once=int(schedule.get("maxConcurrentRunCount", 0)),
        last_run=str(schedule.get("lastScheduledRunResponse", {}).get("runResponse", "")),
        parameters=job.get("runtimeConfig", {}).get("parameterValues", {}),
    )

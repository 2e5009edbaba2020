"""What a schedule must look like to be taken: the rules of ScheduleService's create and update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from google.cloud.aiplatform_v1.types import Schedule

from emulator.api.clock import read_time
from emulator.api.errors import ApiError, Violation
from emulator.api.validation import display_name_violations
from emulator.pipeline_jobs.rules import job_violations, parent_violations
from emulator.schedules.cron import Cron, CronError

FIELD = "schedule"
REQUEST = "create_pipeline_job_request"


def schedule_violations(
    schedule: Schedule, parent: str, now: datetime, has_artifact: Callable[[str], bool]
) -> list[Violation]:
    """What is wrong with a schedule.

    Args:
        schedule: The schedule as it was sent or, for an update, as it would be.
        parent: The `projects/P/locations/L` that it belongs to.
        now: The time of schedules.
        has_artifact: Whether the default metadata store holds the artifact of an id.

    Raises:
        ApiError: UNIMPLEMENTED, where it is to start something else than pipeline jobs.
    """
    return [
        *parent_violations(parent),
        *display_name_violations(schedule.display_name, f"{FIELD}.display_name"),
        *_cron_violations(schedule.cron),
        *_time_violations(schedule, now),
        *_count_violations(schedule),
        *_request_violations(schedule, parent, has_artifact),
    ]


def _cron_violations(cron: str) -> Iterator[Violation]:
    try:
        Cron.parse(cron)
    except CronError as error:
        yield Violation(f"{FIELD}.cron", str(error))


def _time_violations(schedule: Schedule, now: datetime) -> Iterator[Violation]:
    start, end = read_time(schedule, "start_time"), read_time(schedule, "end_time")
    if end is None:
        return
    if start is not None and end <= start:
        yield Violation(f"{FIELD}.end_time", f"must be later than the start_time, {start.isoformat()}.")
    if end <= now:
        yield Violation(f"{FIELD}.end_time", f"must lie in the future. Received: {end.isoformat()}.")


def _count_violations(schedule: Schedule) -> Iterator[Violation]:
    if schedule.max_concurrent_run_count < 1:
        yield Violation(
            f"{FIELD}.max_concurrent_run_count",
            f"is required and must be positive. Received: {schedule.max_concurrent_run_count}.",
        )
    for field in ("max_run_count", "max_concurrent_active_run_count"):
        if getattr(schedule, field) < 0:
            yield Violation(f"{FIELD}.{field}", f"must be positive. Received: {getattr(schedule, field)}.")


def _request_violations(schedule: Schedule, parent: str, has_artifact: Callable[[str], bool]) -> Iterator[Violation]:
    if "create_notebook_execution_job_request" in schedule:
        raise ApiError(
            "UNIMPLEMENTED", f"The emulator runs no notebooks. Send a {REQUEST} to schedule a pipeline job instead."
        )
    field = f"{FIELD}.{REQUEST}"
    if REQUEST not in schedule:
        yield Violation(field, "is required.")
        return
    request = schedule.create_pipeline_job_request
    if request.parent != parent:
        yield Violation(f"{field}.parent", f'must be "{parent}", as the schedule\'s. Received: "{request.parent}".')
    if request.pipeline_job_id:
        yield Violation(f"{field}.pipeline_job_id", "cannot be given: each run gets an id of its own.")
    yield from job_violations(request.pipeline_job, f"{field}.pipeline_job", has_artifact)

"""The schedules of this project's pipelines: read, made, changed in place, paused and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from components.vertex.connection import CALL_TIMEOUT_S
from components.vertex.labels import MANAGED_BY
from components.vertex.lookup import the_only
from pipeline.config import Connection, RunConfig
from pipeline.runs.submission import Draft, build_job
from pipeline.vertex.clients import client_options, parent_of
from trainer.errors import UsageError, nearest, quoted

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Schedule

# Two runs at once would roll out against each other: one that is due while another runs is passed over.
_AT_ONCE = 1


@dataclass(frozen=True)
class Times:
    """When a schedule runs.

    Attributes:
        cron: A cron expression, with its time zone.
        start: The first moment at which it may run; None for now, or as it is.
        end: The last one; None for never, or as it is.
        max_runs: How often it runs in all; None for without limit, or as it is.
    """

    cron: str
    start: datetime | None = None
    end: datetime | None = None
    max_runs: int | None = None


@dataclass(frozen=True)
class ScheduleRecord:
    """A schedule.

    Attributes:
        name: Its resource name.
        display_name: The name that users know it by.
        state: `active`, `paused` or `completed`.
        cron: When it runs.
        next_run: When it runs next; None where it does not.
        end: When it ends by itself; None for never.
        started: How many runs it has started.
        max_runs: After how many it ends; None for never.
        document: All of it: Vertex AI's JSON, with fields in snake_case.
    """

    name: str
    display_name: str
    state: str
    cron: str
    next_run: datetime | None
    end: datetime | None
    started: int
    max_runs: int | None
    document: Mapping[str, Any]


class Schedules:
    """The schedules of a project and location that run this project's pipelines.

    Args:
        config: Names them.
    """

    def __init__(self, config: Connection) -> None:
        from google.cloud.aiplatform_v1.services.schedule_service import ScheduleServiceClient

        self._client = ScheduleServiceClient(**client_options(config))
        self._parent = parent_of(config)

    def list(self, display_name: str = "") -> list[ScheduleRecord]:
        """Those of a name, or all, the newest first."""
        if set(display_name) & {'"', "\\"}:  # no schedule of this project is called so, and it would end the filter
            return []
        request = {"parent": self._parent, "filter": f'display_name="{display_name}"' if display_name else ""}
        found = self._client.list_schedules(request=request, timeout=CALL_TIMEOUT_S)
        records = [read_schedule(self._whole(schedule)) for schedule in found]
        return [record for record in records if _is_ours(record)]

    def _whole(self, schedule: Schedule) -> Schedule:
        """A schedule with its job, which a list may leave out."""
        if "create_pipeline_job_request" in schedule:
            return schedule
        return self._client.get_schedule(name=schedule.name, timeout=CALL_TIMEOUT_S)

    def find(self, display_name: str) -> ScheduleRecord | None:
        """The one of that name which has not completed; None where there is none.

        Raises:
            RegistryError: There are several.
        """
        found = [record for record in self.list(display_name) if record.state != "completed"]
        return the_only(found, [record.name for record in found], "schedules", display_name)

    def require(self, display_name: str) -> ScheduleRecord:
        """The one of that name which has not completed.

        Raises:
            UsageError: There is none.
            RegistryError: There are several.
        """
        record = self.find(display_name)
        if record is None:
            known = [other.display_name for other in self.list() if other.state != "completed"]
            raise UsageError(
                f"There is no schedule {quoted(display_name)} at work.{nearest(display_name, known)} "
                "`python -m pipeline schedules` lists them."
            )
        return record

    def create(self, wanted: Schedule) -> ScheduleRecord:
        """Makes a schedule."""
        made = self._client.create_schedule(parent=self._parent, schedule=wanted, timeout=CALL_TIMEOUT_S)
        return read_schedule(made)

    def update(self, present: ScheduleRecord, wanted: Schedule, fields: Sequence[str]) -> ScheduleRecord:
        """Sets some fields of a schedule, and leaves the others as they are."""
        from google.cloud.aiplatform_v1.types import Schedule
        from google.protobuf.field_mask_pb2 import FieldMask

        changed = Schedule(wanted)
        changed.name = present.name
        mask = FieldMask(paths=fields)
        made = self._client.update_schedule(schedule=changed, update_mask=mask, timeout=CALL_TIMEOUT_S)
        return read_schedule(made)

    def pause(self, record: ScheduleRecord) -> None:
        """Lets a schedule start no more runs, until it is resumed."""
        self._client.pause_schedule(name=record.name, timeout=CALL_TIMEOUT_S)

    def resume(self, record: ScheduleRecord, catch_up: bool) -> ScheduleRecord:
        """Lets a paused schedule go on; with `catch_up`, it first starts the runs that it has missed."""
        self._client.resume_schedule(request={"name": record.name, "catch_up": catch_up}, timeout=CALL_TIMEOUT_S)
        return read_schedule(self._client.get_schedule(name=record.name, timeout=CALL_TIMEOUT_S))

    def delete(self, record: ScheduleRecord) -> None:
        """Removes a schedule. The runs that it has started stay."""
        operation: Any = self._client.delete_schedule(name=record.name, timeout=CALL_TIMEOUT_S)
        operation.result(CALL_TIMEOUT_S)


def build_schedule(config: RunConfig, submission: Draft, display_name: str, times: Times) -> Schedule:
    """A schedule of the job that a submission would send, whose files are copied to the bucket. It is not sent yet."""
    from google.cloud.aiplatform_v1.types import Schedule

    job = build_job(config, submission)
    inner = {
        "pipeline_spec": job.pipeline_spec,
        "runtime_config": job.runtime_config,
        "labels": dict(submission.labels),
        "service_account": config.service_account,
    }
    limits = {"cron": times.cron, "start_time": times.start, "end_time": times.end, "max_run_count": times.max_runs}
    return Schedule(
        display_name=display_name,
        create_pipeline_job_request={"parent": parent_of(config), "pipeline_job": inner},
        max_concurrent_run_count=_AT_ONCE,
        max_concurrent_active_run_count=_AT_ONCE,
        **{field: value for field, value in limits.items() if value is not None},
    )


def document_of(schedule: Schedule) -> dict[str, Any]:
    """Vertex AI's JSON of a schedule, with its fields in snake_case."""
    from google.protobuf import json_format

    document: dict[str, Any] = json_format.MessageToDict(type(schedule).pb(schedule), preserving_proto_field_name=True)
    return document


def read_schedule(schedule: Schedule) -> ScheduleRecord:
    """A schedule as Vertex AI tells it."""
    times: Mapping[str, Any] = {field: getattr(schedule, field) for field in ("next_run_time", "end_time")}
    return ScheduleRecord(
        name=schedule.name,
        display_name=schedule.display_name,
        state=schedule.state.name.lower(),
        cron=schedule.cron,
        next_run=times["next_run_time"],
        end=times["end_time"],
        started=schedule.started_run_count,
        max_runs=schedule.max_run_count or None,
        document=document_of(schedule),
    )


def _is_ours(record: ScheduleRecord) -> bool:
    job = record.document.get("create_pipeline_job_request", {}).get("pipeline_job", {})
    labels: Mapping[str, str] = job.get("labels", {})
    return MANAGED_BY.items() <= labels.items()

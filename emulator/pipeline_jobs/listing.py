"""ListPipelineJobs: filters, order, pages and read masks over the jobs' summaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from google.cloud.aiplatform_v1.types import (
    Context,
    ListPipelineJobsRequest,
    ListPipelineJobsResponse,
    PipelineJob,
    PipelineState,
)
from google.protobuf.field_mask_pb2 import FieldMask

from emulator.api.calls import Call
from emulator.api.filters import TIME_OPERATORS, WILDCARD_OPERATORS, Field, parse_filter, time_of
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.store import Transaction
from emulator.pipeline_jobs.methods import set_contexts
from emulator.pipeline_jobs.records import PIPELINE_JOBS, with_request

_NEVER = datetime.min.replace(tzinfo=UTC)
# What a summary has of the specification, as a mask's path in either way of writing.
_INFO_PATHS = {"pipeline_spec.pipelineInfo", "pipeline_spec.pipeline_info"}
_APART = ("pipeline_spec", "runtime_config")


def _order(name: str) -> Callable[[PipelineJob], datetime]:
    """A job without that time comes first."""
    value = time_of(name)
    return lambda job: value(PipelineJob.pb(job)) or _NEVER


# They read the protobuf message behind a job, many times faster than the SDK's type.
FILTER_FIELDS = {
    "pipeline_name": Field(lambda job: job.pipeline_spec["pipelineInfo"]["name"]),
    "display_name": Field(lambda job: job.display_name, operators=WILDCARD_OPERATORS),
    "pipeline_job_user_id": Field(lambda job: job.name.rpartition("/")[2], operators=WILDCARD_OPERATORS),
    "state": Field(lambda job: PipelineState(job.state).name),
    "create_time": Field(time_of("create_time"), kind="time", operators=TIME_OPERATORS),
    "update_time": Field(time_of("update_time"), kind="time", operators=TIME_OPERATORS),
    "end_time": Field(time_of("end_time"), kind="time", operators=TIME_OPERATORS),
    "labels": Field(lambda job: job.labels, kind="labels"),
    "template_uri": Field(lambda job: job.template_uri, operators=WILDCARD_OPERATORS),
    "schedule_name": Field(lambda job: job.schedule_name),
}
ORDER_KEYS = {name: _order(name) for name in ("create_time", "update_time", "end_time", "start_time")}


def list_pipeline_jobs(call: Call[ListPipelineJobsRequest]) -> ListPipelineJobsResponse:
    """ListPipelineJobs, newest first."""
    request = call.request
    is_asked_for = parse_filter(request.filter, FILTER_FIELDS)

    def keep(job: PipelineJob) -> bool:
        return is_asked_for(PipelineJob.pb(job))

    shown_page, token = page_of_records(call.tx, PIPELINE_JOBS, request.parent, request, keep, keys=ORDER_KEYS)
    shown = _filled_in(call.tx, shown_page, request.read_mask)
    return ListPipelineJobsResponse(pipeline_jobs=read(shown, request.read_mask), next_page_token=token)


def _filled_in(tx: Transaction, jobs: Sequence[PipelineJob], mask: FieldMask) -> Sequence[PipelineJob]:
    """The summaries of jobs with what else the mask asks for. Tasks are told by GetPipelineJob alone."""
    fields = {path.partition(".")[0] for path in set(mask.paths) - _INFO_PATHS}
    if not mask.paths or not fields.isdisjoint(_APART):
        jobs = [with_request(tx, job) for job in jobs]
    if "job_detail" in fields:
        seen: dict[str, Context] = {}
        for job in jobs:
            set_contexts(tx, job, seen)
    return jobs

"""ListPipelineJobs: filters, order, pages and read masks over the jobs' summaries."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud.aiplatform_v1.types import (
    Context,
    ListPipelineJobsRequest,
    ListPipelineJobsResponse,
    PipelineJob,
)
from google.protobuf.field_mask_pb2 import FieldMask

from emulator.api.calls import Call
from emulator.api.filters import parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.store import Transaction
from emulator.pipeline_jobs.methods import set_contexts
from emulator.pipeline_jobs.records import FILTER_FIELDS, PIPELINE_JOBS, with_request

# What a summary has of the specification, as a mask's path in either way of writing.
_INFO_PATHS = {"pipeline_spec.pipelineInfo", "pipeline_spec.pipeline_info"}
_APART = ("pipeline_spec", "runtime_config")


def list_pipeline_jobs(call: Call[ListPipelineJobsRequest]) -> ListPipelineJobsResponse:
    """ListPipelineJobs, newest first."""
    request = call.request
    keep = parse_filter(request.filter, FILTER_FIELDS)
    shown_page, token = page_of_records(call.tx, PIPELINE_JOBS, request.parent, request, keep)
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

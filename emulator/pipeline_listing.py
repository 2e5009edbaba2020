"""ListPipelineJobs: filters, order, pages and read masks over the jobs' summaries."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1.types import ListPipelineJobsRequest, ListPipelineJobsResponse, PipelineJob

from emulator.calls import Call
from emulator.filters import Field, parse_filter
from emulator.listing import ordered, page
from emulator.masks import read
from emulator.pipeline_jobs import set_contexts
from emulator.pipeline_records import PIPELINE_JOBS, with_request
from emulator.store import Transaction

FILTER_FIELDS = {
    "display_name": Field(lambda job: job.display_name),
    "labels": Field(lambda job: job.labels, kind="labels"),
    "schedule_name": Field(lambda job: job.schedule_name),
    "state": Field(lambda job: job.state.name),
    "template_uri": Field(lambda job: job.template_uri),
}
ORDER_KEYS = {
    "create_time": lambda job: job.create_time,
    "update_time": lambda job: job.update_time,
}


def list_pipeline_jobs(call: Call[ListPipelineJobsRequest]) -> ListPipelineJobsResponse:
    """ListPipelineJobs, newest first."""
    request = call.request
    keep = parse_filter(request.filter, FILTER_FIELDS)
    jobs = [job for job in reversed(call.tx.children(PIPELINE_JOBS, request.parent)) if keep(job)]
    jobs = ordered(jobs, request.order_by, ORDER_KEYS)
    shown_page, token = page(jobs, request.page_size, request.page_token)
    shown = [_filled_in(call.tx, job, request.read_mask) for job in shown_page]
    return ListPipelineJobsResponse(pipeline_jobs=read(shown, request.read_mask), next_page_token=token)


def _filled_in(tx: Transaction, job: PipelineJob, mask: Any) -> PipelineJob:
    tops = {path.partition(".")[0] for path in mask.paths}
    specs = [path for path in mask.paths if path.startswith("pipeline_spec")]
    if not tops or "runtime_config" in tops or specs not in ([], ["pipeline_spec.pipelineInfo"]):
        job = with_request(tx, job)
    if "job_detail" in tops:
        set_contexts(tx, job)
    return job

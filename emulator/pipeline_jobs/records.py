"""How pipeline jobs are kept: what lists tell of a job apart from its specification and from its tasks.

A list of many jobs reads small records alone; a run that moves on writes no specification anew.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineJobDetail, PipelineState

from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.facts import Facts
from emulator.api.filters import TIME_OPERATORS, WILDCARD_OPERATORS, Field, time_of
from emulator.api.names import id_of
from emulator.api.store import Table, Transaction

FINAL_STATES = {
    PipelineState.PIPELINE_STATE_SUCCEEDED,
    PipelineState.PIPELINE_STATE_FAILED,
    PipelineState.PIPELINE_STATE_CANCELLED,
}
_KEPT_APART = ("pipeline_spec", "runtime_config", "job_detail")
_INFO = "pipelineInfo"


def _pipeline_name(job: Any) -> str:
    fields = job.pipeline_spec.fields
    return str(fields[_INFO].struct_value.fields["name"].string_value) if _INFO in fields else ""


FILTER_FIELDS = {
    "pipeline_name": Field(_pipeline_name),
    "display_name": Field(lambda job: job.display_name, operators=WILDCARD_OPERATORS),
    "pipeline_job_user_id": Field(lambda job: id_of(job.name), operators=WILDCARD_OPERATORS),
    "state": Field(lambda job: PipelineState(job.state).name),
    "create_time": Field(time_of("create_time"), kind="time", operators=TIME_OPERATORS),
    "update_time": Field(time_of("update_time"), kind="time", operators=TIME_OPERATORS),
    "end_time": Field(time_of("end_time"), kind="time", operators=TIME_OPERATORS),
    "labels": Field(lambda job: job.labels, kind="labels"),
    "template_uri": Field(lambda job: job.template_uri, operators=WILDCARD_OPERATORS),
    "schedule_name": Field(lambda job: job.schedule_name),
}
# A job without that time comes first.
ORDERS = {name: Field(time_of(name), kind="time") for name in ("create_time", "update_time", "end_time", "start_time")}

# What lists tell: everything but the runtime configuration, the tasks, and most of the specification.
PIPELINE_JOBS = table("pipeline_jobs", PipelineJob, Facts(FILTER_FIELDS, ORDERS))
# What was asked for: the specification and the runtime configuration. It never changes.
PIPELINE_REQUESTS = table("pipeline_requests", PipelineJob)
PIPELINE_DETAILS = table("pipeline_details", PipelineJobDetail)


class TaskLog(NamedTuple):
    """Where the log of a task lies.

    Attributes:
        job: The pipeline job's resource name.
        folder: The name of the task's folder in the run's folder.
        task: The task's name.
        begun: When the task began, in RFC 3339.
    """

    job: str
    folder: str
    task: str
    begun: str


# Named as `task_log_name` has it.
TASK_LOGS: Table[TaskLog] = Table("task_logs", encode=json.dumps, decode=lambda text: TaskLog(*json.loads(text)))


def is_final(job: PipelineJob) -> bool:
    """Whether a job has ended."""
    return job.state in FINAL_STATES


def set_state(job: PipelineJob, state: int) -> None:
    """Sets a job's state: a value of PipelineState, which the SDK declares as an int."""
    PipelineJob.pb(job).state = state


def create_records(tx: Transaction, job: PipelineJob) -> None:
    """Writes a new job."""
    pb = PipelineJob.pb(job)
    request = PipelineJob()
    PipelineJob.pb(request).pipeline_spec.CopyFrom(pb.pipeline_spec)
    PipelineJob.pb(request).runtime_config.CopyFrom(pb.runtime_config)
    tx.put(PIPELINE_REQUESTS, job.name, request)
    summary = PipelineJob(job)
    summary_pb = PipelineJob.pb(summary)
    for field in _KEPT_APART:
        summary_pb.ClearField(field)
    summary_pb.pipeline_spec.fields[_INFO].CopyFrom(pb.pipeline_spec.fields[_INFO])
    tx.put(PIPELINE_JOBS, job.name, summary)


def put_summary(tx: Transaction, job: PipelineJob) -> None:
    """Writes what has changed of a job's summary, with a new update time."""
    job.update_time = now()
    tx.put(PIPELINE_JOBS, job.name, job)


def require_summary(tx: Transaction, name: str) -> PipelineJob:
    """What lists tell of the job of that name.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(PIPELINE_JOBS, name, "PipelineJob")


def with_request(tx: Transaction, summary: PipelineJob) -> PipelineJob:
    """The job with its specification and runtime configuration, but without its tasks."""
    whole = PipelineJob(summary)
    request = tx.get(PIPELINE_REQUESTS, summary.name)
    if request is not None:
        PipelineJob.pb(whole).MergeFrom(PipelineJob.pb(request))
    return whole


def require_whole(tx: Transaction, name: str) -> PipelineJob:
    """The job of that name with all that is known of it, but for its contexts.

    Raises:
        ApiError: NOT_FOUND.
    """
    whole = with_request(tx, require_summary(tx, name))
    detail = tx.get(PIPELINE_DETAILS, name)
    if detail is not None:
        whole.job_detail = detail
    return whole


def delete_records(tx: Transaction, name: str) -> None:
    """Forgets a job."""
    detail = tx.get(PIPELINE_DETAILS, name)
    for task in detail.task_details if detail is not None else ():
        main_job = task.executor_detail.container_detail.main_job
        if main_job:
            tx.delete(TASK_LOGS, task_log_name(main_job))
    tx.delete(PIPELINE_JOBS, name)
    tx.delete(PIPELINE_REQUESTS, name)
    tx.delete(PIPELINE_DETAILS, name)


def task_log_name(main_job: str) -> str:
    """Under which name a task's log is known, given the custom job that ran it: projects/P/customJobs/N."""
    parts = main_job.split("/")
    return f"{parts[0]}/{parts[1]}/customJobs/{parts[-1]}"

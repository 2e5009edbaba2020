"""From what a runner tells of a run to what the API tells of its job. Pure: it reads no clock and no file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineJobDetail, PipelineTaskDetail
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from emulator.api import names
from emulator.api.errors import ApiError
from emulator.pipeline_jobs import lineage
from emulator.pipeline_jobs.rules import BILLING_LABEL
from emulator.runner.run_json import ABORTED, FINAL, RunState

# Protobuf reads back a hundred messages within each other. Each level of such a value takes three.
DEEPEST_VALUE = 20
_AT_WORK = {
    PipelineTaskDetail.State.RUNNING,
    PipelineTaskDetail.State.CANCEL_PENDING,
    PipelineTaskDetail.State.CANCELLING,
}


def detail_of(job_name: str, run: Mapping[str, Any]) -> PipelineJobDetail:
    """The tasks of a run, with the names of their executions and artifacts in the metadata store.

    Args:
        job_name: The job's resource name.
        run: The content of run.json.
    """
    detail = PipelineJobDetail()
    pb = PipelineJobDetail.pb(detail)
    json_format.ParseDict(_with_texts(run.get("jobDetail", {})), pb, ignore_unknown_fields=True)
    location = names.location_of(job_name)
    for task in pb.task_details:
        if task.HasField("execution"):
            task.execution.name = lineage.execution_name(job_name, task.task_unique_name)
        for artifacts in (*task.inputs.values(), *task.outputs.values()):
            for artifact in artifacts.artifacts:
                if artifact.uri:
                    artifact.name = lineage.artifact_name(location, artifact.uri)
    return detail


def _with_texts(told: Any, levels: int | None = None) -> Any:
    """What a run tells, with a text in JSON for what lies too deep in its metadata to be kept.

    Args:
        told: The JSON form of jobDetail, or of a part of it.
        levels: How many more there may be; None outside metadata.
    """
    if levels == 0 and isinstance(told, dict | list):
        return json.dumps(told, ensure_ascii=False)
    below = None if levels is None else levels - 1
    if isinstance(told, list):
        return [_with_texts(item, below) for item in told]
    if isinstance(told, dict):
        return {
            key: _with_texts(item, DEEPEST_VALUE if key == "metadata" and levels is None else below)
            for key, item in told.items()
        }
    return told


def detail_of_nothing(job: PipelineJob, error: ApiError) -> PipelineJobDetail:
    """The tasks of a run that did not begin: the run itself, with the reason.

    Args:
        job: The job's summary, its end filled in.
        error: Why it did not begin; CANCELLED where that was asked for.
    """
    is_cancelled = error.status == "CANCELLED"
    task = PipelineTaskDetail(
        task_id=1,
        task_name=PipelineJob.pb(job).pipeline_spec["pipelineInfo"]["name"],
        create_time=job.create_time,
        start_time=job.start_time,
        end_time=job.end_time,
        state=PipelineTaskDetail.State.CANCELLED if is_cancelled else PipelineTaskDetail.State.FAILED,
        error=None if is_cancelled else {"code": error.code, "message": error.message},
    )
    return PipelineJobDetail(task_details=[task])


def settled(detail: PipelineJobDetail, error: ApiError, job: PipelineJob) -> PipelineJobDetail:
    """The tasks of a run that has ended otherwise than by itself: none is at work any longer.

    Args:
        detail: As the runner last told it.
        error: Why the run has ended; CANCELLED where that was asked for.
        job: The job's summary, its end filled in.
    """
    state = PipelineTaskDetail.State
    is_failure = error.status != "CANCELLED"
    # What a stopped runner calls cancelled has failed, where nobody has asked for that; and the reverse.
    ended_so = {*_AT_WORK, state.CANCELLED} if is_failure else _AT_WORK
    for task in PipelineJobDetail.pb(detail).task_details:
        if task.state in ended_so:
            task.state = state.FAILED if is_failure else state.CANCELLED
            task.end_time.CopyFrom(PipelineJob.pb(job).end_time)
            if is_failure:
                task.error.code, task.error.message = error.code, error.message
        elif task.state == state.PENDING:
            task.state = state.NOT_TRIGGERED
    return detail


def is_cut_off(run: Mapping[str, Any] | None) -> bool:
    """Whether a run, given as run.json tells it, was stopped or killed before its end."""
    if run is None or run["state"] not in FINAL:
        return True
    return run["state"] == RunState.CANCELLED or bool(run.get("error", {}).get("code") == ABORTED)


def failure_message(job: PipelineJob, message: str) -> str:
    """What Vertex AI says of a job of which some tasks have failed.

    Args:
        job: The job's summary.
        message: Which tasks have failed.
    """
    project = job.name.split("/")[1]
    number = job.labels.get(BILLING_LABEL, names.id_of(job.name))
    account = job.service_account.partition("-")[0]
    return (
        f"{message}; Job (project_id = {project}, job_id = {number}) is failed due to the above error.; "
        f"Failed to handle the job: {{project_number = {account}, job_id = {number}}}"
    )


def moment_of(run: Mapping[str, Any], field: str) -> Any:
    """A time of run.json as the SDK's types take it, or None."""
    text = run.get(field)
    if not text:
        return None
    stamp = Timestamp()
    stamp.FromJsonString(text)
    return stamp

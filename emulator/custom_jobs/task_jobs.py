"""Custom jobs and pipelines: the one behind each task, made from what is known of it, and who has asked for one."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import CustomJob, JobState, PipelineJob, PipelineJobDetail, PipelineTaskDetail
from google.protobuf import json_format

from emulator.api.filters import Condition
from emulator.api.names import location_of
from emulator.api.store import Store, Transaction
from emulator.custom_jobs.records import OWNERS, Job
from emulator.pipeline_jobs.records import (
    PIPELINE_DETAILS,
    PIPELINE_JOBS,
    TASK_LOGS,
    is_final,
    require_whole,
    task_log_name,
)
from emulator.pipeline_jobs.rules import BILLING_LABEL

# What a task runs on that asks for no machine.
MACHINE_TYPE = "e2-standard-4"
_STATES = {
    PipelineTaskDetail.State.PENDING: JobState.JOB_STATE_PENDING,
    PipelineTaskDetail.State.RUNNING: JobState.JOB_STATE_RUNNING,
    PipelineTaskDetail.State.SUCCEEDED: JobState.JOB_STATE_SUCCEEDED,
    PipelineTaskDetail.State.FAILED: JobState.JOB_STATE_FAILED,
    PipelineTaskDetail.State.CANCEL_PENDING: JobState.JOB_STATE_CANCELLING,
    PipelineTaskDetail.State.CANCELLING: JobState.JOB_STATE_CANCELLING,
    PipelineTaskDetail.State.CANCELLED: JobState.JOB_STATE_CANCELLED,
}


def note_owner(tx: Transaction, location: str, job: Job) -> None:
    """Notes which pipeline job at work has asked for a new job, if one has: the job ends with it.

    Args:
        tx: The present transaction.
        location: Where both are.
        job: The job; it has the value of `BILLING_LABEL`, which a run gives to all that its tasks ask for.
    """
    label = job.labels.get(BILLING_LABEL, "")
    if not label:
        return
    billed = Condition(f"labels.{BILLING_LABEL}", "=", label)
    runs = tx.walk(PIPELINE_JOBS, location, descending=True, conditions=[billed])
    owner = next((run.name for _, run in runs if not is_final(run)), "")
    if owner:
        tx.put(OWNERS, job.name, owner)


def has_ended(store: Store, owner: str) -> bool:
    """Whether a pipeline job has ended, or is gone: what it has asked for ends with it."""
    job = store.peek(PIPELINE_JOBS, owner)
    return job is None or is_final(job)


def task_job(tx: Transaction, name: str) -> CustomJob | None:
    """The custom job of that name, where it ran a task.

    Args:
        tx: The present transaction.
        name: As `executorDetail.containerDetail.mainJob` of the task tells it.
    """
    told = tx.get(TASK_LOGS, task_log_name(name))
    if told is None or location_of(told.job) != location_of(name):
        return None
    detail = tx.get(PIPELINE_DETAILS, told.job)
    for task in PipelineJobDetail.pb(detail).task_details if detail is not None else ():
        if task.executor_detail.container_detail.main_job == name:
            return _made(require_whole(tx, told.job), task)
    return None


def _made(pipeline_job: PipelineJob, task: PipelineTaskDetail) -> CustomJob:
    job = CustomJob(
        name=task.executor_detail.container_detail.main_job,
        display_name=f"{pipeline_job.name.rpartition('/')[2]}-{task.task_name}"[:128],
        labels=dict(pipeline_job.labels),
        job_spec={"worker_pool_specs": [_pool(pipeline_job, task)], "service_account": pipeline_job.service_account},
    )
    pb = CustomJob.pb(job)
    pb.state = _STATES.get(task.state, JobState.JOB_STATE_UNSPECIFIED)
    for field in ("create_time", "start_time", "end_time"):
        if task.HasField(field):
            getattr(pb, field).CopyFrom(getattr(task, field))
    pb.update_time.CopyFrom(task.end_time if task.HasField("end_time") else task.start_time)
    if task.HasField("error"):
        pb.error.CopyFrom(task.error)
    return job


def _pool(pipeline_job: PipelineJob, task: PipelineTaskDetail) -> dict[str, object]:
    """The primary's pool, with the image of the task's executor."""
    spec = json_format.MessageToDict(PipelineJob.pb(pipeline_job).pipeline_spec)
    label = spec["components"].get(f"comp-{task.task_name}", {}).get("executorLabel", "")
    container = spec["deploymentSpec"]["executors"].get(label, {}).get("container", {})
    return {
        "replica_count": 1,
        "machine_spec": {"machine_type": MACHINE_TYPE},
        "container_spec": {"image_uri": container.get("image", "")},
    }

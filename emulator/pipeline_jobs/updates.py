"""What becomes of a pipeline job's records as its run begins, goes on and ends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineJobDetail, PipelineState

from emulator.api.clock import now
from emulator.api.errors import ApiError
from emulator.api.store import Transaction
from emulator.pipeline_jobs import lineage
from emulator.pipeline_jobs.batches import finish_cancellations
from emulator.pipeline_jobs.details import detail_of, detail_of_nothing, failure_message, is_cut_off, moment_of, settled
from emulator.pipeline_jobs.records import (
    PIPELINE_DETAILS,
    PIPELINE_JOBS,
    TASK_LOGS,
    TaskLog,
    is_final,
    put_summary,
    require_whole,
    set_state,
    task_log_name,
    with_request,
)
from emulator.runner.run_json import RunState, task_folder

LOG = logging.getLogger(__name__)
CANCELLED = ApiError("CANCELLED", "The pipeline job was cancelled.")
_ENDS = {
    RunState.SUCCEEDED: PipelineState.PIPELINE_STATE_SUCCEEDED,
    RunState.FAILED: PipelineState.PIPELINE_STATE_FAILED,
    RunState.CANCELLED: PipelineState.PIPELINE_STATE_CANCELLED,
}
_FAILED_TASKS = "The DAG failed because some tasks failed."


def begin(tx: Transaction, name: str) -> PipelineJob | None:
    """Marks a waiting job as RUNNING; the job with its request, or None where it waits no longer."""
    job = tx.get(PIPELINE_JOBS, name)
    if job is None or job.state != PipelineState.PIPELINE_STATE_PENDING:
        return None
    set_state(job, PipelineState.PIPELINE_STATE_RUNNING)
    job.start_time = now()
    put_summary(tx, job)
    return with_request(tx, job)


def go_on(tx: Transaction, name: str, run: Mapping[str, Any]) -> None:
    """Writes how far a run has come; the job's own state stays, until `end`.

    Args:
        tx: The present transaction.
        name: The job's resource name.
        run: The content of run.json.
    """
    job = tx.get(PIPELINE_JOBS, name)
    if job is None or is_final(job):
        return
    _put_detail(tx, job, detail_of(name, run), run)
    put_summary(tx, job)
    _record(tx, name)


def end(tx: Transaction, name: str, run: Mapping[str, Any] | None, error: ApiError | None = None) -> None:
    """Writes that a job has ended.

    Args:
        tx: The present transaction.
        name: The job's resource name.
        run: The content of run.json; None where the run did not come so far.
        error: Why the job has ended otherwise than its run tells: it is CANCELLED or FAILED with that.
    """
    job = tx.get(PIPELINE_JOBS, name)
    if job is None or is_final(job):
        return
    if job.state == PipelineState.PIPELINE_STATE_CANCELLING and (error is not None or is_cut_off(run)):
        error = CANCELLED
    _set_end(job, run or {}, error)
    detail = PipelineJobDetail() if run is None else detail_of(name, run)
    if error is not None:
        detail = settled(detail, error, job) if run is not None else detail_of_nothing(job, error)
    _put_detail(tx, job, detail, run)
    put_summary(tx, job)
    finish_cancellations(tx)
    _record(tx, name)


def _record(tx: Transaction, name: str) -> None:
    try:
        lineage.record_run(tx, require_whole(tx, name))
    except ApiError:
        LOG.exception("What %s has done is missing from the metadata store.", name)


def _set_end(job: PipelineJob, run: Mapping[str, Any], error: ApiError | None) -> None:
    if error is not None:
        is_cancelled = error.status == "CANCELLED"
        set_state(job, _ENDS[RunState.CANCELLED if is_cancelled else RunState.FAILED])
        job.error = {"code": error.code, "message": error.message}
        job.end_time = now()
        return
    set_state(job, _ENDS[RunState(run["state"])])
    job.end_time = moment_of(run, "endTime") or now()
    if job.state == PipelineState.PIPELINE_STATE_CANCELLED:
        job.error = {"code": CANCELLED.code, "message": CANCELLED.message}
    elif job.state == PipelineState.PIPELINE_STATE_FAILED:
        told = run.get("error", {"code": 9, "message": "The run failed."})
        message = told["message"]
        if message.startswith(_FAILED_TASKS):
            message = failure_message(job, message)
        job.error = {"code": told["code"], "message": message}


def _put_detail(tx: Transaction, job: PipelineJob, detail: PipelineJobDetail, run: Mapping[str, Any] | None) -> None:
    tx.put(PIPELINE_DETAILS, job.name, detail)
    for task in (run or {}).get("jobDetail", {}).get("taskDetails", ()):
        main_job = task.get("executorDetail", {}).get("containerDetail", {}).get("mainJob", "")
        log_name = task_log_name(main_job) if main_job else ""
        if run is not None and log_name and tx.get(TASK_LOGS, log_name) is None:
            log = TaskLog(job.name, task_folder(run, task), task["taskName"], task.get("startTime", ""))
            tx.put(TASK_LOGS, log_name, log)

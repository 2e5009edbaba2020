"""PipelineService: create, get, list, cancel and delete of pipeline jobs."""

from __future__ import annotations

import hashlib
from typing import Any

from google.cloud.aiplatform_v1.types import (
    CancelPipelineJobRequest,
    Context,
    CreatePipelineJobRequest,
    DeleteOperationMetadata,
    DeletePipelineJobRequest,
    GetPipelineJobRequest,
    PipelineJob,
    PipelineState,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from emulator.api import names, operations
from emulator.api.calls import Call, Work
from emulator.api.clock import now
from emulator.api.errors import ApiError, invalid_fields, precondition
from emulator.api.store import Transaction
from emulator.metadata.records import ARTIFACT
from emulator.pipeline_jobs import lineage
from emulator.pipeline_jobs.records import (
    PIPELINE_JOBS,
    create_records,
    delete_records,
    is_final,
    put_summary,
    require_summary,
    require_whole,
    set_state,
)
from emulator.pipeline_jobs.rules import (
    BILLING_LABEL,
    job_id_violations,
    job_violations,
    output_directory,
    parent_violations,
)

__all__ = ["PIPELINE_JOBS", "admit", "begin_cancellation", "forget", "require_deletable"]

OUTPUT_ONLY = (
    "name", "create_time", "start_time", "end_time", "update_time", "state", "job_detail", "error",
    "template_metadata", "schedule_name",
)  # fmt: skip


def admit(tx: Transaction, parent: str, job: PipelineJob, job_id: str = "", schedule_name: str = "") -> PipelineJob:
    """Takes a new job in, as PENDING. The caller hands `Work("run", job.name)` on, once that is on the disk.

    Args:
        tx: The present transaction.
        parent: `projects/P/locations/L`.
        job: The job as it was sent; output-only fields are ignored.
        job_id: The id that it is to have; empty for a fresh one.
        schedule_name: The schedule that creates it, if one does.

    Raises:
        ApiError: INVALID_ARGUMENT, with all that is wrong; ALREADY_EXISTS.
    """
    violations = [
        *parent_violations(parent),
        *job_id_violations(job_id),
        *job_violations(job, has_artifact=lambda artifact_id: has_artifact(tx, parent, artifact_id)),
    ]
    if violations and job.template_uri and not job.pipeline_spec:
        raise ApiError(
            "UNIMPLEMENTED",
            f"The emulator reaches no template registry. Send the pipeline_spec of {job.template_uri} too.",
        )
    if violations:
        raise invalid_fields(violations)
    if job.runtime_config.input_artifacts:
        raise ApiError("UNIMPLEMENTED", "The emulator's runs take no input artifacts. Give their URIs as parameters.")
    admitted = PipelineJob(job)
    for field in OUTPUT_ONLY:
        PipelineJob.pb(admitted).ClearField(field)
    admitted.name = f"{parent}/pipelineJobs/{job_id or names.new_id()}"
    if tx.get(PIPELINE_JOBS, admitted.name) is not None:
        raise ApiError("ALREADY_EXISTS", "Pipeline job with the specified ID already exists.")
    _fill_in(admitted, parent, schedule_name)
    create_records(tx, admitted)
    lineage.record_run(tx, admitted)
    return admitted


def _fill_in(job: PipelineJob, parent: str, schedule_name: str) -> None:
    moment = now()
    pb = PipelineJob.pb(job)
    spec = pb.pipeline_spec.fields
    job.display_name = job.display_name or f"{spec['pipelineInfo'].struct_value['name']}-{moment:%Y%m%d%H%M%S}"
    job.create_time = job.update_time = moment
    set_state(job, PipelineState.PIPELINE_STATE_PENDING)
    job.schedule_name = schedule_name
    job.service_account = job.service_account or default_account(parent)
    job.labels[BILLING_LABEL] = names.new_id()
    root = spec["defaultPipelineRoot"].string_value if "defaultPipelineRoot" in spec else ""
    config = pb.runtime_config
    config.gcs_output_directory = output_directory(config.gcs_output_directory, {"defaultPipelineRoot": root})


def default_account(parent: str) -> str:
    """The service account of a job that names none. A guess at the project's number, which nobody here knows."""
    digest = int.from_bytes(hashlib.sha256(parent.split("/")[1].encode()).digest()[:8], "big")
    return f"{10**11 + digest % (9 * 10**11)}-compute@developer.gserviceaccount.com"


def has_artifact(tx: Transaction, parent: str, artifact_id: str) -> bool:
    """Whether the default metadata store of a location holds the artifact of an id."""
    name = f"{parent}/metadataStores/{lineage.STORE_ID}/artifacts/{artifact_id}"
    return tx.get(ARTIFACT.table, name) is not None


def create_pipeline_job(call: Call[CreatePipelineJobRequest]) -> PipelineJob:
    """CreatePipelineJob: the job waits for its turn."""
    request = call.request
    job = admit(call.tx, request.parent, request.pipeline_job, request.pipeline_job_id)
    call.work.append(Work("run", job.name))
    return job


def get_pipeline_job(call: Call[GetPipelineJobRequest]) -> PipelineJob:
    """GetPipelineJob: all that is known of a job."""
    job = require_whole(call.tx, call.request.name)
    set_contexts(call.tx, job)
    return job


def set_contexts(tx: Transaction, job: PipelineJob, seen: dict[str, Context] | None = None) -> None:
    """Fills in the contexts of a job's pipeline and run, where there are any yet; `seen` as for `contexts_of`."""
    pb = PipelineJob.pb(job)
    pipeline, run = map(Context.pb, lineage.contexts_of(tx, pb.name, seen))
    if run.name:
        pb.job_detail.pipeline_context.CopyFrom(pipeline)
        pb.job_detail.pipeline_run_context.CopyFrom(run)


def cancel_pipeline_job(call: Call[CancelPipelineJobRequest]) -> Empty:
    """CancelPipelineJob: asks for a job's end. It is CANCELLED once its processes have ended."""
    job = require_summary(call.tx, call.request.name)
    if is_final(job):
        raise precondition(f'The PipelineJob "{job.name}" is in state {job.state.name} and cannot be canceled.')
    begin_cancellation(call, job)
    return Empty()


def begin_cancellation(call: Call[Any], job: PipelineJob) -> None:
    """Begins the end of a job that runs or waits."""
    if job.state != PipelineState.PIPELINE_STATE_CANCELLING:
        set_state(job, PipelineState.PIPELINE_STATE_CANCELLING)
        put_summary(call.tx, job)
    call.work.append(Work("stop", job.name))


def delete_pipeline_job(call: Call[DeletePipelineJobRequest]) -> Operation:
    """DeletePipelineJob: forgets a job that has ended, and removes its folder. Objects in its bucket stay."""
    job = require_summary(call.tx, call.request.name)
    require_deletable(job)
    forget(call, job.name)
    return operations.done(call.tx, names.location_of(job.name), DeleteOperationMetadata())


def require_deletable(job: PipelineJob) -> None:
    """Refuses to go on where a job has not ended.

    Raises:
        ApiError: FAILED_PRECONDITION.
    """
    if not is_final(job):
        raise precondition(
            f'The PipelineJob "{job.name}" is in state {job.state.name} and cannot be deleted. Cancel it first.'
        )


def forget(call: Call[Any], name: str) -> None:
    """Forgets a job, and has its folder removed."""
    delete_records(call.tx, name)
    call.work.append(Work("remove", name))

"""JobService: create, get, list, cancel and delete of custom jobs."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    CancelCustomJobRequest,
    CreateCustomJobRequest,
    CustomJob,
    CustomJobSpec,
    DeleteCustomJobRequest,
    DeleteOperationMetadata,
    GetCustomJobRequest,
    JobState,
    ListCustomJobsRequest,
    ListCustomJobsResponse,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from emulator.api import names, operations
from emulator.api.calls import Call, Work
from emulator.api.clock import now
from emulator.api.errors import ApiError, invalid_fields, not_found, precondition
from emulator.api.filters import parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.store import Transaction
from emulator.custom_jobs.records import (
    CUSTOM_JOBS,
    FILTER_FIELDS,
    JOB_LOGS,
    OWNERS,
    TRIAL_IDS,
    is_final,
    logs_name,
    put_state,
)
from emulator.custom_jobs.rules import job_violations
from emulator.custom_jobs.task_jobs import note_owner, task_job

OUTPUT_ONLY = ("name", "state", "create_time", "start_time", "end_time", "update_time", "error", "web_access_uris")


def create_custom_job(call: Call[CreateCustomJobRequest]) -> CustomJob:
    """CreateCustomJob: the job waits for its turn."""
    request = call.request
    violations = job_violations(request.custom_job)
    if violations:
        raise invalid_fields(violations)
    require_resources(request.parent, request.custom_job.job_spec)
    job = CustomJob(request.custom_job)
    for field in OUTPUT_ONLY:
        CustomJob.pb(job).ClearField(field)
    job.name = f"{request.parent}/customJobs/{names.new_id()}"
    job.create_time = now()
    put_state(call.tx, job, JobState.JOB_STATE_PENDING)
    note_owner(call.tx, request.parent, job)
    call.work.append(Work("run", job.name))
    return job


def require_resources(parent: str, spec: CustomJobSpec) -> None:
    """Refuses what a job names and is not there: persistent resources are not served.

    Raises:
        ApiError: NOT_FOUND.
    """
    if spec.persistent_resource_id:
        raise not_found("PersistentResource", f"{parent}/persistentResources/{spec.persistent_resource_id}")


def require(tx: Transaction, name: str) -> CustomJob:
    """The custom job of that name, those behind the tasks of pipelines among them.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.get(CUSTOM_JOBS, name) or task_job(tx, name) or tx.require(CUSTOM_JOBS, name, "CustomJob")


def get_custom_job(call: Call[GetCustomJobRequest]) -> CustomJob:
    """GetCustomJob: all that is known of a job."""
    return require(call.tx, call.request.name)


def list_custom_jobs(call: Call[ListCustomJobsRequest]) -> ListCustomJobsResponse:
    """ListCustomJobs, newest first; those behind the tasks of pipelines are told one at a time alone."""
    request = call.request
    keep = parse_filter(request.filter, FILTER_FIELDS)
    shown, token = page_of_records(call.tx, CUSTOM_JOBS, request.parent, request, keep)
    return ListCustomJobsResponse(custom_jobs=read(shown, request.read_mask), next_page_token=token)


def cancel_custom_job(call: Call[CancelCustomJobRequest]) -> Empty:
    """CancelCustomJob: asks for a job's end. It is CANCELLED once its replicas have ended."""
    job = require(call.tx, call.request.name)
    if is_final(job):
        raise precondition(f'The CustomJob "{job.name}" is in state {job.state.name} and cannot be canceled.')
    _require_own(call.tx, job, "canceled")
    if job.state != JobState.JOB_STATE_CANCELLING:
        put_state(call.tx, job, JobState.JOB_STATE_CANCELLING)
    call.work.append(Work("stop", job.name))
    return Empty()


def delete_custom_job(call: Call[DeleteCustomJobRequest]) -> Operation:
    """DeleteCustomJob: forgets a job that has ended, and its logs."""
    job = require(call.tx, call.request.name)
    if not is_final(job):
        raise precondition(
            f'The CustomJob "{job.name}" is in state {job.state.name} and cannot be deleted. Cancel it first.'
        )
    _require_own(call.tx, job, "deleted")
    call.work.append(remove(call.tx, job.name))
    return operations.done(call.tx, names.location_of(job.name), DeleteOperationMetadata())


def remove(tx: Transaction, name: str) -> Work:
    """Forgets a custom job and its logs; what is left to do."""
    tx.delete(CUSTOM_JOBS, name)
    tx.delete(JOB_LOGS, logs_name(name))
    tx.delete(OWNERS, name)
    tx.delete(TRIAL_IDS, name)
    return Work("remove", name)


def _require_own(tx: Transaction, job: CustomJob, done: str) -> None:
    if tx.get(CUSTOM_JOBS, job.name) is None:
        raise ApiError(
            "FAILED_PRECONDITION",
            f'The CustomJob "{job.name}" runs a task of a pipeline job, and cannot be {done} by itself.',
        )

"""JobService: create, get, list, cancel and delete of hyperparameter tuning jobs."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    CancelHyperparameterTuningJobRequest,
    CreateHyperparameterTuningJobRequest,
    DeleteHyperparameterTuningJobRequest,
    DeleteOperationMetadata,
    GetHyperparameterTuningJobRequest,
    HyperparameterTuningJob,
    JobState,
    ListHyperparameterTuningJobsRequest,
    ListHyperparameterTuningJobsResponse,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from emulator.api import names, operations
from emulator.api.calls import Call, Work
from emulator.api.clock import now
from emulator.api.errors import ApiError, invalid_fields, precondition
from emulator.api.filters import parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.store import Transaction
from emulator.custom_jobs.methods import remove, require_resources
from emulator.custom_jobs.records import FILTER_FIELDS, OWNERS, is_final
from emulator.custom_jobs.task_jobs import note_owner
from emulator.tuning_jobs.records import TRIALS, TUNING_JOBS, put_state, with_trials
from emulator.tuning_jobs.rules import job_violations, unserved
from emulator.tuning_jobs.search import is_optuna_there, needs_optuna

OUTPUT_ONLY = (
    "name", "trials", "state", "create_time", "start_time", "end_time", "update_time", "error", "satisfies_pzs",
    "satisfies_pzi",
)  # fmt: skip
NOUN = "HyperparameterTuningJob"


def create_tuning_job(call: Call[CreateHyperparameterTuningJobRequest]) -> HyperparameterTuningJob:
    """CreateHyperparameterTuningJob: the first trials begin at once."""
    request = call.request
    given = request.hyperparameter_tuning_job
    violations = job_violations(given)
    if violations:
        raise invalid_fields(violations)
    if message := unserved(given.study_spec):
        raise ApiError("UNIMPLEMENTED", message)
    require_resources(request.parent, given.trial_job_spec)
    if needs_optuna(given.study_spec.algorithm) and not is_optuna_there():
        raise precondition(
            "The emulator lets Optuna search, which is not installed here. Install it beside the emulator (make setup "
            "does; or pip install 'optuna>=5,<6'), or use GRID_SEARCH, which needs none."
        )
    job = HyperparameterTuningJob(given)
    for field in OUTPUT_ONLY:
        HyperparameterTuningJob.pb(job).ClearField(field)
    job.name = f"{request.parent}/hyperparameterTuningJobs/{names.new_id()}"
    job.create_time = now()
    put_state(call.tx, job, JobState.JOB_STATE_PENDING)
    note_owner(call.tx, request.parent, job)
    call.work.append(Work("run", job.name))
    return job


def require(tx: Transaction, name: str) -> HyperparameterTuningJob:
    """The tuning job of that name, without its trials.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(TUNING_JOBS, name, NOUN)


def get_tuning_job(call: Call[GetHyperparameterTuningJobRequest]) -> HyperparameterTuningJob:
    """GetHyperparameterTuningJob: all that is known of a job, its trials so far among it."""
    return with_trials(call.tx, require(call.tx, call.request.name))


def list_tuning_jobs(call: Call[ListHyperparameterTuningJobsRequest]) -> ListHyperparameterTuningJobsResponse:
    """ListHyperparameterTuningJobs, newest first."""
    request = call.request
    keep = parse_filter(request.filter, FILTER_FIELDS)
    shown, token = page_of_records(call.tx, TUNING_JOBS, request.parent, request, keep)
    jobs = read([with_trials(call.tx, job) for job in shown], request.read_mask)
    return ListHyperparameterTuningJobsResponse(hyperparameter_tuning_jobs=jobs, next_page_token=token)


def cancel_tuning_job(call: Call[CancelHyperparameterTuningJobRequest]) -> Empty:
    """CancelHyperparameterTuningJob: asks for a job's end. It is CANCELLED once its trials have ended."""
    job = require(call.tx, call.request.name)
    if is_final(job):
        raise precondition(f'The {NOUN} "{job.name}" is in state {job.state.name} and cannot be canceled.')
    if job.state != JobState.JOB_STATE_CANCELLING:
        put_state(call.tx, job, JobState.JOB_STATE_CANCELLING)
    call.work.append(Work("stop", job.name))
    return Empty()


def delete_tuning_job(call: Call[DeleteHyperparameterTuningJobRequest]) -> Operation:
    """DeleteHyperparameterTuningJob: forgets a job that has ended, its trials and their custom jobs."""
    job = require(call.tx, call.request.name)
    if not is_final(job):
        raise precondition(
            f'The {NOUN} "{job.name}" is in state {job.state.name} and cannot be deleted. Cancel it first.'
        )
    for trial in call.tx.children(TRIALS, job.name):
        call.work.append(remove(call.tx, trial.custom_job))
    call.tx.delete_children(TRIALS, job.name)
    call.tx.delete(TUNING_JOBS, job.name)
    call.tx.delete(OWNERS, job.name)
    return operations.done(call.tx, names.location_of(job.name), DeleteOperationMetadata())

"""How custom jobs are kept."""

from __future__ import annotations

import json
from typing import NamedTuple

from google.cloud.aiplatform_v1.types import CustomJob, HyperparameterTuningJob, JobState

from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.errors import ApiError
from emulator.api.facts import Facts
from emulator.api.filters import TIME_OPERATORS, WILDCARD_OPERATORS, Field, time_of
from emulator.api.names import id_of
from emulator.api.store import Table, Transaction

FINAL_STATES = {JobState.JOB_STATE_SUCCEEDED, JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED}
CANCELLED = ApiError("CANCELLED", "The custom job was cancelled.")

FILTER_FIELDS = {
    "display_name": Field(lambda job: job.display_name, operators=WILDCARD_OPERATORS),
    "state": Field(lambda job: JobState(job.state).name),
    "create_time": Field(time_of("create_time"), kind="time", operators=TIME_OPERATORS),
    "update_time": Field(time_of("update_time"), kind="time", operators=TIME_OPERATORS),
    "start_time": Field(time_of("start_time"), kind="time", operators=TIME_OPERATORS),
    "end_time": Field(time_of("end_time"), kind="time", operators=TIME_OPERATORS),
    "labels": Field(lambda job: job.labels, kind="labels"),
}
CUSTOM_JOBS = table("custom_jobs", CustomJob, Facts(FILTER_FIELDS))


class JobLogs(NamedTuple):
    """Where the logs of a job lie.

    Attributes:
        job: The job's resource name.
        begun: When it began, in RFC 3339.
        replicas: The names of its replicas.
    """

    job: str
    begun: str
    replicas: list[str]


# Named as `logs_name` has it.
JOB_LOGS: Table[JobLogs] = Table("custom_job_logs", encode=json.dumps, decode=lambda text: JobLogs(*json.loads(text)))


# By the name of a job, a custom or a tuning one, that a task of a pipeline has asked for: the pipeline job.
OWNERS: Table[str] = Table("custom_job_owners", encode=str, decode=str)

# By the name of a job that is a trial of a tuning job: the trial's id.
TRIAL_IDS: Table[str] = Table("custom_job_trials", encode=str, decode=str)

# Their states and times have the same names.
Job = CustomJob | HyperparameterTuningJob


def logs_name(job: str) -> str:
    """Under which name a job's logs are known, as Cloud Logging names no location: projects/P/customJobs/N."""
    return f"projects/{job.split('/')[1]}/customJobs/{id_of(job)}"


def is_final(job: Job) -> bool:
    """Whether a job has ended."""
    return job.state in FINAL_STATES


def set_state(job: Job, state: int, error: ApiError | None = None) -> None:
    """Sets a job's new state, with the times that belong to it.

    Args:
        job: The job.
        state: A value of JobState, which the SDK declares as an int.
        error: Why it has failed or was cancelled.
    """
    pb = type(job).pb(job)
    pb.state = state
    job.update_time = now()
    if state == JobState.JOB_STATE_RUNNING and not pb.HasField("start_time"):
        job.start_time = job.update_time
    if is_final(job):
        job.end_time = job.update_time
    if error is not None:
        job.error = {"code": error.code, "message": error.message}


def put_state(tx: Transaction, job: CustomJob, state: int, error: ApiError | None = None) -> None:
    """Writes a job's new state; see `set_state`."""
    set_state(job, state, error)
    tx.put(CUSTOM_JOBS, job.name, job)

"""How tuning jobs and their trials are kept: each trial by itself, so that a report writes no others anew."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import HyperparameterTuningJob, Trial

from emulator.api.codec import table
from emulator.api.errors import ApiError
from emulator.api.facts import Facts
from emulator.api.store import Transaction
from emulator.custom_jobs.records import FILTER_FIELDS, set_state

CANCELLED = ApiError("CANCELLED", "The hyperparameter tuning job was cancelled.")
# A label that tells the search's seed; without it the display name does.
SEED_LABEL = "tuning-seed"

# Without their trials.
TUNING_JOBS = table("tuning_jobs", HyperparameterTuningJob, Facts(FILTER_FIELDS))
# Named as `trial_name` has it.
TRIALS = table("tuning_trials", Trial)


def trial_name(job: str, trial: str) -> str:
    """Under which name a trial is kept, given the job's name and the trial's id."""
    return f"{job}/trials/{trial}"


def with_trials(tx: Transaction, job: HyperparameterTuningJob) -> HyperparameterTuningJob:
    """A job as it is shown: with its trials, in the order in which they began."""
    job.trials = tx.children(TRIALS, job.name)
    return job


def put_state(tx: Transaction, job: HyperparameterTuningJob, state: int, error: ApiError | None = None) -> None:
    """Writes a job's new state; see custom_jobs' own."""
    set_state(job, state, error)
    tx.put(TUNING_JOBS, job.name, job)

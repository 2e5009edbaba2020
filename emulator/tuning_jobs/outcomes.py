"""How a trial ends, and how a tuning job does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from google.cloud.aiplatform_v1.types import CustomJob, HyperparameterTuningJob, JobState, StudySpec, Trial

from emulator.api.clock import now
from emulator.api.errors import ApiError
from emulator.tuning_jobs.measurements import (
    Reports,
    best_of,
    faulty_metric,
    last_of,
    measurement,
    missing_metric,
    points_of,
)
from emulator.tuning_jobs.records import CANCELLED

# A guess. Where maxFailedTrialCount is 0, a job fails once its first trials have: so many, or all that run in parallel.
FIRST_FAILED = 3
CUT_SHORT = "The tuning job ended before the trial did."
ACTIVE, STOPPING = Trial.State.ACTIVE, Trial.State.STOPPING
SUCCEEDED, INFEASIBLE = Trial.State.SUCCEEDED, Trial.State.INFEASIBLE
FINAL_STATES = {SUCCEEDED, INFEASIBLE}


class Verdict(NamedTuple):
    """How a job is to end.

    Attributes:
        state: A value of JobState.
        error: Why it has not succeeded.
    """

    state: int
    error: ApiError | None = None


def maximizes(study: StudySpec) -> bool:
    """Whether more of a study's metric is better, as it is where nothing is said."""
    return study.metrics[0].goal != StudySpec.MetricSpec.GoalType.MINIMIZE


def end_trial(trial: Trial, child: CustomJob, reports: Reports, study: StudySpec, *, is_ending: bool) -> None:
    """Ends a trial whose custom job has ended.

    Args:
        trial: The trial, with all its measurements. One in the state STOPPING was asked to end.
        child: Its custom job.
        reports: What it has reported.
        study: What is searched for.
        is_ending: Whether the tuning job is ending, too.
    """
    metric = study.metrics[0].metric_id
    points = points_of(trial)
    was_stopped = child.state == JobState.JOB_STATE_CANCELLED and trial.state == STOPPING
    if was_stopped and is_ending:
        end_infeasible(trial, CUT_SHORT)
    elif child.state != JobState.JOB_STATE_SUCCEEDED and not was_stopped:
        end_infeasible(trial, child.error.message)
    elif reports.faulty is not None:
        end_infeasible(trial, faulty_metric(metric, reports.faulty))
    elif not points:
        end_infeasible(trial, missing_metric(metric, reports))
    else:
        is_best = study.measurement_selection_type == StudySpec.MeasurementSelectionType.BEST_MEASUREMENT
        chosen = best_of(points, maximizes=maximizes(study)) if is_best else last_of(points)
        trial.final_measurement = measurement(chosen, metric)
        _end(trial, SUCCEEDED)


def end_infeasible(trial: Trial, reason: str) -> None:
    """Ends a trial without a final measurement."""
    trial.infeasible_reason = reason
    _end(trial, INFEASIBLE)


def _end(trial: Trial, state: int) -> None:
    Trial.pb(trial).state = state
    trial.end_time = now()


def verdict_of(job: HyperparameterTuningJob, trials: Sequence[Trial], *, is_exhausted: bool) -> Verdict | None:
    """How a job is to end; None while trials are still to come, or to end.

    Args:
        job: The job.
        trials: Its trials, in the order of their ids.
        is_exhausted: Whether there are no more values to try.
    """
    if job.state == JobState.JOB_STATE_CANCELLING:
        return Verdict(JobState.JOB_STATE_CANCELLED, CANCELLED)
    failed = [trial for trial in trials if trial.state == INFEASIBLE and trial.infeasible_reason != CUT_SHORT]
    if why := _too_many(job, trials, failed):
        return _failure(why, failed)
    is_done = is_exhausted or len(trials) >= job.max_trial_count
    if not is_done or any(trial.state not in FINAL_STATES for trial in trials):
        return None
    if len(failed) == len(trials):
        return _failure(f"None of the {len(trials)} trials has succeeded.", failed)
    return Verdict(JobState.JOB_STATE_SUCCEEDED)


def _failure(why: str, failed: Sequence[Trial]) -> Verdict:
    last = max(failed, key=lambda trial: Trial.pb(trial).end_time.ToNanoseconds())
    message = f"{why} The last to fail was trial {last.id}: {last.infeasible_reason}"
    return Verdict(JobState.JOB_STATE_FAILED, ApiError("INVALID_ARGUMENT", message))


def _too_many(job: HyperparameterTuningJob, trials: Sequence[Trial], failed: Sequence[Trial]) -> str:
    """That too many trials have failed for the job to go on, in a sentence; empty where they have not."""
    most = job.max_failed_trial_count
    if most:
        return (
            f"{len(failed)} of {len(trials)} trials have failed; maxFailedTrialCount is {most}."
            if len(failed) >= most
            else ""
        )
    count = max(FIRST_FAILED, job.parallel_trial_count)
    ids = {trial.id for trial in failed}
    is_hopeless = len(trials) >= count and all(trial.id in ids for trial in trials[:count])
    return f"The first {count} trials have all failed." if is_hopeless else ""

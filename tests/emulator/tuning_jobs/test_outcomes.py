from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob, HyperparameterTuningJob, JobState, Trial

from emulator.api.codec import parse_message
from emulator.tuning_jobs.measurements import Point, Reports, with_reports
from emulator.tuning_jobs.outcomes import CUT_SHORT, end_infeasible, end_trial, verdict_of
from tests.emulator.tuning_jobs.studies import tuning_job

CURVE = Reports([Point(1, 1.0, 0.9), Point(2, 2.0, 0.8)], is_empty=False)
STATES = {"ok": "SUCCEEDED", "bad": "INFEASIBLE", "at work": "ACTIVE", "cut": "INFEASIBLE"}


def job(trials: int = 4, **fields: Any) -> HyperparameterTuningJob:
    return parse_message(HyperparameterTuningJob, tuning_job("", trials=trials, **fields))


def ended(
    child: str, reports: Reports = CURVE, state: str = "ACTIVE", *, is_ending: bool = False, **study: Any
) -> Trial:
    trial = Trial(id="1", state=state)
    with_reports(trial, reports, "accuracy", maximizes=True)
    custom = CustomJob(state=f"JOB_STATE_{child}", error={"code": 3, "message": "It broke."})
    end_trial(trial, custom, reports, job(study=study).study_spec, is_ending=is_ending)
    return trial


def final(trial: Trial) -> tuple[str, float | None]:
    metrics = trial.final_measurement.metrics
    return trial.state.name, metrics[0].value if metrics else None


def test_the_last_measurement_counts_unless_the_best_is_asked_for() -> None:
    assert final(ended("SUCCEEDED")) == ("SUCCEEDED", 0.8)
    assert final(ended("SUCCEEDED", measurementSelectionType="BEST_MEASUREMENT")) == ("SUCCEEDED", 0.9)


def test_a_trial_that_was_stopped_early_has_succeeded() -> None:
    assert final(ended("CANCELLED", state="STOPPING")) == ("SUCCEEDED", 0.8)


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (ended("FAILED"), "It broke."),
        (ended("CANCELLED"), "It broke."),
        (ended("CANCELLED", state="STOPPING", is_ending=True), CUT_SHORT),
        (ended("SUCCEEDED", Reports()), 'reported no value of the metric "accuracy"'),
        (
            ended("SUCCEEDED", Reports(CURVE.points, faulty="nan")),
            'reported "nan" for the metric "accuracy", which must',
        ),
    ],
)
def test_a_trial_without_a_final_measurement_is_infeasible_and_says_why(trial: Trial, reason: str) -> None:
    assert final(trial) == ("INFEASIBLE", None)
    assert reason in trial.infeasible_reason
    assert trial.end_time


def verdict(*trials: str, is_exhausted: bool = False, **fields: Any) -> tuple[str, str] | None:
    made = []
    for number, kind in enumerate(trials, start=1):
        trial = Trial(id=str(number), state=STATES[kind])
        if trial.state == Trial.State.INFEASIBLE:
            end_infeasible(trial, CUT_SHORT if kind == "cut" else "It broke.")
        made.append(trial)
    found = verdict_of(job(**fields), made, is_exhausted=is_exhausted)
    return found and (JobState(found.state).name.removeprefix("JOB_STATE_"), found.error.message if found.error else "")


@pytest.mark.parametrize(
    ("trials", "fields"),
    [
        ([], {}),
        (["ok", "ok", "ok", "at work"], {}),
        (["bad", "bad", "ok"], {}),
        (["bad", "bad", "at work"], {}),
        (["bad", "bad", "bad"], {"parallelTrialCount": 4}),
        (["bad", "bad", "ok"], {"maxFailedTrialCount": 3}),
        (["bad", "cut"], {"maxFailedTrialCount": 2}),
    ],
)
def test_a_job_goes_on(trials: list[str], fields: dict[str, Any]) -> None:
    assert verdict(*trials, **fields) is None


@pytest.mark.parametrize(
    ("trials", "fields", "message"),
    [
        (["bad", "bad", "bad"], {}, "The first 3 trials have all failed. The last to fail was trial 3: It broke."),
        (["ok", "bad", "bad"], {"maxFailedTrialCount": 2}, "2 of 3 trials have failed; maxFailedTrialCount is 2."),
        (["bad", "at work"], {"maxFailedTrialCount": 1}, "1 of 2 trials have failed; maxFailedTrialCount is 1."),
        (["bad", "bad"], {"trials": 2}, "None of the 2 trials has succeeded. The last to fail was trial 2: It broke."),
        (["bad"], {"is_exhausted": True}, "None of the 1 trials has succeeded."),
    ],
)
def test_a_job_fails_and_says_why(trials: list[str], fields: dict[str, Any], message: str) -> None:
    found = verdict(*trials, **fields)
    assert found is not None
    assert found[0] == "FAILED"
    assert message in found[1]


def test_a_job_has_succeeded_once_one_trial_has() -> None:
    assert verdict("ok", "bad", "bad", "bad") == ("SUCCEEDED", "")
    assert verdict("ok", is_exhausted=True) == ("SUCCEEDED", "")

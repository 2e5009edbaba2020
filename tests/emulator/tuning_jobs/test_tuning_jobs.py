"""Tuning jobs on a real emulator, as plain HTTP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.tuning_jobs.studies import FEW, pool, tuning_job
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator
from tests.patience import eventually

pytestmark = pytest.mark.run

JOBS = f"{LOCATION}/hyperparameterTuningJobs"
GRID = {"algorithm": "GRID_SEARCH"}
FINAL = {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"}


def created(emulator: VertexEmulator, program: str, *parameters: dict[str, Any], **fields: Any) -> str:
    return str(emulator.post(JOBS, tuning_job(program, *parameters, **fields))["name"])


def ended(emulator: VertexEmulator, name: str) -> dict[str, Any]:
    return eventually(lambda: emulator.get(name), lambda job: job["state"] in FINAL)


def trials(emulator: VertexEmulator, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.get(name).get("trials", [])
    return found


def values(trial: dict[str, Any]) -> dict[str, Any]:
    return {one["parameterId"]: one["value"] for one in trial["parameters"]}


def results(job: dict[str, Any]) -> list[tuple[str, str, float | None]]:
    """Of each trial: id, state, final value, which JSON leaves out where it is 0."""
    finals = [one["finalMeasurement"]["metrics"][0] if "finalMeasurement" in one else None for one in job["trials"]]
    reached = [None if final is None else final.get("value", 0.0) for final in finals]
    return [(one["id"], one["state"], value) for one, value in zip(job["trials"], reached, strict=True)]


def log(emulator: VertexEmulator, custom_job: str, replica: str = "workerpool0-0") -> str:
    return (emulator.folder / "custom_jobs" / custom_job.rpartition("/")[2] / f"{replica}.log").read_text()


def pids(folder: Path) -> list[int]:
    """The processes of trials that wrote their numbers into a folder."""
    return [int(path.read_text()) for path in folder.glob("pid*") if path.read_text()]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def waiting(tmp_path: Path) -> str:
    """What a trial does that tells its process, reports its x and waits for the file `go`."""
    pid, go = str(tmp_path / "pid"), str(tmp_path / "go")
    return f"open({pid!r} + trial, 'w').write(str(os.getpid()))\nreport(x)\nwait_for({go!r})\n"


def test_a_trial_is_a_custom_job_of_its_own(emulator: VertexEmulator) -> None:
    told = "('CLOUD_ML_TRIAL_ID', 'AIP_MODEL_DIR', 'CLUSTER_SPEC', 'TF_CONFIG', 'CLOUD_ML_HP_METRIC_FILE')"
    say = f"print(json.dumps([sys.argv[1:], {{name: os.environ.get(name) for name in {told}}}]), flush=True)\n"
    other = f"{say}import time; time.sleep(3600)"
    # The primary ends once the worker has said what it knows, and reports where the worker, too, would.
    wait = "while not os.path.getsize(os.environ['CLOUD_ML_HP_METRIC_FILE'].replace('0-0.metrics', '1-0.log')):\n"
    primary = f"{say}report(0.5)\n{wait}    time.sleep(0.02)\n"
    spec = {"baseOutputDirectory": {"outputUriPrefix": "gs://b/out/"}}
    pools = [pool(primary), pool(f"report(0.1, tag='other')\n{other}")]
    name = created(emulator, "", FEW, trials=2, study=GRID, pools=pools, job=spec, labels={"crew": "a"})
    job = ended(emulator, name)
    assert job["state"] == "JOB_STATE_SUCCEEDED", job
    assert results(job) == [("1", "SUCCEEDED", 0.5), ("2", "SUCCEEDED", 0.5)]
    assert [values(one) for one in job["trials"]] == [{"x": 1.0}, {"x": 2.0}]
    child = emulator.get(job["trials"][1]["customJob"])
    assert child["displayName"] == "tuned-trial-2"
    assert child["labels"] == {"crew": "a"}
    assert [one["containerSpec"]["args"] for one in child["jobSpec"]["workerPoolSpecs"]] == [["--x=2.0"]] * 2
    for replica, kind in (("workerpool0-0", "chief"), ("workerpool1-0", "worker")):
        arguments, found = json.loads(log(emulator, child["name"], replica))
        assert arguments == ["--x=2.0"]
        assert (found["CLOUD_ML_TRIAL_ID"], found["AIP_MODEL_DIR"]) == ("2", "gs://b/out/2/model/")
        assert json.loads(found["CLUSTER_SPEC"])["task"]["trial"] == "2"
        assert json.loads(found["TF_CONFIG"])["task"] == {"type": kind, "index": 0, "trial": "2"}
    assert job["startTime"] <= job["trials"][0]["startTime"] <= job["trials"][0]["endTime"] <= job["endTime"]


def test_measurements_are_told_while_a_trial_runs(emulator: VertexEmulator, tmp_path: Path) -> None:
    go = tmp_path / "go"
    name = created(emulator, f"report(0.5, 10)\nreport(0.9, 20)\nwait_for({str(go)!r})\nreport(0.8, 30)")
    (trial,) = eventually(lambda: [one for one in trials(emulator, name) if len(one.get("measurements", [])) == 2])
    assert trial["state"] == "ACTIVE"
    assert [(one["stepCount"], one["metrics"]) for one in trial["measurements"]] == [
        ("10", [{"metricId": "accuracy", "value": 0.5}]),
        ("20", [{"metricId": "accuracy", "value": 0.9}]),
    ]
    go.touch()
    final = ended(emulator, name)["trials"][0]["finalMeasurement"]
    assert (final["stepCount"], final["metrics"][0]["value"]) == ("30", 0.8)
    assert final["elapsedDuration"].endswith("s")


def test_no_more_trials_run_at_once_than_asked_for(emulator: VertexEmulator, tmp_path: Path, waiting: str) -> None:
    name = created(emulator, waiting, FEW, trials=3, parallelTrialCount=2, study=GRID)
    eventually(lambda: len(pids(tmp_path)) == 2)
    assert [one["state"] for one in trials(emulator, name)] == ["ACTIVE", "ACTIVE"]
    (tmp_path / "go").touch()
    assert len(results(ended(emulator, name))) == 3


def test_a_grid_ends_though_more_trials_were_asked_for(emulator: VertexEmulator) -> None:
    program = "report(x)"
    job = ended(emulator, created(emulator, program, FEW, trials=9, parallelTrialCount=3, study=GRID))
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert results(job) == [(str(n), "SUCCEEDED", float(n)) for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def conditional(emulator: VertexEmulator) -> dict[str, Any]:
    """A job with a parameter under a condition, as it has ended; its trials report 1 where that was given."""
    child = {"parameterId": "momentum", "doubleValueSpec": {"minValue": 0.5, "maxValue": 0.9}}
    parent = {
        "parameterId": "by",
        "categoricalValueSpec": {"values": ["sgd", "adam"]},
        "conditionalParameterSpecs": [{"parentCategoricalValues": {"values": ["sgd"]}, "parameterSpec": child}],
    }
    program = "report(float('momentum' in given))"
    fields = {"trials": 6, "parallelTrialCount": 3, "study": {"algorithm": "RANDOM_SEARCH"}}
    return ended(emulator, created(emulator, program, parent, labels={"tuning-seed": "both"}, **fields))


def test_a_parameter_under_a_condition_is_given_where_it_holds(conditional: dict[str, Any]) -> None:
    given = [values(one) for one in conditional["trials"]]
    assert {one["by"] for one in given} == {"sgd", "adam"}
    assert all(("momentum" in one) == (one["by"] == "sgd") for one in given)
    assert [value for _, _, value in results(conditional)] == [float("momentum" in one) for one in given]


def test_the_label_of_a_seed_repeats_a_search(emulator: VertexEmulator, conditional: dict[str, Any]) -> None:
    sent = {key: conditional[key] for key in ("displayName", "studySpec", "trialJobSpec", "labels")}
    again = emulator.post(JOBS, {**sent, "maxTrialCount": 2, "parallelTrialCount": 2})
    found = ended(emulator, again["name"])["trials"]
    assert [values(one) for one in found] == [values(one) for one in conditional["trials"][:2]]


def test_a_trial_that_falls_behind_is_stopped_and_counts(emulator: VertexEmulator) -> None:
    more = {"parameterId": "x", "discreteValueSpec": {"values": [5, 6, 7, 8, 9, 10, 11]}}
    # The sixth one begins well behind the others and would never end.
    program = "worse = trial == '6'\nreport(-float(x) if worse else x, 1)\nif worse:\n    time.sleep(3600)"
    study = {**GRID, "medianAutomatedStoppingSpec": {}, "measurementSelectionType": "BEST_MEASUREMENT"}
    job = ended(emulator, created(emulator, program, more, trials=7, study=study))
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert results(job)[5:] == [("6", "SUCCEEDED", -10.0), ("7", "SUCCEEDED", 11.0)]
    assert emulator.get(job["trials"][5]["customJob"])["state"] == "JOB_STATE_CANCELLED"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("report('nan')", 'The trial reported "nan" for the metric "accuracy", which must be a finite number.'),
        ("report(1, tag='acuracy')", 'The trial reported no value of the metric "accuracy". Received: "acuracy".'),
        ("print('nothing')", 'The trial reported no value of the metric "accuracy", nor anything else.'),
        ("report(1); sys.exit('sorry')", "The replica workerpool0-0 exited with a non-zero status of 1."),
        ("os.kill(os.getpid(), 9)", "The replica workerpool0-0 exited with a non-zero status of 137."),
    ],
)
def test_a_trial_without_a_value_is_infeasible_and_the_others_go_on(
    emulator: VertexEmulator, program: str, reason: str
) -> None:
    at_first = f"if trial == '1':\n    {program}\nelse:\n    report(x)"
    job = ended(emulator, created(emulator, at_first, FEW, trials=2, study=GRID))
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert results(job) == [("1", "INFEASIBLE", None), ("2", "SUCCEEDED", 2.0)]
    assert job["trials"][0]["infeasibleReason"].startswith(reason)


def test_a_job_whose_trials_all_fail_fails_with_their_reason(emulator: VertexEmulator) -> None:
    job = ended(emulator, created(emulator, "sys.exit('sorry')", trials=9))
    assert job["state"] == "JOB_STATE_FAILED"
    assert len(job["trials"]) == 3
    assert job["error"]["code"] == 3
    assert job["error"]["message"].startswith("The first 3 trials have all failed. The last to fail was trial 3: The")
    assert job["error"]["message"].endswith("sorry")


def test_a_job_fails_after_as_many_failures_as_it_allows_and_ends_the_others(
    emulator: VertexEmulator, tmp_path: Path, waiting: str
) -> None:
    program = f"if trial == '1':\n    wait_for({str(tmp_path / 'pid2')!r})\n    sys.exit('sorry')\n{waiting}"
    name = created(emulator, program, FEW, trials=3, parallelTrialCount=2, maxFailedTrialCount=1, study=GRID)
    job = ended(emulator, name)
    assert job["error"]["message"].startswith("1 of 2 trials have failed; maxFailedTrialCount is 1.")
    assert [one["state"] for one in job["trials"]] == ["INFEASIBLE", "INFEASIBLE"]
    assert job["trials"][1]["infeasibleReason"] == "The tuning job ended before the trial did."
    assert all(map(is_gone, pids(tmp_path)))


def test_a_cancelled_job_ends_all_its_trials(emulator: VertexEmulator, tmp_path: Path, waiting: str) -> None:
    name = created(emulator, waiting, FEW, trials=3, parallelTrialCount=2, study=GRID)
    eventually(lambda: len(pids(tmp_path)) == 2)
    assert emulator.refused("DELETE", name)[1] == "FAILED_PRECONDITION"
    emulator.post(f"{name}:cancel")
    job = ended(emulator, name)
    assert (job["state"], job["error"]["code"], len(job["trials"])) == ("JOB_STATE_CANCELLED", 1, 2)
    assert all(map(is_gone, pids(tmp_path)))
    assert {emulator.get(one["customJob"])["state"] for one in job["trials"]} == {"JOB_STATE_CANCELLED"}
    assert "JOB_STATE_CANCELLED and cannot be canceled" in emulator.refused("POST", f"{name}:cancel")[2]
    emulator.call("DELETE", f"/v1/{name}").raise_for_status()
    for gone in (name, job["trials"][0]["customJob"]):
        assert emulator.refused("GET", gone)[:2] == (404, "NOT_FOUND")
    folder = emulator.folder / "custom_jobs" / job["trials"][0]["customJob"].rpartition("/")[2]
    eventually(lambda: not folder.exists())


def test_a_killed_emulator_loses_no_finished_trial(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    begun, go = str(tmp_path / "begun"), tmp_path / "go"
    program = f"report(x)\nopen({begun!r} + trial, 'a').write('x')\nif trial == '2':\n    wait_for({str(go)!r})\n"
    name = created(own_emulator, program, FEW, trials=3, study=GRID)
    eventually((tmp_path / "begun2").exists)
    (first, running) = eventually(lambda: trials(own_emulator, name), lambda found: len(found) == 2)
    own_emulator.kill()
    own_emulator.start()
    eventually(lambda: (tmp_path / "begun2").read_text() == "xx")
    go.touch()
    job = ended(own_emulator, name)
    assert results(job) == [(str(n), "SUCCEEDED", float(n)) for n in (1, 2, 3)]
    assert job["trials"][0] == first
    assert job["trials"][1]["customJob"] == running["customJob"]
    assert [(tmp_path / f"begun{n}").read_text() for n in (1, 3)] == ["x", "x"]
    assert len(own_emulator.get(f"{LOCATION}/customJobs")["customJobs"]) == 3


def test_a_job_that_was_being_cancelled_when_the_emulator_was_killed_is_cancelled(
    own_emulator: VertexEmulator, tmp_path: Path, waiting: str
) -> None:
    name = created(own_emulator, waiting)
    eventually(lambda: pids(tmp_path))
    own_emulator.post(f"{name}:cancel")
    own_emulator.kill()
    own_emulator.start()
    job = ended(own_emulator, name)
    assert (job["state"], results(job)) == ("JOB_STATE_CANCELLED", [("1", "INFEASIBLE", None)])
    assert all(map(is_gone, pids(tmp_path)))


def test_a_trial_whose_custom_job_is_cancelled_is_infeasible(
    emulator: VertexEmulator, tmp_path: Path, waiting: str
) -> None:
    name = created(emulator, waiting)
    eventually(lambda: pids(tmp_path))
    emulator.post(f"{trials(emulator, name)[0]['customJob']}:cancel")
    job = ended(emulator, name)
    assert job["trials"][0]["infeasibleReason"] == "The custom job was cancelled."
    assert job["state"] == "JOB_STATE_FAILED"


@pytest.fixture(scope="module")
def named(emulator: VertexEmulator) -> list[str]:
    """A place of its own, and the two jobs there, which have ended."""
    place = LOCATION.replace("us-central1", "europe-west4")
    bodies = [tuning_job("report(x)", displayName=f"of-{team}", labels={"team": team}) for team in "ab"]
    jobs = [emulator.post(f"{place}/hyperparameterTuningJobs", body)["name"] for body in bodies]
    for job in jobs:
        ended(emulator, job)
    return [f"{place}/hyperparameterTuningJobs", *jobs]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["of-b", "of-a"]),
        ("?filter=labels.team%3Da", ["of-a"]),
        ('?filter=display_name%3A"of-*" AND state%3D"JOB_STATE_SUCCEEDED"', ["of-b", "of-a"]),
        ('?filter=state%3D"JOB_STATE_FAILED"', []),
        ("?pageSize=1", ["of-b"]),
    ],
)
def test_jobs_are_listed_by_filter(emulator: VertexEmulator, named: list[str], query: str, found: list[str]) -> None:
    listed = emulator.get(f"{named[0]}{query}").get("hyperparameterTuningJobs", [])
    assert [one["displayName"] for one in listed] == found
    assert all(one["trials"][0]["state"] == "SUCCEEDED" for one in listed)


def test_a_list_reads_as_much_as_its_mask_says(emulator: VertexEmulator, named: list[str]) -> None:
    listed = emulator.get(f"{named[0]}?readMask=displayName")["hyperparameterTuningJobs"]
    assert listed == [{"displayName": "of-b"}, {"displayName": "of-a"}]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_both_versions_tell_numbers_where_they_are_asked_for(
    emulator: VertexEmulator, named: list[str], version: str
) -> None:
    told = emulator.call("GET", f"/{version}/{named[1]}?%24alt=json;enum-encoding=int").json()
    assert (told["state"], told["trials"][0]["state"]) == (4, 4)
    assert told["studySpec"]["metrics"][0]["goal"] == 1


def test_v1beta1_takes_jobs_as_well(emulator: VertexEmulator) -> None:
    body = {**tuning_job("report(x)"), "studySpec": {**tuning_job("")["studySpec"], "algorithm": 3}}
    answer = emulator.call("POST", f"/v1beta1/{JOBS}", body)
    assert ended(emulator, answer.json()["name"])["studySpec"]["algorithm"] == "RANDOM_SEARCH"
    body["studySpec"]["convexStopConfig"] = {}
    assert emulator.call("POST", f"/v1beta1/{JOBS}", body).status_code == 501


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"maxTrialCount": 0, "displayName": ""}, "INVALID_ARGUMENT", "2.Field: hyperparameter_tuning_job.max_trial_"),
        ({"study": {"decayCurveStoppingSpec": {}}}, "UNIMPLEMENTED", "decay_curve_stopping_spec is not served"),
        ({"job": {"persistentResourceId": "mine"}}, "NOT_FOUND", "persistentResources/mine"),
        ({"study": {"algoritm": 2}}, "INVALID_ARGUMENT", 'Unknown name "algoritm"'),
    ],
)
def test_refusals_are_the_apis(emulator: VertexEmulator, fields: dict[str, Any], status: str, sentence: str) -> None:
    told = emulator.refused("POST", JOBS, tuning_job("", **fields))
    assert told[1] == status
    assert sentence in told[2]

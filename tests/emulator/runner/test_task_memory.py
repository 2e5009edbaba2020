from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.emulator.runner.conftest import Runner

pytestmark = pytest.mark.run

PARENT = "projects/p/locations/l"


def remember(runner: Runner, wanted: int, count: float, *more: str) -> dict[str, Any]:
    """Runs the pipeline with a cache that the runs of a folder share; its tasks' details."""
    name = f"{PARENT}/pipelineJobs/{runner.run_id}"
    flags = ["--job-name", name, "--root-uri", f"gs://bucket/root/{runner.run_id}", "--cache-dir", "cache", *more]
    done = runner.run("remembering", {"folder": str(runner.folder), "wanted": wanted, "count": count}, *flags)
    assert done.returncode == (0 if wanted == 3 else 1), done.stderr
    return runner.details


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Runner]:
    """A run, one with another input of one task, at which it fails, and one more after an artifact was lost."""
    folder = tmp_path_factory.mktemp("remembering")
    made = [Runner(folder, run_id) for run_id in ("first", "second", "third")]
    remember(made[0], 3, 3)
    remember(made[1], 4, 3.0)
    (made[0].output.artifacts / "make-rows" / "rows").unlink()
    remember(made[2], 4, 3)
    return made


def skipped(runner: Runner) -> set[str]:
    return {name for name, state in runner.states.items() if state == "SKIPPED"}


def uri_of(runner: Runner, task: str, way: str, name: str) -> str:
    uri: str = runner.details[task][way][name]["artifacts"][0]["uri"]
    return uri


def test_memory_of_nothing_runs_everything(runs: list[Runner]) -> None:
    assert set(runs[0].states.values()) == {"SUCCEEDED"}


def test_memory_spares_what_has_run_before(runs: list[Runner]) -> None:
    assert skipped(runs[1]) == {
        "make-rows",
        "count-lines",
        "say",
        "works-at-second-try",
        "condition-1.inner.say",
        "for-loop-3-iteration-0.say-3",
        "for-loop-3-iteration-1.say-3",
    }
    assert runs[1].states["say-2"] == "SUCCEEDED"
    assert runs[1].states["refuses-rows"] == "FAILED"


def test_memory_tells_a_task_as_if_it_had_run(runs: list[Runner]) -> None:
    for name in skipped(runs[1]):
        before, after = runs[0].details[name], runs[1].details[name]
        assert after["execution"] == {**before["execution"], "state": "CACHED"}
        assert after.get("inputs") == before.get("inputs")
        assert after.get("outputs") == before.get("outputs")
        assert runs[1].job["startTime"] <= after["startTime"] <= after["endTime"] <= runs[1].job["endTime"]


def test_memory_calls_artifacts_after_the_run_that_made_them(runs: list[Runner]) -> None:
    uri = "gs://bucket/root/first/make-rows/rows"
    assert uri_of(runs[0], "make-rows", "outputs", "rows") == uri
    assert uri_of(runs[1], "make-rows", "outputs", "rows") == uri
    assert uri_of(runs[1], "refuses-rows", "inputs", "rows") == uri
    assert runs[1].details["refuses-rows"]["error"]["message"] == f"ValueError: no 4 rows in {uri}"


def test_memory_keeps_no_failure_and_misses_lost_artifacts(runs: list[Runner]) -> None:
    assert skipped(runs[2]) == skipped(runs[1]) - {"make-rows", "count-lines"}
    assert uri_of(runs[2], "refuses-rows", "inputs", "rows") == "gs://bucket/root/third/make-rows/rows"
    assert runs[2].details["count-lines"]["execution"]["metadata"] == {"output:Output": 3}


def test_job_is_named_where_a_task_really_ran(runs: list[Runner]) -> None:
    jobs = {
        name: task["executorDetail"]["containerDetail"]["mainJob"].removeprefix(f"{PARENT}/customJobs/")
        for runner in runs
        for name, task in runner.details.items()
        if "executorDetail" in task and runner is not runs[2]
    }
    first = {name for name, task in runs[0].details.items() if "executorDetail" in task}
    assert first == skipped(runs[1]) | {"say-2", "refuses-rows"}
    assert {name for name, task in runs[1].details.items() if "executorDetail" in task} == {"say-2", "refuses-rows"}
    assert all(number.isdecimal() and len(number) == 19 for number in jobs.values())
    assert len(set(jobs.values())) == len(jobs)


def test_retry_is_told_with_its_reason_in_the_same_job(runs: list[Runner]) -> None:
    history = runs[0].details["works-at-second-try"]["pipelineTaskStatus"]
    assert [status["state"] for status in history] == ["PENDING", "RUNNING", "RUNNING", "SUCCEEDED"]
    assert history[2]["error"]["message"] == f"ValueError: not yet in {runs[0].folder}"


def test_run_has_the_name_and_root_of_its_job(runs: list[Runner]) -> None:
    assert runs[0].job["name"] == f"{PARENT}/pipelineJobs/first"
    assert runs[0].job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/root"
    metadata = runs[0].details["for-loop-3-iteration-1"]["execution"]["metadata"]
    assert list(metadata.values()) == [2]


def test_run_without_memory_spares_nothing(runs: list[Runner]) -> None:
    fresh = Runner(runs[0].folder, "fourth")
    remember(fresh, 3, 3, "--no-cache")
    assert skipped(fresh) == set()
    shutil.rmtree(fresh.output.path)

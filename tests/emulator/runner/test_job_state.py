from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.runner.job_state import JobState
from emulator.runner.pipeline_spec import parse_spec
from emulator.runner.run_json import ended_by_death, is_final, task_folder
from emulator.runner.task_record import Values
from tests.emulator.runner.specs import spec, task

NAME = "projects/p/locations/l/pipelineJobs/run-1"
MADE = [{"name": "model", "uri": "/root/model", "schemaTitle": "system.Model", "metadata": {"rows": 120.0}}]
DAG = "The DAG failed because some tasks failed. The failed tasks are: [{}]."


def clock() -> Iterator[datetime]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    while True:
        yield now
        now += timedelta(seconds=1)


def begun(now: Iterator[datetime]) -> JobState:
    """A run of train, then a gate around approve, and a loop around again."""
    tasks = {
        "condition-1": task("gate", "train"),
        "loop": task("loop", "train", parameterIterator={}),
        "train": task("train"),
    }
    groups = {"gate": {"approve": task("approve")}, "loop": {"again": task("train")}}
    pipeline = parse_spec(json.dumps(spec(tasks, groups)), source="small.yaml")
    state = JobState(pipeline, NAME, {"steps": 5}, {"steps": 5, "rate": 0.5}, "/root", next(now))
    state.run_started(next(now))
    return state


def details(state: JobState) -> dict[str, Any]:
    return {detail.get("taskUniqueName", ""): detail for detail in state.to_json()["jobDetail"]["taskDetails"]}


def states(state: JobState) -> dict[str, str]:
    return {name: detail["state"] for name, detail in details(state).items()}


def history(detail: dict[str, Any]) -> list[str]:
    return [status["state"] for status in detail["pipelineTaskStatus"]]


def test_job_state_lists_every_known_task_from_the_start() -> None:
    state = begun(clock())
    assert states(state) == {
        "": "RUNNING",
        "train": "PENDING",
        "condition-1": "PENDING",
        "condition-1.approve": "PENDING",
        "loop": "PENDING",
    }
    ids = {name: (detail["taskId"], detail.get("parentTaskId")) for name, detail in details(state).items()}
    assert ids["condition-1.approve"][1] == ids["condition-1"][0]
    assert ids["train"][1] == ids[""][0]
    assert details(state)[""]["taskName"] == "small"


def test_job_state_tells_the_run() -> None:
    job = begun(clock()).to_json()
    assert job["name"] == NAME
    assert job["displayName"] == "small"
    assert job["state"] == "PIPELINE_STATE_RUNNING"
    assert job["createTime"] == "2026-01-01T00:00:00.000000Z"
    assert job["startTime"] == job["updateTime"] == "2026-01-01T00:00:01.000000Z"
    assert job["runtimeConfig"] == {"parameterValues": {"steps": 5}, "gcsOutputDirectory": "/root"}
    assert job["jobDetail"]["taskDetails"][0]["execution"]["metadata"] == {"input:steps": 5, "input:rate": 0.5}


def test_job_state_tells_a_task() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("train",), next(now), "projects/p/locations/l/customJobs/1")
    state.task_given(("train",), Values({"steps": 5}), next(now))
    state.task_succeeded(("train",), Values({"loss": 0.25, "rows": float("inf")}, {"model": MADE}), next(now))
    detail = details(state)["train"]
    assert (detail["startTime"], detail["endTime"]) == ("2026-01-01T00:00:02.000000Z", "2026-01-01T00:00:04.000000Z")
    assert detail["outputs"] == {
        "model": {"artifacts": [{"displayName": "model", **MADE[0], "metadata": {"rows": 120}}]}
    }
    assert detail["execution"] == {
        "displayName": "train",
        "schemaTitle": "system.ContainerExecution",
        "state": "COMPLETE",
        "metadata": {"input:steps": 5, "output:loss": 0.25, "output:rows": "Infinity"},
    }
    assert detail["executorDetail"] == {"containerDetail": {"mainJob": "projects/p/locations/l/customJobs/1"}}
    assert history(detail) == ["PENDING", "RUNNING", "SUCCEEDED"]


def test_job_state_tells_a_task_that_was_cached() -> None:
    now = clock()
    state = begun(now)
    state.task_skipped(("train",), Values({"steps": 5}), Values({"loss": 0.25}, {"model": MADE}), next(now))
    detail = details(state)["train"]
    assert detail["startTime"] == detail["endTime"] == "2026-01-01T00:00:02.000000Z"
    assert detail["outputs"]["model"]["artifacts"][0]["uri"] == "/root/model"
    assert detail["execution"]["state"] == "CACHED"
    assert detail["execution"]["metadata"] == {"input:steps": 5, "output:loss": 0.25}
    assert history(detail) == ["PENDING", "SKIPPED"]
    assert "executorDetail" not in detail
    state.run_ended(next(now))
    assert states(state)["train"] == "SKIPPED"
    assert state.to_json()["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_job_state_notes_why_a_task_is_tried_again() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("train",), next(now))
    state.task_retried(("train",), "ValueError: no", next(now))
    detail = details(state)["train"]
    assert detail["pipelineTaskStatus"][-1] == {
        "updateTime": "2026-01-01T00:00:03.000000Z",
        "state": "RUNNING",
        "error": {"code": 9, "message": "ValueError: no"},
    }
    assert detail["startTime"] == "2026-01-01T00:00:02.000000Z"
    assert "error" not in detail


def test_job_state_tells_exit_tasks_how_a_group_has_ended() -> None:
    now = clock()
    state = begun(now)
    told = {"pipelineJobResourceName": NAME, "pipelineTaskName": "condition-1"}
    assert state.final_status(("condition-1",)) == {"state": "NOT_TRIGGERED", **told}
    state.task_failed(("condition-1",), "ValueError: no", next(now))
    error = {"code": 9, "message": "ValueError: no"}
    assert state.final_status(("condition-1",)) == {"state": "FAILED", **told, "error": error}


def test_job_state_leaves_out_what_a_closed_gate_guards() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("train",), next(now))
    state.task_succeeded(("train",), Values(), next(now))
    state.run_ended(next(now))
    assert states(state) == {
        "": "SUCCEEDED",
        "train": "SUCCEEDED",
        "condition-1": "NOT_TRIGGERED",
        "condition-1.approve": "NOT_TRIGGERED",
        "loop": "NOT_TRIGGERED",
    }
    assert state.to_json()["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert is_final(state.to_json())


def test_job_state_counts_the_iterations_of_a_loop() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("loop",), next(now))
    state.task_started(("loop-iteration-0",), next(now))
    state.task_started(("loop-iteration-0", "again"), next(now))
    state.task_started(("loop-iteration-1",), next(now))
    found = details(state)
    assert found["loop-iteration-0"]["parentTaskId"] == found["loop"]["taskId"]
    assert found["loop-iteration-0.again"]["parentTaskId"] == found["loop-iteration-0"]["taskId"]
    assert found["loop-iteration-1.again"]["state"] == "PENDING"


def test_job_state_blames_the_tasks_that_failed() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("condition-1",), next(now))
    state.task_started(("condition-1", "approve"), next(now))
    state.task_failed(("condition-1", "approve"), "ValueError: no", next(now))
    state.task_failed(("condition-1",), "", next(now))
    state.run_ended(next(now), "Pipeline failed.")
    found = details(state)
    assert found["condition-1.approve"]["error"] == {"code": 9, "message": "ValueError: no"}
    assert found["condition-1"]["error"] == {"code": 9, "message": DAG.format("approve")}
    assert state.to_json()["error"] == {"code": 9, "message": DAG.format("condition-1")}
    assert state.to_json()["state"] == "PIPELINE_STATE_FAILED"
    assert state.failures() == {"approve": "ValueError: no"}
    assert found["train"]["state"] == "NOT_TRIGGERED"


def test_job_state_counts_a_group_that_could_not_begin_among_the_failures() -> None:
    now = clock()
    state = begun(now)
    state.task_failed(("condition-1",), "The condition cannot be decided.", next(now))
    state.run_ended(next(now))
    assert state.failures() == {"condition-1": "The condition cannot be decided."}
    assert states(state)["condition-1.approve"] == "NOT_TRIGGERED"


def test_job_state_tells_why_a_run_failed_without_a_failed_task() -> None:
    now = clock()
    state = begun(now)
    state.run_ended(next(now), "The condition cannot be decided.")
    assert state.error == "The condition cannot be decided."
    assert state.to_json()["error"] == {"code": 9, "message": "The condition cannot be decided."}


def test_job_state_cancels_what_runs_and_leaves_out_the_rest() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("train",), next(now))
    state.cancelling(next(now))
    assert state.to_json()["state"] == "PIPELINE_STATE_CANCELLING"
    assert states(state)["train"] == "CANCEL_PENDING"
    assert not state.is_final
    state.cancelled(next(now))
    assert state.to_json()["state"] == "PIPELINE_STATE_CANCELLED"
    assert {name: value for name, value in states(state).items() if value != "NOT_TRIGGERED"} == {
        "": "CANCELLED",
        "train": "CANCELLED",
    }


def test_ended_by_death_fails_what_was_at_work() -> None:
    now = clock()
    state = begun(now)
    state.task_started(("train",), next(now))
    job = state.to_json()
    dead = ended_by_death(job)
    assert job["state"] == "PIPELINE_STATE_RUNNING"
    assert dead["state"] == "PIPELINE_STATE_FAILED"
    assert dead["endTime"] == job["updateTime"]
    assert "The runner of this run was killed" in dead["error"]["message"]
    ended = dead["jobDetail"]["taskDetails"]
    assert [detail["state"] for detail in ended] == ["FAILED", "FAILED"] + 3 * ["NOT_TRIGGERED"]
    assert [detail["execution"]["state"] for detail in ended] == ["FAILED", "FAILED"] + 3 * ["CANCELLED"]
    assert history(ended[1]) == ["PENDING", "RUNNING", "FAILED"]


def test_ended_by_death_leaves_what_was_cached() -> None:
    now = clock()
    state = begun(now)
    state.task_skipped(("train",), Values(), Values(), next(now))
    assert ended_by_death(state.to_json())["jobDetail"]["taskDetails"][1] == details(state)["train"]


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (("train",), "train"),
        (("condition-1", "approve"), "approve"),
        (("loop-iteration-1", "again"), "loop-iteration-1.again"),
    ],
)
def test_task_folder_is_the_name_of_a_task(path: tuple[str, ...], folder: str) -> None:
    state = begun(clock())
    state.task_started(path, datetime(2026, 1, 1, tzinfo=UTC))
    assert state.folder(path) == folder
    job = state.to_json()
    detail = next(one for one in job["jobDetail"]["taskDetails"] if one.get("taskUniqueName") == ".".join(path))
    assert task_folder(job, detail) == folder


def test_task_folder_tells_tasks_of_one_name_apart() -> None:
    groups = {"inner": {"train": task("train")}}
    document = spec({"inner-1": task("inner"), "inner-2": task("inner"), "train": task("train")}, groups)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    state = JobState(parse_spec(json.dumps(document), source="small.yaml"), NAME, {}, {}, "/root", now)
    paths = [("inner-1", "train"), ("inner-2", "train"), ("train",)]
    assert [state.folder(path) for path in paths] == ["inner-1.train", "inner-2.train", "train"]

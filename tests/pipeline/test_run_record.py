from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.run_record import find_run, list_runs, read_display_names, read_run, write_inputs
from tests.pipeline.run_folders import artifact, live_runner, moment, task, write_run
from trainer.errors import UsageError


def test_run_is_read(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run-1", "SUCCEEDED", task("upload-data", "SUCCEEDED", 2), endTime=moment(80))
    run = read_run(folder)
    assert (run.run_id, run.state, run.is_final, run.folder) == ("run-1", "succeeded", True, folder)
    assert (run.started, run.ended) == (
        datetime(2026, 11, 25, 10, tzinfo=UTC),
        datetime(2026, 11, 25, 10, 1, 20, tzinfo=UTC),
    )


def test_task_is_read(tmp_path: Path) -> None:
    outputs = {"model": artifact("system.Model", "file:///a b/model", steps=10), "nothing": {}}
    folder = write_run(tmp_path, "run-1", "SUCCEEDED", task("train-model", "NOT_TRIGGERED", outputs=outputs))
    (train,) = read_run(folder).tasks
    assert (train.name, train.display_name, train.state) == ("train-model", "Train the DNN", "not_triggered")
    assert (train.started, train.ended, train.error) == (None, None, "")
    assert train.log == folder / "tasks" / "train-model" / "log.txt"
    (model,) = train.outputs.values()
    assert (model.kind, model.uri, model.metadata) == ("system.Model", "/a b/model", {"steps": 10})
    assert read_run(folder).outputs("model") == [model]


def test_log_of_a_task_in_a_loop_is_found_by_its_unique_name(tmp_path: Path) -> None:
    unique = "for-loop-1.for-loop-1-iteration-0.train-model"
    folder = write_run(tmp_path, "run-1", "SUCCEEDED", task("train-model", "FAILED", taskUniqueName=unique))
    log = folder / "tasks" / unique / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("")
    assert read_run(folder).tasks[0].log == log


def test_groups_are_left_out(tmp_path: Path) -> None:
    group = {"taskName": "condition-1", "execution": {"schemaTitle": "system.DagExecution"}}
    folder = write_run(tmp_path, "run-1", "SUCCEEDED", group, task("register-model", "SUCCEEDED", 1))
    assert [task.display_name for task in read_run(folder).tasks] == ["Register the version"]


def test_run_whose_runner_lives_is_running(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run-1", "RUNNING")
    with live_runner(folder):
        assert read_run(folder).state == "running"
        assert not read_run(folder).is_final


def test_run_whose_runner_died_is_stopped(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run-1", "RUNNING")
    assert read_run(folder).state == "stopped"
    with live_runner(folder):
        pass
    assert read_run(folder).state == "stopped"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"jobDetail": 1}', '{"startTime": "yesterday"}'])
def test_run_that_is_no_record_is_unreadable(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    run = read_run(tmp_path)
    assert (run.state, run.run_id, run.is_final) == ("unreadable", tmp_path.name, True)


def test_absent_fields_are_empty(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"state": "PIPELINE_STATE_FAILED", "jobDetail": {"taskDetails": [{}]}}')
    run = read_run(tmp_path)
    assert (run.run_id, run.state, run.started, run.ended, run.error) == (
        tmp_path.name,
        "failed",
        None,
        None,
        "",
    )
    assert [(task.name, task.state, dict(task.outputs)) for task in run.tasks] == [("", "", {})]


def test_error_names_the_users_file_and_not_its_copy(tmp_path: Path) -> None:
    error = {"error": {"code": 9, "message": "/copies/train.csv, line 3: blank cell"}}
    folder = write_run(tmp_path, "run-1", "FAILED", task("upload-data", "FAILED", 1, **error), **error)
    write_inputs(folder, {"/copies/train.csv": "my data.csv"})
    run = read_run(folder)
    assert run.tasks[0].error == run.error == "my data.csv, line 3: blank cell"


@pytest.mark.parametrize("text", ["", "[]", "root: {}", "root: {dag: {tasks: [a]}}", "{"])
def test_names_of_what_is_no_pipeline_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipeline.yaml").write_text(text)
    assert read_display_names(tmp_path / "pipeline.yaml") == {}
    assert read_display_names(tmp_path / "absent.yaml") == {}


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    write_run(tmp_path, "run-b", "SUCCEEDED", startTime=moment(5))
    write_run(tmp_path, "run-a", "SUCCEEDED", startTime=moment(9))
    write_run(tmp_path, "run-c", "SUCCEEDED", startTime=moment(1))
    (tmp_path / "data").mkdir()
    assert [run.run_id for run in list_runs(tmp_path)] == ["run-a", "run-b", "run-c"]
    assert list_runs(tmp_path / "absent") == []


def test_newest_run_is_found_unless_one_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, "run-a", "SUCCEEDED", startTime=moment(5))
    write_run(tmp_path, "run-b", "SUCCEEDED", startTime=moment(9))
    assert find_run(tmp_path, None).run_id == "run-b"
    assert find_run(tmp_path, "run-a").run_id == "run-a"


def test_unknown_run_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, "run-a", "SUCCEEDED")
    with pytest.raises(UsageError, match=r'There is no run run-b in .*\. Did you mean "run-a"\? `python -m pip'):
        find_run(tmp_path, "run-b")


def test_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There are no runs in .*\. Start one with `python -m pipeline run`\."):
        find_run(tmp_path, None)

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.runs.record import read_job
from tests.pipeline.pipeline_jobs import IMAGE, RUN, SUM, detail, job


def test_run_is_read() -> None:
    run = read_job(
        job(
            "SUCCEEDED",
            createTime="2026-11-25T10:00:00Z",
            startTime="2026-11-25T10:00:01.5Z",
            endTime="2026-11-25T10:01:20.123456789Z",
            runtimeConfig={
                "gcsOutputDirectory": "gs://bucket/root",
                "parameterValues": {"steps": 5, "rate": 2, "data": "x"},
            },
            labels={"git-sha": "abc"},
            scheduleName="projects/p/locations/us-central1/schedules/1",
        )
    )
    assert (run.name, run.run_id, run.pipeline, run.display_name) == (RUN, "run-1", "wine", "Wine")
    assert (run.state, run.is_final, run.error) == ("succeeded", True, "")
    assert run.created == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert run.started == datetime(2026, 11, 25, 10, 0, 1, 500_000, tzinfo=UTC)
    assert run.ended == datetime(2026, 11, 25, 10, 1, 20, 123_456, tzinfo=UTC)
    assert (run.root, run.image, dict(run.labels)) == ("gs://bucket/root", IMAGE, {"git-sha": "abc"})
    assert run.schedule.endswith("/schedules/1")


def test_whole_number_is_one_where_the_pipeline_says_so() -> None:
    run = read_job(job("RUNNING", runtimeConfig={"parameterValues": {"steps": 5, "rate": 2}}))
    assert {name: (type(value), value) for name, value in run.parameters.items()} == {
        "steps": (int, 5),
        "rate": (float, 2.0),
    }


def test_task_is_read() -> None:
    artifact = {"name": "projects/p/a/1", "schemaTitle": "system.Model", "uri": "gs://b/m", "metadata": {"steps": 10}}
    train = detail(
        "train-model",
        "SUCCEEDED",
        startTime="2026-11-25T10:00:00Z",
        endTime="2026-11-25T10:00:02Z",
        inputs={"data": {"artifacts": [{"uri": "gs://b/d"}]}},
        outputs={"model": {"artifacts": [artifact]}, "nothing": {}},
        execution={"metadata": {"input:steps": 5, "output:epochs": 3, "noted": 1}},
        executorDetail={"containerDetail": {"mainJob": "projects/p/locations/l/customJobs/1234"}},
    )
    run = read_job(job("SUCCEEDED", train))
    (task,) = [task for task in run.tasks if task.name == "train-model"]
    assert (task.unique_name, task.display_name, task.state) == ("train-model", "Train the DNN", "succeeded")
    assert task.started == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert task.ended == datetime(2026, 11, 25, 10, 0, 2, tzinfo=UTC)
    assert (task.job, task.error) == ("1234", "")
    assert (task.parameters, task.output_parameters) == ({"steps": 5}, {"epochs": 3})
    assert task.inputs["data"].uri == "gs://b/d"
    (model,) = task.outputs.values()
    assert (model.name, model.kind, model.uri, model.metadata) == (
        "projects/p/a/1",
        "system.Model",
        "gs://b/m",
        {"steps": 10},
    )
    assert run.outputs("model") == [model]


def test_tasks_stand_in_an_order_in_which_they_can_run() -> None:
    run = read_job(job("RUNNING", detail("register-model", "PENDING"), detail("upload-data", "RUNNING")))
    assert [(task.name, task.state) for task in run.tasks] == [
        ("upload-data", "running"),
        ("train-model", "pending"),
        ("register-model", "pending"),
    ]


def test_task_that_is_not_told_of_was_not_run_once_the_run_is_over() -> None:
    run = read_job(job("FAILED", detail("upload-data", "FAILED")))
    assert [task.state for task in run.tasks] == ["failed", "not_triggered", "not_triggered"]


def test_groups_are_no_tasks() -> None:
    told = {"taskName": "condition-1", "execution": {"schemaTitle": "system.DagExecution"}}
    untold = {"taskName": "for-loop-1"}
    run = read_job(job("RUNNING", told, untold))
    assert [task.name for task in run.tasks] == ["upload-data", "train-model", "register-model"]


def test_tasks_of_a_loop_are_there_once_they_are_told_of() -> None:
    names = [f"for-loop-1.for-loop-1-iteration-{number}.measure" for number in range(2)]
    run = read_job(job("RUNNING", *(detail("measure", "RUNNING", taskUniqueName=name) for name in names)))
    assert [(task.unique_name, task.display_name) for task in run.tasks if task.name == "measure"] == [
        (name, "Measure") for name in names
    ]


def test_run_of_a_list_has_no_tasks() -> None:
    run = read_job(job("RUNNING", jobDetail=None))
    assert run.tasks == ()
    assert not run.is_final


def test_what_is_not_said_is_empty() -> None:
    run = read_job(job("PENDING", {}, name=None, displayName=None, pipelineSpec=None))
    assert (run.run_id, run.pipeline, run.image, run.created, run.parameters) == ("", "", "", None, {})
    (task,) = run.tasks
    assert (task.name, task.state, task.job, dict(task.outputs)) == ("", "", "", {})


def test_error_calls_a_staged_file_by_its_name() -> None:
    error = {"code": 9, "message": f"gs://bucket/data/{SUM}/my train.csv, line 3: blank cell"}
    run = read_job(job("FAILED", detail("upload-data", "FAILED", error=error), error=error))
    assert run.tasks[0].error == run.error == "my train.csv, line 3: blank cell"

"""Experiments and lineage with the real SDK: what a user's script does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.sdk import point, pointed
from tests.emulator.vertex_emulator import VertexEmulator, storage_client

pytestmark = [
    pytest.mark.run,
    # The SDK's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]


PROJECT = "experiments"


@pytest.fixture(scope="module")
def sdk(emulator: VertexEmulator) -> Iterator[Any]:
    """The SDK, with an experiment."""
    storage_client(emulator).create_bucket("experiments").blob("data/rows.csv").upload_from_string("1,2\n")
    with pointed(emulator, PROJECT, experiment="trials", experiment_tensorboard=False) as aiplatform:
        yield aiplatform


@pytest.fixture(scope="module")
def job(sdk: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that has ended, in an experiment of its own."""
    from tests.emulator.measured_pipeline import compile_measured

    job = sdk.PipelineJob(
        display_name="measured",
        job_id="measured-1",
        template_path=compile_measured(tmp_path_factory.mktemp("measured")),
        pipeline_root="gs://experiments/root",
        parameter_values={"epochs": 7},
    )
    job.submit(experiment="pipelines")
    job.wait()
    return job


def test_experiment_runs_are_logged_and_read_back(sdk: Any) -> None:
    with sdk.start_run("first"):
        sdk.log_params({"rate": 0.05, "optimizer": "adagrad"})
        sdk.log_metrics({"accuracy": 0.9})
        sdk.log_classification_metrics(
            labels=["a", "b"], matrix=[[3, 1], [0, 4]], fpr=[0, 1], tpr=[0, 1], threshold=[1, 0], display_name="all"
        )
    run = sdk.ExperimentRun("first", "trials")
    assert (run.get_state(), run.get_params()) == ("COMPLETE", {"rate": 0.05, "optimizer": "adagrad"})
    assert run.get_metrics() == {"accuracy": 0.9}
    [logged] = run.get_classification_metrics()
    assert (logged["display_name"], logged["matrix"]) == ("all", [[3, 1], [0, 4]])
    [row] = sdk.get_experiment_df("trials").to_dict("records")
    assert row == {
        "experiment_name": "trials",
        "run_name": "first",
        "run_type": "system.ExperimentRun",
        "state": "COMPLETE",
        "param.rate": 0.05,
        "param.optimizer": "adagrad",
        "metric.accuracy": 0.9,
    }


def test_executions_tell_what_they_took_and_made(sdk: Any) -> None:
    rows = sdk.Artifact.create(schema_title="system.Dataset", uri="gs://experiments/rows", metadata={"rows": 3})
    with (
        sdk.start_run("second"),
        sdk.start_execution(schema_title="system.ContainerExecution", display_name="train") as execution,
    ):
        execution.assign_input_artifacts([sdk.Artifact.get_with_uri("gs://experiments/rows")])
        model = sdk.Artifact.create(schema_title="system.Model", uri="gs://experiments/model")
        execution.assign_output_artifacts([model])
    read = sdk.Execution(execution.resource_name)
    assert read.state.name == "COMPLETE"
    assert [artifact.resource_name for artifact in read.get_input_artifacts()] == [rows.resource_name]
    assert [artifact.resource_name for artifact in read.get_output_artifacts()] == [model.resource_name]
    run = sdk.ExperimentRun("second", "trials")
    assert {artifact.uri for artifact in run.get_artifacts()} == {rows.uri, model.uri}
    assert [execution.display_name for execution in run.get_executions()] == ["train"]


def test_artifact_is_found_by_filter_and_by_id(sdk: Any) -> None:
    made = sdk.Artifact.create(schema_title="my.Thing", resource_id="thing-1", metadata={"size": 3})
    assert sdk.Artifact("thing-1").metadata == {"size": 3}
    found = sdk.Artifact.list(filter='schema_title="my.Thing" AND metadata.size.number_value > 2')
    assert [artifact.resource_name for artifact in found] == [made.resource_name]
    made.delete()
    assert sdk.Artifact.list(filter='schema_title="my.Thing"') == []


def test_experiments_are_listed_and_deleted_with_their_runs(sdk: Any) -> None:
    sdk.Experiment.create("passing", description="not for long")
    sdk.ExperimentRun.create("once", experiment="passing")
    assert "passing" in [experiment.name for experiment in sdk.Experiment.list()]
    assert [run.name for run in sdk.ExperimentRun.list(experiment="passing")] == ["once"]
    sdk.Experiment("passing").delete()
    assert "passing" not in [experiment.name for experiment in sdk.Experiment.list()]
    assert sdk.Experiment.get("passing") is None


def test_experiment_with_a_tensorboard_is_refused_with_the_remedy(sdk: Any, emulator: VertexEmulator) -> None:
    from google.api_core import exceptions

    with pytest.raises(exceptions.MethodNotImplemented, match="experiment_tensorboard=False"):
        point(sdk, emulator, PROJECT, experiment="boarded")
    point(sdk, emulator, PROJECT, experiment="trials", experiment_tensorboard=False)


def test_experiment_of_a_short_name_is_refused(sdk: Any) -> None:
    from google.api_core import exceptions

    with pytest.raises(exceptions.BadRequest, match="must be 4 to 128 characters"):
        sdk.Experiment.create("e")


def test_submitted_job_belongs_to_its_experiment(sdk: Any, job: Any) -> None:
    assert job.get_associated_experiment().name == "pipelines"
    assert sdk.PipelineJob.get("measured-1").get_associated_experiment().name == "pipelines"


def test_experiment_tells_a_jobs_parameters_and_metrics(sdk: Any, job: Any) -> None:
    del job
    [row] = sdk.get_experiment_df("pipelines").to_dict("records")
    assert row == {
        "experiment_name": "pipelines",
        "run_name": "measured-1",
        "run_type": "system.PipelineRun",
        "state": "COMPLETE",
        "param.epochs": 7,
        "param.optimizer": "adagrad",
        "metric.words": 3,
    }


def test_pipeline_tells_its_runs_parameters_and_metrics(sdk: Any, job: Any) -> None:
    del job
    [row] = sdk.get_pipeline_df(pipeline="measured").to_dict("records")
    assert (row["pipeline_name"], row["run_name"]) == ("measured", "measured-1")
    assert (row["param.input:epochs"], row["param.input:optimizer"]) == (7, "adagrad")
    assert row["metric.words"] == 3


def test_jobs_lineage_leads_from_its_data_to_its_metrics(sdk: Any, emulator: VertexEmulator, job: Any) -> None:
    details = {task.task_name: task for task in job.task_details}
    [rows] = details["importer"].outputs["artifact"].artifacts
    [metrics] = details["evaluate"].outputs["metrics"].artifacts
    graph = emulator.get(f"{rows.name}:queryArtifactLineageSubgraph")
    uris = {artifact["name"]: artifact["uri"] for artifact in graph["artifacts"]}
    assert uris[metrics.name] == metrics.uri == "gs://experiments/root/measured-1/evaluate/metrics"
    steps = [execution["displayName"] for execution in graph["executions"]]
    assert sorted(steps) == ["evaluate", "importer", "measured-1", "train"]
    execution = sdk.Execution(details["train"].execution.name)
    assert [artifact.uri for artifact in execution.get_input_artifacts()] == [rows.uri]


def test_job_of_an_experiments_name_is_refused(sdk: Any, job: Any, tmp_path: Path) -> None:
    from google.api_core import exceptions

    from tests.emulator.measured_pipeline import compile_measured

    template = compile_measured(tmp_path, "trials")
    clashing = sdk.PipelineJob(
        display_name="x", template_path=template, pipeline_root="gs://experiments/root", job_id="trials-1"
    )
    with pytest.raises(exceptions.BadRequest, match="cannot share a name"):
        clashing.submit()
    with pytest.raises(exceptions.NotFound):
        sdk.PipelineJob.get("trials-1")
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED"

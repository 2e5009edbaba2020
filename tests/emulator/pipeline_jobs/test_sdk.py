"""The real SDK's PipelineJob against a running emulator: what a user's script does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.job_requests import ROOT_URI, bucket, pipelines, running, until
from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator

pytestmark = [
    pytest.mark.run,
    # The SDK's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def sdk(emulator: VertexEmulator) -> Iterator[Any]:
    bucket(emulator)
    with pointed(emulator, staging_bucket=ROOT_URI.rpartition("/")[0]) as aiplatform:
        yield aiplatform


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return pipelines(tmp_path_factory.mktemp("pipelines"))


@pytest.fixture(scope="module")
def submitted(sdk: Any, paths: dict[str, Path]) -> Any:
    """A job that has succeeded."""
    job = sdk.PipelineJob(
        display_name="sdk rows",
        template_path=str(paths["rows"]),
        job_id="sdk-rows",
        pipeline_root=ROOT_URI,
        parameter_values={"count": 4},
        labels={"git": "abc"},
    )
    job.submit()
    job.wait()
    return job


def test_submit_and_wait_run_a_pipeline(submitted: Any, sdk: Any) -> None:
    assert submitted.resource_name == f"{LOCATION}/pipelineJobs/sdk-rows"
    assert submitted.state.name == "PIPELINE_STATE_SUCCEEDED"
    assert submitted.done()
    assert not submitted.has_failed
    found = sdk.PipelineJob.get("sdk-rows")
    assert found.display_name == "sdk rows"
    assert found.labels["git"] == "abc"


def test_task_details_tell_states_times_inputs_outputs_and_artifacts(submitted: Any) -> None:
    details = {detail.task_name: detail for detail in submitted.task_details}
    assert {detail.state.name for detail in details.values()} == {"SUCCEEDED"}
    made, counted = details["make-rows"], details["count-rows"]
    assert made.parent_task_id == details["rows"].task_id
    assert made.start_time <= made.end_time <= counted.end_time
    (rows,) = made.outputs["rows"].artifacts
    assert rows.uri == f"{ROOT_URI}/sdk-rows/make-rows/rows"
    assert made.outputs["score"].artifacts[0].metadata["share"] == 0.5
    assert counted.inputs["rows"].artifacts[0].name == rows.name
    assert counted.execution.metadata["output:Output"] == 4.0
    assert counted.executor_detail.container_detail.main_job.startswith(f"{LOCATION}/customJobs/")


def test_wait_raises_what_the_job_failed_with(sdk: Any, paths: dict[str, Path]) -> None:
    values = {"count": 1, "least": 2}
    job = sdk.PipelineJob("too few", str(paths["rows"]), pipeline_root=ROOT_URI, parameter_values=values)
    job.submit()
    with pytest.raises(RuntimeError, match=r"some tasks failed\. The failed tasks are: \[count-rows\]"):
        job.wait()
    failed = next(detail for detail in job.task_details if detail.task_name == "count-rows")
    assert failed.error.message == "ValueError: 1 rows are too few"


def test_a_wrong_type_is_refused_before_anything_runs(sdk: Any, paths: dict[str, Path]) -> None:
    from google.api_core.exceptions import BadRequest

    job = sdk.PipelineJob("typed", str(paths["rows"]), pipeline_root=ROOT_URI, parameter_values={"count": "4"})
    with pytest.raises(BadRequest, match=r'The parameter "count" must be a whole number .* Received: "4" \(string\)'):
        job.submit()


def test_an_id_that_is_taken_is_a_conflict(sdk: Any, paths: dict[str, Path], submitted: Any) -> None:
    from google.api_core.exceptions import Conflict

    job = sdk.PipelineJob("again", str(paths["rows"]), job_id=submitted.name, pipeline_root=ROOT_URI)
    with pytest.raises(Conflict, match="already exists"):
        job.submit()


def test_clone_runs_again_from_the_cache(submitted: Any) -> None:
    again = submitted.clone(job_id="sdk-clone")
    again.submit()
    again.wait()
    assert again.state.name == "PIPELINE_STATE_SUCCEEDED"
    details = {detail.task_name: detail for detail in again.task_details}
    assert details["make-rows"].state.name == "SKIPPED"
    assert details["make-rows"].execution.state.name == "CACHED"
    first = next(detail for detail in submitted.task_details if detail.task_name == "make-rows")
    assert details["make-rows"].outputs["rows"].artifacts == first.outputs["rows"].artifacts
    fresh = submitted.clone(job_id="sdk-fresh", enable_caching=False)
    fresh.submit()
    fresh.wait()
    states = {detail.task_name: detail.state.name for detail in fresh.task_details}
    assert states["make-rows"] == "SUCCEEDED"


def test_cancel_ends_a_run(sdk: Any, emulator: VertexEmulator, paths: dict[str, Path], tmp_path: Path) -> None:
    values = {"path": str(tmp_path / "never")}
    job = sdk.PipelineJob("stopped", str(paths["waits"]), pipeline_root=ROOT_URI, parameter_values=values)
    job.submit()
    running(emulator, job.resource_name, "wait-for")
    job.cancel()
    job.wait()
    assert job.state.name == "PIPELINE_STATE_CANCELLED"
    assert job.gca_resource.error.code == 1


def test_list_filters_orders_and_masks(sdk: Any, submitted: Any) -> None:
    after = submitted.create_time.isoformat().replace("+00:00", "Z")
    mine = 'pipeline_job_user_id="sdk-rows"'
    filters = [
        f'display_name="sdk rows" AND pipeline_name="rows" AND labels.git=abc AND {mine}',
        f'display_name:"sdk r*" AND state="PIPELINE_STATE_SUCCEEDED" AND {mine}',
        f'create_time>="{after}" AND create_time<="{after}"',
        f'NOT (state!="PIPELINE_STATE_SUCCEEDED" OR labels:none) AND pipeline_job_user_id:"*k-rows" AND {mine}',
    ]
    for text in filters:
        found = sdk.PipelineJob.list(filter=text)
        assert [job.name for job in found] == ["sdk-rows"], text
        assert found[0].gca_resource.service_account
        assert found[0].gca_resource.pipeline_spec["pipelineInfo"]["name"] == "rows"
        (simple,) = sdk.PipelineJob.list(filter=text, enable_simple_view=True)
        shown = simple._gca_resource  # The properties would ask for the whole job.
        assert shown.state.name == "PIPELINE_STATE_SUCCEEDED"
        assert not shown.service_account
        assert "root" not in shown.pipeline_spec
        assert shown.job_detail.pipeline_run_context.name.endswith("/contexts/sdk-rows")
    listed = [job.create_time for job in sdk.PipelineJob.list(order_by="create_time")]
    assert listed == sorted(listed)
    times = [job.create_time for job in sdk.PipelineJob.list()]
    assert times == sorted(times, reverse=True)


def test_a_run_of_an_experiment_tells_its_parameters_and_metrics(sdk: Any, paths: dict[str, Path]) -> None:
    experiment = sdk.Experiment.create("sdk-experiment")
    values = {"count": 7}
    job = sdk.PipelineJob("of one", str(paths["rows"]), "in-experiment", ROOT_URI, values, enable_caching=False)
    job.submit(experiment=experiment)
    job.wait()
    assert job.get_associated_experiment().name == experiment.name
    frame = sdk.get_experiment_df("sdk-experiment")
    (row,) = frame.to_dict("records")
    assert (row["run_name"], row["param.count"], row["metric.share"]) == ("in-experiment", 7, 0.5)


def test_delete_forgets_the_job(sdk: Any, emulator: VertexEmulator, paths: dict[str, Path]) -> None:
    job = sdk.PipelineJob("gone", str(paths["rows"]), job_id="sdk-gone", pipeline_root=ROOT_URI)
    job.submit()
    until(emulator, job.resource_name, lambda found: "endTime" in found)
    job.delete()
    assert emulator.refused("GET", f"{LOCATION}/pipelineJobs/sdk-gone")[0] == 404

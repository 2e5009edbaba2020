"""Google's components for models and endpoints in a pipeline as its documentation has it, compiled and submitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.runner.launchers import resources_in
from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import LOCATION, MODEL_SERVER, VertexEmulator, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

BUCKET = "launched-bucket"
PIPELINE = """
from google_cloud_pipeline_components.types import artifact_types
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp, ModelDeployOp
from google_cloud_pipeline_components.v1.model import ModelGetOp, ModelUploadOp
from kfp import dsl


@dsl.pipeline(name="documented")
def documented(name: str, labels: dict = {"team": "tables"}):
    training = CustomTrainingJobOp(
        display_name=name,
        worker_pool_specs=[
            {
                "machine_spec": {"machine_type": "n1-standard-4"},
                "replica_count": 1,
                "container_spec": {"image_uri": "trainer:1", "command": ["python3", "-c"], "args": ["print('ran')"]},
            }
        ],
    )
    unmanaged = dsl.importer(
        artifact_uri="gs://BUCKET/model",
        artifact_class=artifact_types.UnmanagedContainerModel,
        metadata={
            "containerSpec": {
                "imageUri": "us-docker.pkg.dev/p/r/server:1",
                "command": ["python3", "MODEL_SERVER"],
                "args": ["documented", FLAGS],
            }
        },
    ).after(training)
    upload = ModelUploadOp(
        display_name=name, labels=labels, unmanaged_container_model=unmanaged.outputs["artifact"]
    )
    endpoint = EndpointCreateOp(display_name=name)
    ModelDeployOp(
        model=upload.outputs["model"],
        endpoint=endpoint.outputs["endpoint"],
        deployed_model_display_name=name,
        dedicated_resources_machine_type="n1-standard-4",
        dedicated_resources_min_replica_count=1,
        dedicated_resources_max_replica_count=1,
        traffic_split={"0": 100},
    )
"""


def compiled(folder: Path, flags: str = "") -> str:
    from kfp import compiler

    text = PIPELINE.replace("BUCKET", BUCKET).replace("MODEL_SERVER", str(MODEL_SERVER)).replace(", FLAGS", flags)
    scope: dict[str, Any] = {}
    exec(compile(text, "documented.py", "exec", dont_inherit=True), scope)  # noqa: S102 - as a user's own file would
    compiler.Compiler().compile(scope["documented"], str(folder / "documented.yaml"))
    return str(folder / "documented.yaml")


@pytest.fixture
def aiplatform(emulator: VertexEmulator) -> Iterator[Any]:
    with pointed(emulator, staging_bucket=f"gs://{BUCKET}") as sdk:
        storage = storage_client(emulator)
        if not storage.bucket(BUCKET).exists():
            storage.create_bucket(BUCKET).blob("model/weights").upload_from_string("w")
        yield sdk


def submitted(aiplatform: Any, path: str, **parameters: Any) -> Any:
    job = aiplatform.PipelineJob(
        display_name="documented", template_path=path, parameter_values=parameters, enable_caching=False
    )
    job.submit()
    return job


def tasks(emulator: VertexEmulator, job: Any) -> dict[str, Any]:
    details = emulator.get(f"{LOCATION}/pipelineJobs/{job.job_id}")["jobDetail"]["taskDetails"]
    return {task["taskName"]: task for task in details}


def test_pipeline_of_googles_components_trains_uploads_and_deploys(
    aiplatform: Any, emulator: VertexEmulator, tmp_path: Path
) -> None:
    job = submitted(aiplatform, compiled(tmp_path), name="documented")
    job.wait()
    [endpoint] = aiplatform.Endpoint.list(filter='display_name="documented"')
    answer = endpoint.predict([[1, 2]])
    assert answer.predictions[0]["server"] == "documented"
    [model] = aiplatform.Model.list(filter='display_name="documented"')
    assert model.labels["team"] == "tables"
    upload = tasks(emulator, job)["model-upload"]
    assert upload["outputs"]["model"]["artifacts"][0]["metadata"]["resourceName"] == f"{model.resource_name}@1"
    endpoint.delete(force=True)
    model.delete()


def test_what_the_service_refuses_is_told(aiplatform: Any, emulator: VertexEmulator, tmp_path: Path) -> None:
    job = submitted(aiplatform, compiled(tmp_path), name="refused", labels={"Bad Label": "x"})
    with pytest.raises(RuntimeError, match="model-upload"):
        job.wait()
    error = tasks(emulator, job)["model-upload"]["error"]["message"]
    assert "ValueError: Failed to create the resource." in error
    assert "Bad Label" in error


def test_stop_ends_the_deployment_under_way(aiplatform: Any, emulator: VertexEmulator, tmp_path: Path) -> None:
    job = submitted(aiplatform, compiled(tmp_path, ', "--never-healthy"'), name="stopped")
    [endpoint] = eventually(lambda: aiplatform.Endpoint.list(filter='display_name="stopped"'))

    def deployment() -> dict[str, Any]:
        operations = emulator.get(f"{endpoint.resource_name}/operations").get("operations", [])
        found = [one for one in operations if "DeployModelOperationMetadata" in one["metadata"]["@type"]]
        return found[0] if found else {}

    eventually(deployment)
    job.cancel()
    assert eventually(lambda: job.state.name, lambda name: name == "PIPELINE_STATE_CANCELLED")
    assert "error" in eventually(deployment, lambda one: one.get("done"))
    assert endpoint.list_models() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"resources": [{}]}'])
def test_what_tells_no_resource_is_none(text: str) -> None:
    assert resources_in(text) == []

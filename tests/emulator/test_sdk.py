"""The real google-cloud-aiplatform against a running emulator: what a user's script does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import IMAGE, MODEL_SERVER, VertexEmulator, anonymous, storage_client
from tests.patience import patience_s

pytestmark = [
    pytest.mark.run,
    # The SDK's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

MACHINE = "n1-standard-2"


@pytest.fixture(scope="module")
def sdk(emulator: VertexEmulator) -> Iterator[Any]:
    storage_client(emulator).create_bucket("staging")
    with pointed(emulator, staging_bucket="gs://staging") as aiplatform:
        yield aiplatform


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    (folder / "saved_model.pb").write_bytes(b"x")
    return folder


@pytest.fixture
def upload(sdk: Any, artifacts: Path) -> Callable[..., Any]:
    def uploaded(name: str = "iris", **options: Any) -> Any:
        return sdk.Model.upload(
            display_name=name,
            artifact_uri=str(artifacts),
            serving_container_image_uri=IMAGE,
            serving_container_command=["python3", str(MODEL_SERVER)],
            serving_container_args=[name],
            **options,
        )

    return uploaded


def test_registers_versions_aliases_labels_and_evaluations(sdk: Any, upload: Callable[..., Any]) -> None:
    from google.cloud.aiplatform_v1 import ModelEvaluation, ModelServiceClient

    first = upload("registered", labels={"run": "r1"}, version_aliases=["champion"], version_description="d")
    assert (first.version_id, first.version_aliases) == ("1", ["champion", "default"])
    assert first.uri.startswith("gs://staging/vertex_ai_auto_staging/")
    second = upload("registered", parent_model=first.resource_name, is_default_version=False)
    assert (second.version_id, list(second.version_aliases)) == ("2", [])
    registry = first.versioning_registry
    registry.add_version_aliases(["champion"], version="2")
    registry.remove_version_aliases(["default-candidate"], version="2")
    assert [version.version_aliases for version in registry.list_versions()] == [["default"], ["champion"]]
    assert registry.get_version_info("champion").version_id == "2"
    assert registry.get_model("champion").version_id == "2"
    registry.update_version("2", version_description="new", labels={"run": "r2"})
    assert registry.get_version_info("2").version_description == "new"
    client: ModelServiceClient = first.api_client
    evaluation = ModelEvaluation(display_name="e", metrics={"accuracy": 0.9})
    client.import_model_evaluation(parent=f"{first.resource_name}@1", model_evaluation=evaluation)
    (found,) = sdk.Model(first.resource_name, version="1").list_model_evaluations()
    assert dict(found.metrics) == {"accuracy": 0.9}
    assert sdk.Model(first.resource_name).get_model_evaluation(found.name).resource_name == found.resource_name
    assert sdk.Model(first.resource_name, version="2").list_model_evaluations() == []


def test_lists_filters_and_updates_models(sdk: Any, upload: Callable[..., Any]) -> None:
    model = upload("listed", labels={"team": "a"})
    upload("listed", labels={"team": "b"})
    (found,) = sdk.Model.list(filter='display_name="listed" AND labels.team="a"')
    assert found.resource_name == model.resource_name
    ordered = sdk.Model.list(filter="display_name=listed", order_by="create_time desc")
    assert [model.labels["team"] for model in ordered] == ["b", "a"]
    model.update(display_name="renamed", description="d")
    assert sdk.Model(model.resource_name).display_name == "renamed"


def test_deploys_splits_traffic_predicts_and_undeploys(sdk: Any, upload: Callable[..., Any]) -> None:
    first = upload("served")
    second = upload("served", parent_model=first.resource_name, is_default_version=False)
    endpoint = sdk.Endpoint.create(display_name="served", labels={"a": "b"})
    endpoint.deploy(first, machine_type=MACHINE)
    answer = endpoint.predict([[1.0, 2.0]], parameters={"a": 1})
    assert answer.predictions[0]["seen"] == [1.0, 2.0]
    assert (answer.model_version_id, answer.model_resource_name) == ("1", first.resource_name)
    endpoint.deploy(second, machine_type=MACHINE, traffic_percentage=20)
    assert sorted(endpoint.traffic_split.values()) == [20, 80]
    old, new = (deployed.id for deployed in endpoint.list_models())
    assert endpoint.traffic_split == {new: 20, old: 80}
    endpoint.update(traffic_split={old: 0, new: 100})
    assert {endpoint.predict([1]).model_version_id for _ in range(10)} == {"2"}
    endpoint.undeploy(old)
    assert [deployed.id for deployed in sdk.Endpoint(endpoint.resource_name).list_models()] == [new]
    assert [found.resource_name for found in sdk.Endpoint.list(filter="labels.a=b")] == [endpoint.resource_name]
    endpoint.undeploy_all()
    assert endpoint.traffic_split == {}
    endpoint.delete()
    assert sdk.Endpoint.list(filter="labels.a=b") == []


def test_deploys_without_an_endpoint_and_deletes_by_force(upload: Callable[..., Any]) -> None:
    endpoint = upload("own-endpoint").deploy(machine_type=MACHINE)
    assert endpoint.predict(["x"]).predictions[0]["server"] == "own-endpoint"
    endpoint.delete(force=True)


def test_c2_predicts_raw_through_a_session_that_goes_to_the_emulator(
    upload: Callable[..., Any], emulator: VertexEmulator
) -> None:
    class ToEmulator(requests.adapters.HTTPAdapter):  # type: ignore[misc]  # requests has no types
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            request.url = emulator.address + urlsplit(request.url).path
            return super().send(request, *args, **options)

    endpoint = upload("raw").deploy(machine_type=MACHINE)
    endpoint.authorized_session = requests.Session()
    endpoint.authorized_session.mount("https://us-central1-aiplatform.googleapis.com", ToEmulator())
    with endpoint.authorized_session:
        headers = {"Content-Type": "application/json"}
        answer = endpoint.raw_predict(b'{"instances": [{"do": "raw"}]}', headers)
        assert answer.json()["seen"] == {"instances": [{"do": "raw"}]}
        assert endpoint.predict([5], use_raw_predict=True).predictions[0]["seen"] == 5
    endpoint.delete(force=True)


def test_raises_what_the_contract_says(sdk: Any, upload: Callable[..., Any]) -> None:
    from google.api_core import exceptions

    model = upload("errors", model_id="errors")
    with pytest.raises(exceptions.Conflict, match="already exists"):
        upload("errors", model_id="errors")
    with pytest.raises(exceptions.NotFound, match="does not exist"):
        sdk.Model("absent-model")
    with pytest.raises(exceptions.BadRequest, match="labels"):
        upload("errors", labels={"Bad": "x"})
    with pytest.raises(exceptions.BadRequest, match="only version"):
        model.versioning_registry.delete_version("1")
    endpoint = model.deploy(machine_type=MACHINE)
    with pytest.raises(exceptions.BadRequest, match="Undeploy it first"):
        model.delete()
    with pytest.raises(exceptions.BadRequest, match="has deployed or being-deployed"):
        endpoint.delete()
    with pytest.raises(exceptions.BadRequest, match="is required and must be an array"):
        endpoint.predict([])
    with pytest.raises(exceptions.MethodNotImplemented, match="ListTrainingPipelines"):
        sdk.CustomTrainingJob.list()
    endpoint.delete(force=True)
    model.delete()


def test_a_failed_deployment_raises_what_the_operation_says(sdk: Any) -> None:
    from google.api_core import exceptions

    model = sdk.Model.upload(
        display_name="broken",
        serving_container_image_uri=IMAGE,
        serving_container_command=["python3", str(MODEL_SERVER), "broken", "--fail-at-start"],
    )
    endpoint = sdk.Endpoint.create(display_name="broken")
    with pytest.raises(exceptions.FailedPrecondition, match="Model server exited unexpectedly"):
        endpoint.deploy(model, machine_type=MACHINE)
    assert endpoint.list_models() == []


def test_the_preview_classes_speak_v1beta1(sdk: Any, upload: Callable[..., Any]) -> None:
    from google.cloud.aiplatform.preview import models

    endpoint = models.Endpoint.create(display_name="beta")
    endpoint.deploy(upload("beta"), machine_type=MACHINE)
    assert sdk.Endpoint(endpoint.resource_name).predict([1]).predictions[0]["server"] == "beta"
    endpoint.undeploy_all()
    endpoint.delete()


def test_a_client_that_waits_survives_a_kill(own_emulator: VertexEmulator) -> None:
    from google.cloud import aiplatform_v1

    client = aiplatform_v1.EndpointServiceClient(
        transport="rest",
        credentials=anonymous(),
        client_options={"api_endpoint": own_emulator.address},
    )
    model = own_emulator.upload("slow", "--start-after", "1")
    endpoint = own_emulator.create_endpoint()
    resources = aiplatform_v1.DedicatedResources(
        machine_spec=aiplatform_v1.MachineSpec(machine_type=MACHINE), min_replica_count=1
    )
    deployed = aiplatform_v1.DeployedModel(model=model, dedicated_resources=resources)
    operation: Any = client.deploy_model(endpoint=endpoint, deployed_model=deployed, traffic_split={"0": 100})

    # Between two of its polls: the SDK gives a poll that is refused no second try.
    own_emulator.kill()
    own_emulator.start()
    result = operation.result(timeout=patience_s())
    assert result.deployed_model.model_version_id == "1"
    assert own_emulator.predict(endpoint)["predictions"]

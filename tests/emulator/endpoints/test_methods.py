"""Rules of endpoints, deployments (E) and operations (O) over raw HTTP."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.emulator.vertex_emulator import IMAGE, LOCATION, MODEL_SERVER, RESOURCES, VertexEmulator
from tests.patience import slowness

pytestmark = pytest.mark.run

INVALID = (400, "INVALID_ARGUMENT")
WRONG_STATE = (400, "FAILED_PRECONDITION")
ABSENT = (404, "NOT_FOUND")


@pytest.fixture(scope="module")
def model(emulator: VertexEmulator) -> str:
    return emulator.upload()


@pytest.fixture(scope="module")
def slow_model(emulator: VertexEmulator) -> str:
    return emulator.upload("slow", "--start-after", str(slowness()))


@pytest.fixture(scope="module")
def pair(emulator: VertexEmulator, model: str) -> tuple[str, str, str]:
    """An endpoint with two deployed models, 60 to 40, that tests leave so."""
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, model)
    second = emulator.deploy(endpoint, model, {"0": 40, first: 60})
    return endpoint, first, second


def deploy_body(model: str, split: dict[str, int] | None = None, **fields: Any) -> dict[str, Any]:
    deployed = {"model": model, "dedicatedResources": RESOURCES, **fields}
    return {"deployedModel": deployed, "trafficSplit": split or {}}


@pytest.mark.parametrize("endpoint_id", ["A", "a-", "-a", "0", "01", "1234567890", "a_b", "a" * 64, "1a"])
def test_e1_refuses_a_bad_endpoint_id(emulator: VertexEmulator, endpoint_id: str) -> None:
    path = f"{LOCATION}/endpoints?endpointId={endpoint_id}"
    assert emulator.refused("POST", path, {"displayName": "x"})[:2] == INVALID


@pytest.mark.parametrize("endpoint_id", ["a", "a-1", "a" * 63, "9", "123456789"])
def test_e1_takes_an_endpoint_id_once(emulator: VertexEmulator, endpoint_id: str) -> None:
    path = f"{LOCATION}/endpoints?endpointId={endpoint_id}"
    name = emulator.post(path, {"displayName": "x"})["response"]["name"]
    assert name == f"{LOCATION}/endpoints/{endpoint_id}"
    assert emulator.refused("POST", path, {"displayName": "x"})[:2] == (409, "ALREADY_EXISTS")


@pytest.mark.parametrize(
    "shares",
    [(50, 40), (60, 50), (101, -1), (0, 0), (100,), ("x",), (60.5, 39.5)],
)
def test_e2_refuses_a_split_that_is_not_whole(
    emulator: VertexEmulator, pair: tuple[str, str, str], model: str, shares: tuple[Any, ...]
) -> None:
    endpoint, first, second = pair
    split = dict(zip((first, second), shares, strict=False))
    if shares == (100,):
        split = {first: 99}
    assert emulator.refused("POST", f"{endpoint}:deployModel", deploy_body(model, split))[:2] == INVALID
    body = {"deployedModelId": first, "trafficSplit": split}
    assert emulator.refused("POST", f"{endpoint}:undeployModel", body)[:2] == INVALID
    path = f"{endpoint}?updateMask=trafficSplit"
    assert emulator.refused("PATCH", path, {"trafficSplit": split})[:2] == INVALID
    assert emulator.get(endpoint)["trafficSplit"] == {first: 60, second: 40}


def test_e3_puts_the_new_id_in_the_place_of_0(emulator: VertexEmulator, pair: tuple[str, str, str]) -> None:
    endpoint, first, second = pair
    assert emulator.get(endpoint)["trafficSplit"] == {first: 60, second: 40}


def test_e3_e4_refuse_unknown_ids(emulator: VertexEmulator, pair: tuple[str, str, str], model: str) -> None:
    endpoint, first, _ = pair
    unknown = deploy_body(model, {"0": 50, "77": 50})
    assert emulator.refused("POST", f"{endpoint}:deployModel", unknown)[:2] == INVALID
    path = f"{endpoint}?updateMask=trafficSplit"
    status, code, message = emulator.refused("PATCH", path, {"trafficSplit": {"0": 100}})
    assert (status, code) == INVALID
    assert "The following DeployedModel ID(s) [0] do not exist." in message
    body = {"deployedModelId": first, "trafficSplit": {"0": 100}}
    assert emulator.refused("POST", f"{endpoint}:undeployModel", body)[:2] == INVALID


def test_e5_gives_a_model_without_split_no_traffic(emulator: VertexEmulator, model: str) -> None:
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, model, {})
    assert "trafficSplit" not in emulator.get(endpoint)
    emulator.call("PATCH", f"/v1/{endpoint}?updateMask=trafficSplit", {"trafficSplit": {first: 100}})
    emulator.deploy(endpoint, model, {})
    assert emulator.get(endpoint)["trafficSplit"] == {first: 100}


@pytest.mark.parametrize("deployed_id", ["0", "01", "x", "12345678901", "-1"])
def test_e6_refuses_a_bad_deployed_model_id(emulator: VertexEmulator, model: str, deployed_id: str) -> None:
    endpoint = emulator.create_endpoint()
    body = deploy_body(model, id=deployed_id)
    assert emulator.refused("POST", f"{endpoint}:deployModel", body)[:2] == INVALID


def test_e6_takes_an_id_once(emulator: VertexEmulator, model: str) -> None:
    endpoint = emulator.create_endpoint()
    body = deploy_body(model, id="7")
    operation = emulator.post(f"{endpoint}:deployModel", body)
    assert emulator.refused("POST", f"{endpoint}:deployModel", body)[:2] == INVALID
    deployed = emulator.wait(operation)["response"]["deployedModel"]
    assert deployed["id"] == "7"
    assert emulator.refused("POST", f"{endpoint}:deployModel", body)[:2] == INVALID
    assert emulator.get(endpoint)["deployedModels"] == [deployed]


@pytest.mark.parametrize(
    "resources",
    [
        {"dedicatedResources": None},
        {"dedicatedResources": None, "automaticResources": {"minReplicaCount": 1}},
        {"dedicatedResources": None, "sharedResources": "projects/p/locations/l/deploymentResourcePools/d"},
        {"dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}}},
        {"dedicatedResources": {"minReplicaCount": 1}},
        {"dedicatedResources": RESOURCES | {"minReplicaCount": 0}},
        {"dedicatedResources": RESOURCES | {"minReplicaCount": 2, "maxReplicaCount": 1}},
        {"dedicatedResources": RESOURCES | {"machineSpec": {"acceleratorCount": 1}}},
        {"dedicatedResources": RESOURCES | {"machineSpec": {"acceleratorType": "NVIDIA_L4"}}},
        {"dedicatedResources": RESOURCES | {"machineSpec": {"machineType": "laptop"}}},
        {"dedicatedResources": RESOURCES, "automaticResources": {"minReplicaCount": 1}},
        {"serviceAccount": "me"},
        {"displayName": "x" * 129},
    ],
)
def test_e7_e8_refuse_resources(emulator: VertexEmulator, model: str, resources: dict[str, Any]) -> None:
    body = deploy_body(model, **resources)
    assert emulator.refused("POST", f"{emulator.create_endpoint()}:deployModel", body)[:2] == INVALID


def test_e7_refuses_a_model_without_a_container(emulator: VertexEmulator) -> None:
    bare = emulator.post(f"{LOCATION}/models:upload", {"model": {"displayName": "x"}})["response"]["model"]
    path = f"{emulator.create_endpoint()}:deployModel"
    assert emulator.refused("POST", path, deploy_body(bare))[:2] == WRONG_STATE


def test_e7_e8_fill_in_defaults(emulator: VertexEmulator, model: str) -> None:
    body = deploy_body(model, dedicatedResources={"machineSpec": {}, "minReplicaCount": 2})
    operation = emulator.wait(emulator.post(f"{emulator.create_endpoint()}:deployModel", body))
    deployed = operation["response"]["deployedModel"]
    assert deployed["dedicatedResources"]["maxReplicaCount"] == 2
    assert deployed["dedicatedResources"]["machineSpec"] == {"machineType": "n1-standard-2"}
    assert (deployed["displayName"], deployed["modelVersionId"]) == ("one", "1")
    assert deployed["model"] == model.partition("@")[0]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("{model}@9", ABSENT),
        ("{model}@absent", ABSENT),
        (f"{LOCATION}/models/absent", ABSENT),
        ("projects/p/locations/europe-west4/models/1", INVALID),
        ("1", INVALID),
        ("", INVALID),
    ],
)
def test_e9_refuses_a_model(emulator: VertexEmulator, model: str, name: str, refusal: tuple[int, str]) -> None:
    body = deploy_body(name.format(model=model.partition("@")[0]))
    assert emulator.refused("POST", f"{emulator.create_endpoint()}:deployModel", body)[:2] == refusal


def test_e9_deploys_by_alias_the_version_that_it_means_now(emulator: VertexEmulator) -> None:
    model = emulator.upload("by-alias", model={"versionAliases": ["golden"]}).partition("@")[0]
    emulator.upload("newer", parent_model=model, model={"versionAliases": ["default"]})
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, f"{model}@golden")
    emulator.deploy(endpoint, model, {})
    versions = [deployed["modelVersionId"] for deployed in emulator.get(endpoint)["deployedModels"]]
    assert versions == ["1", "2"]


def test_e10_keeps_a_model_with_traffic(emulator: VertexEmulator, pair: tuple[str, str, str]) -> None:
    endpoint, first, second = pair
    for split in ({}, {first: 10, second: 90}):
        body = {"deployedModelId": first, "trafficSplit": split}
        status, code, message = emulator.refused("POST", f"{endpoint}:undeployModel", body)
        assert (status, code) == WRONG_STATE
        assert "Move its traffic" in message
    assert emulator.refused("POST", f"{endpoint}:undeployModel", {"deployedModelId": "77"})[:2] == ABSENT


def test_e10_undeploys_what_the_split_leaves_out_and_then_the_last(emulator: VertexEmulator, model: str) -> None:
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, model)
    second = emulator.deploy(endpoint, model, {"0": 40, first: 60})
    emulator.wait(
        emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": first, "trafficSplit": {first: 0, second: 100}})
    )
    assert emulator.get(endpoint)["trafficSplit"] == {second: 100}
    emulator.wait(emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": second}))
    assert not {"trafficSplit", "deployedModels"} & set(emulator.get(endpoint))


def test_e11_deletes_only_an_empty_endpoint(
    emulator: VertexEmulator, pair: tuple[str, str, str], slow_model: str
) -> None:
    status, code, message = emulator.refused("DELETE", pair[0])
    assert (status, code) == WRONG_STATE
    assert "has deployed or being-deployed DeployedModel(s)" in message
    empty = emulator.create_endpoint()
    operation = emulator.begin_deploy(empty, slow_model)
    assert emulator.refused("DELETE", empty)[:2] == WRONG_STATE
    emulator.post(f"{operation['name']}:cancel")
    assert emulator.wait(operation)["error"]["code"] == 1
    assert emulator.call("DELETE", f"/v1/{empty}").json()["done"]
    assert emulator.refused("GET", empty)[:2] == ABSENT


@pytest.mark.parametrize(
    ("flags", "container", "reason"),
    [
        (("--fail-at-start",), {}, "the weights are missing"),
        (("--never-healthy",), {"deploymentTimeout": "1s"}, "within 1 s"),
    ],
)
def test_e12_fails_the_operation_of_a_server_that_does_not_come_up(
    emulator: VertexEmulator, model: str, flags: tuple[str, ...], container: dict[str, Any], reason: str
) -> None:
    command = {"command": ["python3", str(MODEL_SERVER)], "args": ["broken", *flags]}
    broken = emulator.upload(model={"containerSpec": {"imageUri": IMAGE, **command, **container}})
    endpoint = emulator.create_endpoint()
    kept = emulator.deploy(endpoint, model)
    before = emulator.get(endpoint)
    error = emulator.wait(emulator.begin_deploy(endpoint, broken, {"0": 50, kept: 50}))["error"]
    assert error["code"] == 9
    assert error["message"].startswith("Model server exited unexpectedly. Model server logs can be found at ")
    assert reason in error["message"]
    assert "broken starts" in error["message"]
    assert emulator.get(endpoint) == before


def test_e12_says_that_an_image_cannot_be_run(emulator: VertexEmulator) -> None:
    model = emulator.upload(model={"containerSpec": {"imageUri": IMAGE}})
    error = emulator.wait(emulator.begin_deploy(emulator.create_endpoint(), model))["error"]
    assert error["code"] == 9
    assert "Set containerSpec.command" in error["message"]


def test_e12_says_that_a_command_is_not_there(emulator: VertexEmulator) -> None:
    model = emulator.upload(model={"containerSpec": {"imageUri": IMAGE, "command": ["no-such-program"]}})
    error = emulator.wait(emulator.begin_deploy(emulator.create_endpoint(), model))["error"]
    assert 'starts "no-such-program", which is not on this machine' in error["message"]


def test_e13_shows_the_old_endpoint_while_a_deployment_runs(
    emulator: VertexEmulator, model: str, slow_model: str
) -> None:
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, model)
    before = emulator.get(endpoint)
    operation = emulator.begin_deploy(endpoint, slow_model, {"0": 100})
    assert "done" not in operation
    assert emulator.get(endpoint) == before
    assert emulator.predict(endpoint)["deployedModelId"] == before["deployedModels"][0]["id"]
    deployed = emulator.wait(operation)["response"]["deployedModel"]
    assert emulator.get(endpoint)["trafficSplit"] == {deployed["id"]: 100}


def test_e13_checks_the_split_again_when_a_deployment_ends(
    emulator: VertexEmulator, model: str, slow_model: str
) -> None:
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, model)
    operation = emulator.begin_deploy(endpoint, slow_model, {"0": 50, first: 50})
    emulator.wait(emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": first}))
    error = emulator.wait(operation)["error"]
    assert error["code"] == 3
    assert f"DeployedModel ID(s) [{first}] do not exist" in error["message"]
    assert "deployedModels" not in emulator.get(endpoint)


@pytest.mark.parametrize("mask", ["", "name", "deployedModels", "displayName,network", "nonsense"])
def test_e14_refuses_a_mask(emulator: VertexEmulator, mask: str) -> None:
    path = f"{emulator.create_endpoint()}?updateMask={mask}"
    assert emulator.refused("PATCH", path, {"displayName": "x"})[:2] == INVALID


def test_e14_refuses_an_old_etag_and_takes_the_current_one(emulator: VertexEmulator) -> None:
    path = f"{emulator.create_endpoint('old')}?updateMask=description"
    old = emulator.get(path.partition("?")[0])["etag"]
    assert emulator.call("PATCH", f"/v1/{path}", {"description": "a", "etag": old}).status_code == 200
    assert emulator.refused("PATCH", path, {"description": "b", "etag": old})[:2] == WRONG_STATE


def test_e15_mutates_replica_counts_alone(emulator: VertexEmulator, model: str) -> None:
    endpoint = emulator.create_endpoint()
    deployed = emulator.deploy(endpoint, model)
    body = {
        "deployedModel": {"id": deployed, "dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 3}},
        "updateMask": "dedicatedResources.minReplicaCount,dedicatedResources.maxReplicaCount",
    }
    emulator.post(f"{endpoint}:mutateDeployedModel", body)
    resources = emulator.get(endpoint)["deployedModels"][0]["dedicatedResources"]
    assert (resources["minReplicaCount"], resources["maxReplicaCount"]) == (2, 3)
    for mask in ("", "displayName", "dedicatedResources"):
        path = f"{endpoint}:mutateDeployedModel"
        assert emulator.refused("POST", path, body | {"updateMask": mask})[:2] == INVALID
    absent = body | {"deployedModel": {"id": "77"}}
    assert emulator.refused("POST", f"{endpoint}:mutateDeployedModel", absent)[:2] == ABSENT


def test_e17_lists_endpoints_newest_first(emulator: VertexEmulator) -> None:
    parent = "projects/newest/locations/us-central1"
    for name in "abc":
        emulator.post(f"{parent}/endpoints", {"displayName": name, "labels": {"k": name}})
    listed = emulator.get(f"{parent}/endpoints")["endpoints"]
    assert [endpoint["displayName"] for endpoint in listed] == ["c", "b", "a"]
    (found,) = emulator.get(f"{parent}/endpoints?filter=labels.k=b")["endpoints"]
    assert found["displayName"] == "b"


def test_refuses_an_endpoint_that_clients_would_look_for_elsewhere(emulator: VertexEmulator) -> None:
    body = {"displayName": "x", "dedicatedEndpointEnabled": True}
    assert emulator.refused("POST", f"{LOCATION}/endpoints", body)[:2] == INVALID


def test_o1_o2_o3_o6_show_an_operation(emulator: VertexEmulator, slow_model: str) -> None:
    endpoint = emulator.create_endpoint()
    operation = emulator.begin_deploy(endpoint, slow_model)
    assert set(operation) == {"name", "metadata"}
    assert operation["name"].startswith(f"{endpoint}/operations/")
    assert set(operation["metadata"]["genericMetadata"]) == {"createTime", "updateTime"}
    done = emulator.wait(operation)
    assert set(done) == {"name", "metadata", "done", "response"}
    times = done["metadata"]["genericMetadata"]
    assert times["createTime"] < times["updateTime"]
    for version in ("ui", "v1", "v1beta1"):
        assert emulator.call("GET", f"/{version}/{operation['name']}").json()["done"]


def test_o4_shows_operations_as_running_for_as_long_as_asked(emulator: VertexEmulator) -> None:
    assert emulator.call("POST", "/_emulator/operation_delay", {"seconds": 1}).status_code == 200
    try:
        operation = emulator.post(f"{LOCATION}/endpoints", {"displayName": "x"})
        assert set(operation) == {"name", "metadata"}
        assert "response" in emulator.wait(operation)
    finally:
        emulator.call("POST", "/_emulator/operation_delay", {"seconds": 0})


def test_o8_lists_waits_for_and_forgets_operations(emulator: VertexEmulator, slow_model: str) -> None:
    endpoint = emulator.create_endpoint()
    operation = emulator.begin_deploy(endpoint, slow_model)
    assert emulator.refused("DELETE", operation["name"])[:2] == WRONG_STATE
    assert "done" not in emulator.post(f"{operation['name']}:wait", {"timeout": "0.1s"})
    assert emulator.post(f"{operation['name']}:wait")["done"]
    listed = emulator.get(f"{endpoint}/operations")["operations"]
    assert listed[0]["name"] == operation["name"]
    emulator.call("DELETE", f"/v1/{operation['name']}")
    assert emulator.refused("GET", operation["name"])[:2] == ABSENT
    assert emulator.refused("GET", f"{endpoint}/operations?filter=done")[:2] == INVALID


def test_o9_answers_404_for_an_unknown_operation(emulator: VertexEmulator) -> None:
    answer = emulator.call("GET", f"/ui/{LOCATION}/operations/1")
    assert (answer.status_code, answer.json()["error"]["status"]) == ABSENT


def test_fails_the_next_calls_on_demand(emulator: VertexEmulator) -> None:
    fault = {"rpc": "GetEndpoint", "status": "PERMISSION_DENIED", "times": 2}
    endpoint = emulator.create_endpoint()
    assert emulator.call("POST", "/_emulator/faults", fault).status_code == 200
    assert [emulator.call("GET", f"/v1/{endpoint}").status_code for _ in range(3)] == [403, 403, 200]
    logged = emulator.call("GET", "/_emulator/requests").json()["requests"][-1]
    assert (logged["rpc"], logged["status"]) == ("GetEndpoint", 200)
    assert emulator.call("POST", "/_emulator/faults", {"rpc": "X", "status": "NO"}).status_code == 400


@pytest.mark.parametrize(
    "kind", ["e2-highmem-4", "a2-highgpu-1g", "g2-standard-8", "c3-standard-4-lssd", "ct5lp-hightpu-4t"]
)
def test_e8_takes_a_machine_type(emulator: VertexEmulator, model: str, kind: str) -> None:
    body = deploy_body(model, dedicatedResources={"machineSpec": {"machineType": kind}, "minReplicaCount": 1})
    assert "error" not in emulator.wait(emulator.post(f"{emulator.create_endpoint()}:deployModel", body))


def test_runs_python_of_the_emulators_own_environment(emulator: VertexEmulator) -> None:
    code = "import sys; sys.exit(sys.executable)"
    model = emulator.upload(model={"containerSpec": {"imageUri": IMAGE, "command": ["python", "-c", code]}})
    error = emulator.wait(emulator.begin_deploy(emulator.create_endpoint(), model))["error"]
    assert sys.executable in error["message"] or sys.prefix in error["message"]

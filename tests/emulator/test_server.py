"""Transport rules (A) over raw HTTP, and what the emulator refuses as a server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.vertex_emulator import LOCATION, ROOT, VertexEmulator

pytestmark = pytest.mark.run

SDK_QUERY = "?%24alt=json%3Benum-encoding%3Dint"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a1_serves_both_versions(emulator: VertexEmulator, version: str) -> None:
    endpoint = emulator.create_endpoint()
    answer = emulator.call("GET", f"/{version}/{endpoint}")
    assert (answer.status_code, answer.json()["name"]) == (200, endpoint)


@pytest.mark.parametrize("query", [SDK_QUERY, "?$alt=json;enum-encoding=int", "?alt=json&prettyPrint=true"])
def test_a2_takes_the_query_of_every_call(emulator: VertexEmulator, query: str) -> None:
    assert emulator.call("GET", f"/v1/{LOCATION}/endpoints{query}").status_code == 200


def test_a2_refuses_an_unknown_query_parameter(emulator: VertexEmulator) -> None:
    status, name, message = emulator.refused("GET", f"{LOCATION}/endpoints?pageSiz=2")
    assert (status, name) == (400, "INVALID_ARGUMENT")
    assert 'Unknown name "pageSiz"' in message


def test_a3_takes_enums_and_numbers_in_both_forms(emulator: VertexEmulator) -> None:
    model = emulator.upload()
    for count, kind in (("1", "NVIDIA_TESLA_T4"), (1, 5)):
        machine = {"machineType": "n1-standard-2", "acceleratorType": kind, "acceleratorCount": count}
        resources = {"machineSpec": machine, "minReplicaCount": count}
        body = {"deployedModel": {"model": model, "dedicatedResources": resources}}
        operation = emulator.wait(emulator.post(f"{emulator.create_endpoint()}:deployModel", body))
        assert "error" not in operation


def test_a4_decodes_each_part_of_the_path_after_cutting_it(emulator: VertexEmulator) -> None:
    location = "projects/example.com%3Ap/locations/us-central1"
    created = emulator.post(f"{location}/endpoints", {"displayName": "x"})["response"]["name"]
    assert created.startswith("projects/example.com:p/locations/us-central1/endpoints/")
    assert emulator.get(f"{location}/endpoints/{created.rpartition('/')[2]}")["name"] == created


def test_a4_refuses_an_encoded_slash(emulator: VertexEmulator) -> None:
    status, name, _ = emulator.refused("GET", f"{LOCATION}/models/a%2Fevaluations%2Fb")
    assert (status, name) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("mask", ["displayName", "display_name", "displayName,labels"])
def test_a5_takes_masks_in_both_cases(emulator: VertexEmulator, mask: str) -> None:
    endpoint = emulator.create_endpoint("before")
    answer = emulator.call("PATCH", f"/v1/{endpoint}?updateMask={mask}", {"displayName": "after"})
    assert answer.json()["displayName"] == "after"


def test_a8_applies_only_masked_fields_of_a_whole_resource(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint("before", labels={"team": "a"})
    whole = emulator.get(endpoint) | {"displayName": "after", "labels": {}, "deployedModels": [{"id": "7"}]}
    del whole["name"]
    emulator.call("PATCH", f"/v1/{endpoint}?updateMask=displayName", whole)
    after = emulator.get(endpoint)
    assert (after["displayName"], after["labels"]) == ("after", {"team": "a"})
    assert "deployedModels" not in after


def test_a10_answers_enums_as_asked(emulator: VertexEmulator) -> None:
    model = emulator.upload()
    named = emulator.get(model)["supportedDeploymentResourcesTypes"]
    numbered = emulator.get(model + SDK_QUERY)["supportedDeploymentResourcesTypes"]
    assert (named, numbered) == (["DEDICATED_RESOURCES"], [1])


def test_a11_gives_times_in_utc_to_every_resource(emulator: VertexEmulator) -> None:
    for resource in (emulator.get(emulator.create_endpoint()), emulator.get(emulator.upload())):
        assert resource["createTime"].endswith("Z")
        assert resource["updateTime"].endswith("Z")


def test_a12_types_operations_in_the_version_that_was_called(emulator: VertexEmulator) -> None:
    for version in ("v1", "v1beta1"):
        answer = emulator.call("POST", f"/{version}/{LOCATION}/endpoints", {"displayName": "x"}).json()
        prefix = f"type.googleapis.com/google.cloud.aiplatform.{version}."
        assert answer["metadata"]["@type"] == f"{prefix}CreateEndpointOperationMetadata"
        assert answer["response"]["@type"] == f"{prefix}Endpoint"
        polled = emulator.call("GET", f"/{version}/{answer['name']}").json()
        assert polled == answer


def test_a13_echoes_the_project_of_the_path(emulator: VertexEmulator) -> None:
    created = emulator.post("projects/other/locations/europe-west4/endpoints", {"displayName": "x"})
    assert created["response"]["name"].startswith("projects/other/locations/europe-west4/endpoints/")


def test_a14_makes_ids_of_19_digits(emulator: VertexEmulator) -> None:
    for name in (emulator.create_endpoint(), emulator.upload().partition("@")[0]):
        assert len(name.rpartition("/")[2]) == 19


def test_a15_pages_through_a_list(emulator: VertexEmulator) -> None:
    parent = "projects/pages/locations/us-central1"
    made = [emulator.post(f"{parent}/endpoints", {"displayName": "x"})["response"]["name"] for _ in range(5)]
    found: list[str] = []
    token = ""
    while True:
        answer = emulator.call("GET", f"/v1/{parent}/endpoints?pageSize=2&pageToken={token}").json()
        assert len(answer["endpoints"]) <= 2
        found += [endpoint["name"] for endpoint in answer["endpoints"]]
        token = answer.get("nextPageToken", "")
        if not token:
            break
    assert found == made[::-1]


def test_a15_answers_an_empty_list_with_an_empty_object(emulator: VertexEmulator) -> None:
    assert emulator.call("GET", "/v1/projects/empty/locations/l/models").json() == {}


@pytest.mark.parametrize("query", ["pageToken=bad", "pageToken=cGFnZTp4", "pageSize=-1", "pageSize=many"])
def test_a15_refuses_a_bad_page(emulator: VertexEmulator, query: str) -> None:
    assert emulator.refused("GET", f"{LOCATION}/models?{query}")[:2] == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": {"displayNam": "x"}}, "model.displayNam"),
        ({"modle": {}}, "modle"),
        ({"model": {"containerSpec": {"imageUrl": "x"}}}, "model.containerSpec.imageUrl"),
    ],
)
def test_a16_refuses_unknown_keys(emulator: VertexEmulator, body: Any, field: str) -> None:
    answer = emulator.call("POST", f"/v1/{LOCATION}/models:upload", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert "Cannot find field" in error["message"]
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert error["details"][0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"displayName": NaN}', b'{"displayName": 5}', b"[" * 100_000],
)
def test_refuses_bodies_that_are_no_message(emulator: VertexEmulator, body: bytes) -> None:
    assert emulator.refused("POST", f"{LOCATION}/endpoints", body)[:2] == (400, "INVALID_ARGUMENT")


def test_lists_all_violations_of_a_request_together(emulator: VertexEmulator) -> None:
    body = {"displayName": "x" * 129, "labels": {"Upper": "x", "ok": "Not Ok"}}
    error = emulator.call("POST", f"/v1/{LOCATION}/endpoints", body).json()["error"]
    assert error["message"].startswith("List of found errors:\t1.Field: endpoint.display_name; Message: ")
    assert "\t3.Field: endpoint.labels; Message: " in error["message"]
    assert len(error["details"][0]["fieldViolations"]) == 3


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", f"/v1/{LOCATION}/trainingPipelines", "CreateTrainingPipeline"),
        ("GET", f"/v1/{LOCATION}/trainingPipelines/a", "GetTrainingPipeline"),
        ("POST", f"/v1/{LOCATION}/batchPredictionJobs:batchDelete", "BatchDeleteBatchPredictionJobs"),
        ("POST", f"/v1/{LOCATION}/nasJobs/1:cancel", "CancelNasJob"),
        ("GET", f"/v1/{LOCATION}/featurestores", "ListFeaturestores"),
        ("POST", f"/v1/{LOCATION}/endpoints/1:explain", "Explain"),
        ("POST", f"/v1/{LOCATION}/endpoints/1:streamRawPredict", "StreamRawPredict"),
        ("PUT", f"/v1/{LOCATION}/models/1", "PUT"),
        ("GET", f"/ui/{LOCATION}/models/1", "GetModel"),
        ("GET", "/v1/projects/p/locations", "ListLocations"),
        ("GET", "/favicon.ico", "/favicon.ico"),
        ("GET", "/v2/projects", "/v2/projects"),
        ("GET", "/", "/"),
        ("GET", "/_emulator/faults", "/_emulator/faults"),
        ("GET", "/_emulator/nonsense", "/_emulator/nonsense"),
    ],
)
def test_answers_501_with_the_name_of_what_it_does_not_serve(
    emulator: VertexEmulator, method: str, path: str, name: str
) -> None:
    answer = emulator.call(method, path)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (501, "UNIMPLEMENTED")
    assert name in error["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_refuses_foreign_hosts_and_origins(emulator: VertexEmulator, headers: dict[str, str]) -> None:
    for address in (emulator.address, emulator.running["storageAddress"]):
        emulator.running["address"], kept = address, emulator.address
        try:
            answer = emulator.call("GET", "/healthz", headers=headers)
        finally:
            emulator.running["address"] = kept
        assert answer.status_code == 403
        assert answer.json()["error"]["status"] == "PERMISSION_DENIED"


def test_takes_a_page_of_its_own(emulator: VertexEmulator) -> None:
    assert emulator.call("GET", "/healthz", headers={"Origin": emulator.address}).status_code == 200


def test_healthz_tells_versions_and_the_storage_address(emulator: VertexEmulator) -> None:
    told = emulator.call("GET", "/healthz").json()
    assert told["storageAddress"] == emulator.running["storageAddress"]
    assert set(told["versions"]) == {"google-cloud-aiplatform"}


def test_survives_a_client_that_sends_no_http(emulator: VertexEmulator) -> None:
    with socket.create_connection(("127.0.0.1", int(emulator.port))) as raw:
        raw.sendall(b"\x16\x03\x01\x00\xa5nonsense\r\n\r\n")
        raw.recv(1000)
    assert emulator.call("GET", "/healthz").status_code == 200


def test_a_second_emulator_on_the_same_folder_is_refused(emulator: VertexEmulator) -> None:
    command = emulator.command("--port", "0", "--storage-port", "0")
    second = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert second.returncode == 1
    assert f"process {emulator.running['pid']} at {emulator.address} works in" in second.stderr
    assert json.loads((emulator.folder / "emulator.json").read_text()) == emulator.running


def test_refuses_to_listen_to_other_machines() -> None:
    command = [sys.executable, "-m", "emulator", "--host", "0.0.0.0"]  # noqa: S104 - it must be refused
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "--host must be a loopback address" in done.stderr


def test_a_large_request_keeps_no_other_one_waiting(emulator: VertexEmulator) -> None:
    large = {"pipelineSpec": {"values": {f"k{number}": number for number in range(40_000)}}}
    body = json.dumps({"displayName": "x", **large})

    def ask(path: str, content: str | None = None) -> float:
        began = time.monotonic()
        emulator.call("POST" if content else "GET", path, content)
        return time.monotonic() - began

    waits: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(ask, f"/v1/{LOCATION}/pipelineJobs", body)
        while not taken.done():
            waits.append(ask("/healthz"))
    assert len(waits) > 3
    assert max(waits) < taken.result() / 2

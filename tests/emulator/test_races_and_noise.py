"""Requests at the same moment, and requests that make no sense."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.vertex_emulator import IMAGE, LOCATION, VertexEmulator

pytestmark = pytest.mark.run

AT_ONCE = 8


def at_once(call: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, range(AT_ONCE)))


def test_one_of_many_uploads_gets_the_id(emulator: VertexEmulator) -> None:
    body = {"model": {"displayName": "x"}, "modelId": "raced"}
    answers = at_once(lambda _: emulator.call("POST", f"/v1/{LOCATION}/models:upload", body))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}


def test_versions_uploaded_at_once_get_numbers_of_their_own(emulator: VertexEmulator) -> None:
    model = emulator.upload().partition("@")[0]
    body = {"model": {"displayName": "x", "versionAliases": ["newest"]}, "parentModel": model}
    answers = at_once(lambda _: emulator.call("POST", f"/v1/{LOCATION}/models:upload", body))
    numbers = {answer.json()["response"]["modelVersionId"] for answer in answers}
    assert numbers == {str(number) for number in range(2, AT_ONCE + 2)}
    versions = emulator.get(f"{model}:listVersions")["models"]
    holders = [version["versionId"] for version in versions if "newest" in version.get("versionAliases", [])]
    assert len(holders) == 1


def test_an_alias_merged_into_all_versions_at_once_ends_at_one(emulator: VertexEmulator) -> None:
    model = emulator.upload().partition("@")[0]
    for _ in range(AT_ONCE - 1):
        emulator.upload(parent_model=model)
    body = {"versionAliases": ["champion", "default"]}
    answers = at_once(lambda n: emulator.call("POST", f"/v1/{model}@{n + 1}:mergeVersionAliases", body))
    assert {answer.status_code for answer in answers} == {200}
    held = [version.get("versionAliases", []) for version in emulator.get(f"{model}:listVersions")["models"]]
    assert [aliases for aliases in held if aliases] == [["champion", "default"]] or [
        set(aliases) for aliases in held if aliases
    ] == [{"champion", "default"}]


def test_e13_deployments_at_once_all_succeed_and_leave_the_split_whole(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    model = emulator.upload()
    with ThreadPoolExecutor(4) as pool:
        deployed = list(pool.map(lambda _: emulator.deploy(endpoint, model), range(4)))
    found = emulator.get(endpoint)
    assert {held["id"] for held in found["deployedModels"]} == set(deployed)
    assert list(found["trafficSplit"].values()) == [100]
    assert emulator.predict(endpoint)["deployedModelId"] in found["trafficSplit"]


def test_undeploying_twice_at_once_succeeds_once(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    body = {"deployedModelId": emulator.deploy(endpoint, emulator.upload())}
    answers = at_once(lambda _: emulator.call("POST", f"/v1/{endpoint}:undeployModel", body))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 404: AT_ONCE - 1}


WORDS = st.sampled_from(
    [
        "model", "displayName", "display_name", "labels", "containerSpec", "imageUri", "env", "name", "parentModel",
        "modelId", "versionAliases", "deployedModel", "dedicatedResources", "machineSpec", "minReplicaCount",
        "trafficSplit", "0", "deployedModelId", "updateMask", "modelEvaluation", "metrics", "instances", "metadata",
        "deploymentTimeout", "ports", "containerPort", "createTime", "etag", "default", "-default", IMAGE,
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
CALLS = st.sampled_from(
    [
        ("POST", "models:upload"), ("PATCH", "models/noise?updateMask=labels"), ("POST", "endpoints"),
        ("POST", "models/noise@1:mergeVersionAliases"), ("POST", "models/noise@1/evaluations:import"),
        ("PATCH", "endpoints/noise?updateMask=trafficSplit,displayName"), ("POST", "endpoints/noise:deployModel"),
        ("POST", "endpoints/noise:undeployModel"), ("POST", "endpoints/noise:mutateDeployedModel"),
        ("POST", "endpoints/noise:predict"), ("POST", "endpoints/noise:rawPredict"), ("DELETE", "models/noise@1"),
        ("POST", "operations/1:wait"), ("GET", "models"),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def noisy(emulator: VertexEmulator) -> VertexEmulator:
    emulator.upload(model_id="noise")
    emulator.post(f"{LOCATION}/endpoints?endpointId=noise", {"displayName": "x"})
    return emulator


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(call=CALLS, body=JSON)
def test_noise_is_answered_and_never_breaks_the_emulator(
    noisy: VertexEmulator, call: tuple[str, str], body: Any
) -> None:
    method, path = call
    answer = noisy.call(method, f"/v1/{LOCATION}/{path}", json.dumps(body))
    assert answer.status_code in {200, 400, 404, 409}, (method, path, body, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"]["status"]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(path=st.text(st.characters(codec="latin-1", exclude_characters="\r\n#"), max_size=40), known=st.booleans())
def test_noise_in_the_path_is_answered(noisy: VertexEmulator, path: str, known: bool) -> None:
    quoted = httpx.URL(f"{noisy.address}/{'v1/' + LOCATION + '/' if known else ''}").raw_path.decode()
    answer = noisy.call("GET", quoted + "".join(f"%{ord(letter):02X}" for letter in path))
    # By chance it is a path of the API, such as "models".
    assert answer.status_code in {200, 400, 404, 501}, (path, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"]["status"]

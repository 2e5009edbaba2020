"""Rules of metadata stores and of what they hold (D) over raw HTTP."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = pytest.mark.run

INVALID = (400, "INVALID_ARGUMENT")
ABSENT = (404, "NOT_FOUND")
NUMBERS = itertools.count()
COLLECTIONS = ("contexts", "artifacts", "executions")


@pytest.fixture
def store(emulator: VertexEmulator) -> str:
    """A metadata store of its own for each test."""
    location = f"projects/metadata-{next(NUMBERS)}/locations/us-central1"
    emulator.post(f"{location}/metadataStores?metadataStoreId=default")
    return f"{location}/metadataStores/default"


def with_id(path: str, resource_id: str) -> str:
    """The path of a collection with the id that a new resource is to have."""
    return f"{path}?{path.rpartition('/')[2][:-1]}Id={resource_id}"


def patch(emulator: VertexEmulator, path: str, body: Any) -> dict[str, Any]:
    answer = emulator.call("PATCH", f"/v1/{path}", body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_store_is_created_listed_and_deleted_with_all_it_holds(emulator: VertexEmulator, store: str) -> None:
    location = store.removesuffix("/metadataStores/default")
    assert emulator.get(store)["createTime"]
    context = emulator.post(f"{store}/contexts", {"displayName": "c"})["name"]
    execution = emulator.post(f"{store}/executions")["name"]
    artifact = emulator.post(f"{store}/artifacts")["name"]
    emulator.post(f"{context}:addContextArtifactsAndExecutions", {"artifacts": [artifact], "executions": [execution]})
    emulator.post(f"{execution}:addExecutionEvents", {"events": [{"artifact": artifact, "type": "OUTPUT"}]})
    operation = emulator.call("DELETE", f"/v1/{store}").json()
    assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert emulator.refused("GET", store)[:2] == ABSENT
    assert emulator.get(f"{location}/metadataStores") == {}
    emulator.post(f"{location}/metadataStores?metadataStoreId=default")
    assert [emulator.get(f"{store}/{collection}") for collection in COLLECTIONS] == [{}, {}, {}]
    emulator.post(with_id(f"{store}/executions", execution.rpartition("/")[2]))
    assert list(emulator.get(f"{execution}:queryExecutionInputsAndOutputs")) == ["executions"]


def test_store_is_created_once(emulator: VertexEmulator, store: str) -> None:
    path = f"{store.rpartition('/')[0]}?metadataStoreId=default"
    assert emulator.refused("POST", path, {})[:2] == (409, "ALREADY_EXISTS")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_resources_need_their_store(emulator: VertexEmulator, collection: str) -> None:
    absent = f"projects/absent/locations/us-central1/metadataStores/default/{collection}"
    assert emulator.refused("POST", absent, {})[:2] == ABSENT
    assert emulator.refused("GET", absent)[:2] == ABSENT


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("resource_id", ["abc", "Bad_Name", "a.bc", "-abc", "a" * 129])
def test_d1_refuses_a_bad_id(emulator: VertexEmulator, store: str, collection: str, resource_id: str) -> None:
    status, name, message = emulator.refused("POST", with_id(f"{store}/{collection}", resource_id), {})
    assert (status, name) == INVALID
    assert "must be 4 to 128 characters" in message


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_d2_takes_an_id_once(emulator: VertexEmulator, store: str, collection: str) -> None:
    path = with_id(f"{store}/{collection}", "abcd")
    assert emulator.post(path)["name"] == f"{store}/{collection}/abcd"
    status, name, message = emulator.refused("POST", path, {})
    assert (status, name) == (409, "ALREADY_EXISTS")
    assert message == f"{collection[:-1].title()} with name {store}/{collection}/abcd already exists."


def test_d3_update_without_a_mask_replaces_what_users_set(emulator: VertexEmulator, store: str) -> None:
    parent = emulator.post(f"{store}/contexts")["name"]
    fields = {"displayName": "a", "description": "b", "metadata": {"c": 1}, "labels": {"d": "e"}}
    before = emulator.post(f"{store}/contexts", {"schemaTitle": "system.Experiment", **fields})
    emulator.post(f"{parent}:addContextChildren", {"childContexts": [before["name"]]})
    after = patch(emulator, before["name"], {"metadata": {"f": 2}, "etag": "old", "schemaTitle": "other"})
    assert after["metadata"] == {"f": 2}
    assert after["parentContexts"] == [parent]
    assert after["schemaTitle"] == "system.Experiment"
    assert not {"displayName", "description", "labels"} & after.keys()
    assert after["createTime"] == before["createTime"]
    assert after["updateTime"] > before["updateTime"]
    assert after["etag"] != before["etag"]


def test_d3_update_with_a_mask_leaves_the_rest(emulator: VertexEmulator, store: str) -> None:
    name = emulator.post(f"{store}/artifacts", {"uri": "gs://b/1", "displayName": "a", "metadata": {"b": 1}})["name"]
    patch(emulator, f"{name}?updateMask=uri,state", {"uri": "gs://b/2", "state": 2, "displayName": "x"})
    after = emulator.get(name)
    assert (after["uri"], after["state"], after["displayName"]) == ("gs://b/2", "LIVE", "a")
    assert after["metadata"] == {"b": 1}
    assert emulator.refused("PATCH", f"{name}?updateMask=schemaTitle", {})[:2] == INVALID


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_d3_update_creates_what_is_missing_where_it_is_allowed_to(
    emulator: VertexEmulator, store: str, collection: str
) -> None:
    name = f"{store}/{collection}/made"
    assert emulator.refused("PATCH", name, {})[:2] == ABSENT
    assert patch(emulator, f"{name}?allowMissing=true", {"displayName": "x"})["displayName"] == "x"
    assert emulator.get(name)["createTime"]
    assert emulator.refused("PATCH", f"{store}/{collection}/No?allowMissing=true", {})[:2] == INVALID


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_d5_new_resources_tell_what_they_are(emulator: VertexEmulator, store: str, collection: str) -> None:
    given = {"schemaTitle": "my.Schema", "schemaVersion": "0.0.1", "metadata": {" a ": {"b": [1, None]}}}
    made = emulator.post(f"{store}/{collection}", given | {"name": "ignored", "etag": "ignored"})
    assert made["metadata"] == {"a": {"b": [1, None]}}
    assert (made["schemaTitle"], made["schemaVersion"]) == ("my.Schema", "0.0.1")
    assert made["createTime"] == made["updateTime"]
    assert made["etag"] != "ignored"
    assert made["name"].startswith(f"{store}/{collection}/")
    assert emulator.get(made["name"]) == made


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_d5_metadata_is_never_left_out(emulator: VertexEmulator, store: str, collection: str) -> None:
    made = emulator.post(f"{store}/{collection}")
    assert made["metadata"] == {}
    assert patch(emulator, made["name"], {"displayName": "x"})["metadata"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"displayName": "x" * 129}, "display_name"),
        ({"labels": {"A": "b"}}, "labels"),
        ({"metadata": {"x": "y" * 205_000}}, "metadata"),
    ],
)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_resources_obey_the_limits_of_their_fields(
    emulator: VertexEmulator, store: str, collection: str, body: dict[str, Any], field: str
) -> None:
    status, name, message = emulator.refused("POST", f"{store}/{collection}", body)
    assert (status, name) == INVALID
    assert f"{collection[:-1]}.{field}" in message


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_d7_lists_in_pages_and_in_order(emulator: VertexEmulator, store: str, collection: str) -> None:
    for name in ("bbbb", "aaaa", "cccc"):
        emulator.post(with_id(f"{store}/{collection}", name), {"displayName": name})

    def listed(query: str) -> list[str]:
        path, found, token = f"{store}/{collection}?pageSize=2&{query}", [], ""
        while True:
            page = emulator.get(f"{path}&pageToken={token}")
            found += [resource["displayName"] for resource in page[collection]]
            token = page.get("nextPageToken", "")
            if not token:
                return found

    assert listed("") == ["cccc", "aaaa", "bbbb"]
    assert listed("orderBy=display_name") == ["aaaa", "bbbb", "cccc"]
    assert listed("orderBy=createTime desc") == ["cccc", "aaaa", "bbbb"]


@pytest.mark.parametrize("query", ["pageSize=1001", "pageSize=-1", "pageToken=x", "orderBy=etag", "filter=etag=x"])
def test_d7_refuses_a_list_that_makes_no_sense(emulator: VertexEmulator, store: str, query: str) -> None:
    assert emulator.refused("GET", f"{store}/contexts?{query}")[:2] == INVALID


def test_d7_page_token_goes_on_with_its_own_filter_alone(emulator: VertexEmulator, store: str) -> None:
    for _ in range(2):
        emulator.post(f"{store}/contexts", {"displayName": "x"})
    token = emulator.get(f"{store}/contexts?pageSize=1")["nextPageToken"]
    assert len(emulator.get(f"{store}/contexts?pageToken={token}")["contexts"]) == 1
    message = emulator.refused("GET", f"{store}/contexts?pageToken={token}&filter=display_name=x")[2]
    assert "is none of this filter and order" in message


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_deletes_what_has_the_given_etag(emulator: VertexEmulator, store: str, collection: str) -> None:
    made = emulator.post(f"{store}/{collection}")
    assert emulator.refused("DELETE", f"{made['name']}?etag=old")[1] == "FAILED_PRECONDITION"
    operation = emulator.call("DELETE", f"/v1/{made['name']}?etag={made['etag']}").json()
    assert operation["done"]
    assert emulator.get(operation["name"])["response"]
    assert emulator.refused("GET", made["name"])[:2] == ABSENT


def test_v1beta1_has_the_same_methods(emulator: VertexEmulator, store: str) -> None:
    made = emulator.call("POST", f"/v1beta1/{store}/contexts?contextId=beta", {"displayName": "x"}).json()
    assert emulator.call("GET", f"/v1beta1/{store}/contexts").json() == {"contexts": [made]}


def test_tensorboards_are_refused_with_the_remedy(emulator: VertexEmulator) -> None:
    path = "projects/p/locations/us-central1/tensorboards"
    for method, name in (("GET", path), ("POST", path), ("POST", f"{path}/1/experiments")):
        status, canonical, message = emulator.refused(method, name)
        assert (status, canonical) == (501, "UNIMPLEMENTED")
        assert "experiment_tensorboard=False" in message

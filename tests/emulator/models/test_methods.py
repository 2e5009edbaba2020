"""Registry rules (V, M, filters) over raw HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.emulator.vertex_emulator import IMAGE, LOCATION, VertexEmulator

pytestmark = pytest.mark.run

UPLOAD = f"{LOCATION}/models:upload"
INVALID = (400, "INVALID_ARGUMENT")
WRONG_STATE = (400, "FAILED_PRECONDITION")
ABSENT = (404, "NOT_FOUND")


def unversioned(name: str) -> str:
    return name.partition("@")[0]


def aliases(emulator: VertexEmulator, model: str) -> dict[str, list[str]]:
    versions = emulator.get(f"{unversioned(model)}:listVersions")["models"]
    return {version["versionId"]: version.get("versionAliases", []) for version in versions}


def merge(emulator: VertexEmulator, name: str, *changes: str) -> dict[str, Any]:
    return emulator.post(f"{name}:mergeVersionAliases", {"versionAliases": list(changes)})


def patch(emulator: VertexEmulator, name: str, mask: str, **fields: Any) -> httpx.Response:
    return emulator.call("PATCH", f"/v1/{name}?updateMask={mask}", fields)


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_v1_refuses_a_bad_display_name(emulator: VertexEmulator, name: str) -> None:
    for path, body in (
        (UPLOAD, {"model": {"displayName": name}}),
        (f"{LOCATION}/endpoints", {"displayName": name}),
    ):
        status, code, message = emulator.refused("POST", path, body)
        assert (status, code) == INVALID
        assert "display_name" in message


@pytest.mark.parametrize("name", ["x" * 128, "名前 with spaces: and colons"])
def test_v1_takes_any_text_of_128_characters(emulator: VertexEmulator, name: str) -> None:
    assert emulator.get(emulator.create_endpoint(name))["displayName"] == name


GOOD_LABELS = [{"a": ""}, {"0": "x_-9"}, {"a" * 63: "b" * 63}, {"clé": "été"}, {"日本": "東京"}]
BAD_LABELS = [
    {"": "x"},
    {"Upper": "x"},
    {"_a": "x"},
    {"-a": "x"},
    {"a" * 64: "x"},
    {"a": "b" * 64},
    {"a": "Upper"},
    {"a": "b c"},
    {"a.b": "c"},
    {"日" * 43: "x"},
    {"a": "日" * 43},
    {f"k{number}": "v" for number in range(65)},
]


@pytest.mark.parametrize("labels", GOOD_LABELS)
def test_v2_takes_labels(emulator: VertexEmulator, labels: dict[str, str]) -> None:
    assert emulator.get(emulator.create_endpoint(labels=labels))["labels"] == labels


@pytest.mark.parametrize("labels", BAD_LABELS)
def test_v2_refuses_labels(emulator: VertexEmulator, labels: dict[str, str]) -> None:
    body = {"displayName": "x", "labels": labels}
    for path, content in ((UPLOAD, {"model": body}), (f"{LOCATION}/endpoints", body)):
        status, code, message = emulator.refused("POST", path, content)
        assert (status, code) == INVALID
        assert "labels" in message


def test_v5_keeps_an_encryption_key_and_checks_the_service_account(emulator: VertexEmulator) -> None:
    key = {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}
    assert emulator.get(emulator.create_endpoint(encryptionSpec=key))["encryptionSpec"] == key
    body = {"model": {"displayName": "x"}, "serviceAccount": "me"}
    assert emulator.refused("POST", UPLOAD, body)[:2] == INVALID


@pytest.mark.parametrize("model_id", ["1a", "-a", "Abc", "a b", "a" * 64, "é", "a"])
def test_m1_refuses_a_bad_model_id(emulator: VertexEmulator, model_id: str) -> None:
    body = {"model": {"displayName": "x"}, "modelId": model_id}
    assert emulator.refused("POST", UPLOAD, body)[:2] == INVALID


@pytest.mark.parametrize("model_id", ["m1-a_b", "_m1", "a" * 63])
def test_m1_takes_a_model_id(emulator: VertexEmulator, model_id: str) -> None:
    assert emulator.upload(model_id=model_id) == f"{LOCATION}/models/{model_id}@1"


def test_m2_refuses_a_taken_id_an_absent_parent_and_both_together(emulator: VertexEmulator) -> None:
    taken = unversioned(emulator.upload(model_id="m2"))
    model = {"displayName": "x"}
    assert emulator.refused("POST", UPLOAD, {"model": model, "modelId": "m2"})[:2] == (409, "ALREADY_EXISTS")
    absent = {"model": model, "parentModel": f"{LOCATION}/models/absent"}
    assert emulator.refused("POST", UPLOAD, absent)[:2] == ABSENT
    both = {"model": model, "parentModel": taken, "modelId": "m2b"}
    assert emulator.refused("POST", UPLOAD, both)[:2] == INVALID
    for parent in (f"{taken}@1", "m2", "projects/other/locations/us-central1/models/m2"):
        assert emulator.refused("POST", UPLOAD, {"model": model, "parentModel": parent})[:2] == INVALID


def test_m3_counts_versions_and_reuses_none(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    assert emulator.upload(parent_model=model) == f"{model}@2"
    emulator.call("DELETE", f"/v1/{model}@2:deleteVersion")
    assert emulator.upload(parent_model=model) == f"{model}@3"


@pytest.mark.parametrize("alias", ["a", "1", "12", "Abc", "a_b", "ab-", "-", "a b", "aB", "x" * 129])
def test_m4_refuses_an_alias(emulator: VertexEmulator, alias: str) -> None:
    body = {"model": {"displayName": "x", "versionAliases": [alias]}}
    assert emulator.refused("POST", UPLOAD, body)[:2] == INVALID
    model = emulator.upload()
    path = f"{model}:mergeVersionAliases"
    assert emulator.refused("POST", path, {"versionAliases": [alias]})[:2] == INVALID


@pytest.mark.parametrize("alias", ["ab", "champion", "a-B-c", "v1", "x" * 128])
def test_m4_takes_an_alias(emulator: VertexEmulator, alias: str) -> None:
    assert alias in merge(emulator, emulator.upload(), alias)["versionAliases"]


def test_m5_moves_an_alias_that_another_version_has(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload(model={"versionAliases": ["champion"]}))
    emulator.upload(parent_model=model, model={"versionAliases": ["champion"]})
    assert aliases(emulator, model) == {"1": ["default"], "2": ["champion"]}
    merge(emulator, f"{model}@1", "champion")
    assert aliases(emulator, model) == {"1": ["default", "champion"], "2": []}


def test_m6_keeps_exactly_one_default(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    emulator.upload(parent_model=model)
    assert aliases(emulator, model) == {"1": ["default"], "2": []}
    emulator.upload(parent_model=model, model={"versionAliases": ["default"]})
    assert aliases(emulator, model) == {"1": [], "2": [], "3": ["default"]}
    merge(emulator, f"{model}@2", "default")
    assert aliases(emulator, model) == {"1": [], "2": ["default"], "3": []}
    path = f"{model}@2:mergeVersionAliases"
    status, code, message = emulator.refused("POST", path, {"versionAliases": ["-default"]})
    assert (status, code) == INVALID
    assert "add it to another version" in message


def test_m7_removes_aliases_and_lets_opposites_cancel_out(emulator: VertexEmulator) -> None:
    model = emulator.upload(model={"versionAliases": ["aa", "bb"]})
    assert merge(emulator, model, "cc", "-aa", "dd", "-dd", "bb", "-bb")["versionAliases"] == [
        "bb",
        "default",
        "cc",
    ]


def test_m7_finds_the_version_by_alias_too(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    merged = emulator.call("POST", f"/v1/{quote(model + '@default', safe='/')}:mergeVersionAliases",
                           {"versionAliases": ["golden"]})  # fmt: skip
    assert merged.json()["name"] == f"{model}@1"
    merge(emulator, f"{model}@golden", "-golden")
    assert aliases(emulator, model) == {"1": ["default"]}


def test_m7_refuses_a_merge_of_nothing_or_into_no_version(emulator: VertexEmulator) -> None:
    model = emulator.upload()
    assert emulator.refused("POST", f"{model}:mergeVersionAliases", {})[:2] == INVALID
    body = {"versionAliases": ["aa"]}
    assert emulator.refused("POST", f"{unversioned(model)}:mergeVersionAliases", body)[:2] == INVALID


def test_m8_updates_model_and_version_fields_apart(emulator: VertexEmulator) -> None:
    version = emulator.upload(model={"labels": {"a": "upload"}})
    model = unversioned(version)
    assert patch(emulator, model, "displayName,description,labels", displayName="new", description="d",
                 labels={"b": "model"}).status_code == 200  # fmt: skip
    after = patch(emulator, version, "versionDescription,labels", versionDescription="v", labels={"c": "version"})
    assert (after.json()["name"], after.json()["labels"]) == (version, {"b": "model", "c": "version"})
    patch(emulator, f"{model}@-", "description", description="e")
    found = emulator.get(model)
    assert (found["name"], found["displayName"], found["description"]) == (model, "new", "e")
    assert found["versionDescription"] == "v"


@pytest.mark.parametrize(
    ("suffix", "mask", "refusal"),
    [
        ("", "versionDescription", WRONG_STATE),
        ("", "displayName,versionDescription", WRONG_STATE),
        ("@-", "versionDescription", WRONG_STATE),
        ("@1", "displayName", WRONG_STATE),
        ("@1", "versionDescription,description", WRONG_STATE),
        ("", "artifactUri", INVALID),
        ("@1", "versionAliases", INVALID),
        ("", "", INVALID),
        ("", "nonsense", INVALID),
        ("", "labels.a", INVALID),
    ],
)
def test_m8_refuses_an_update(emulator: VertexEmulator, suffix: str, mask: str, refusal: tuple[int, str]) -> None:
    model = unversioned(emulator.upload())
    path = f"{model}{suffix}?updateMask={mask}"
    assert emulator.refused("PATCH", path, {"displayName": "x"})[:2] == refusal


def test_m8_refuses_an_update_of_what_has_changed_since(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    read = emulator.get(model)
    patch(emulator, model, "description", description="by another")
    body = {"description": "by me", "etag": read["etag"]}
    status, code, message = emulator.refused("PATCH", f"{model}?updateMask=description", body)
    assert (status, code) == WRONG_STATE
    assert "Read it again" in message


@pytest.mark.parametrize("suffix", ["@9", "@absent", "x"])
def test_m9_answers_404_for_what_is_not_there(emulator: VertexEmulator, suffix: str) -> None:
    model = unversioned(emulator.upload()) + suffix
    assert emulator.refused("GET", model)[:2] == ABSENT
    version = model if "@" in model else f"{model}@1"
    assert emulator.refused("POST", f"{version}:mergeVersionAliases", {"versionAliases": ["aa"]})[:2] == ABSENT
    assert emulator.refused("DELETE", f"{version}:deleteVersion")[:2] == ABSENT
    assert emulator.refused("PATCH", f"{model}?updateMask=labels", {})[:2] == ABSENT
    assert emulator.refused("GET", f"{model}/evaluations")[:2] == ABSENT


def test_m10_deletes_a_model_with_all_that_belongs_to_it(emulator: VertexEmulator) -> None:
    version = emulator.upload(model_id="m10")
    model = unversioned(version)
    evaluation = emulator.post(f"{version}/evaluations:import", {"modelEvaluation": {}})["name"]
    assert emulator.refused("DELETE", version)[:2] == INVALID
    deleted = emulator.call("DELETE", f"/v1/{model}").json()
    assert deleted["done"]
    assert deleted["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    for name in (model, version, evaluation):
        assert emulator.refused("GET", name)[:2] == ABSENT
    assert emulator.upload(model_id="m10") == version


def test_m10_m11_keep_what_is_deployed(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    emulator.upload(parent_model=model)
    emulator.upload(parent_model=model)
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, f"{model}@2")
    for path in (model, f"{model}@2:deleteVersion"):
        status, code, message = emulator.refused("DELETE", path)
        assert (status, code) == WRONG_STATE
        assert endpoint in message
    assert emulator.call("DELETE", f"/v1/{model}@3:deleteVersion").json()["done"]
    assert emulator.get(f"{model}@2")["deployedModels"][0]["endpoint"] == endpoint


def test_m11_keeps_the_only_and_the_default_version(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    status, code, message = emulator.refused("DELETE", f"{model}@1:deleteVersion")
    assert (status, code, "only version" in message) == (*WRONG_STATE, True)
    emulator.upload(parent_model=model)
    status, code, message = emulator.refused("DELETE", f"{model}@1:deleteVersion")
    assert (status, code, "default alias" in message) == (*WRONG_STATE, True)
    assert emulator.refused("DELETE", f"{model}:deleteVersion")[:2] == INVALID


def test_m12_lists_versions_oldest_first_and_named_with_their_ids(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    emulator.upload(parent_model=model)
    names = [version["name"] for version in emulator.get(f"{model}:listVersions")["models"]]
    assert names == [f"{model}@1", f"{model}@2"]
    newest = emulator.get(f"{model}:listVersions?orderBy=create_time%20desc")["models"][0]
    assert newest["name"] == f"{model}@2"


@pytest.mark.parametrize(
    ("text", "found"), [("labels.team=a", "12"), ("labels.rows=1", "1"), ("labels.team=b", "3"), ("labels:rows", "1")]
)
def test_m12_finds_versions_by_the_models_labels_and_by_their_own(
    emulator: VertexEmulator, text: str, found: str
) -> None:
    parent = "projects/labelled/locations/us-central1"
    model = f"{parent}/models/iris"
    if emulator.call("GET", f"/v1/{parent}/models").json() == {}:
        for number, labels in enumerate(({"rows": "1"}, {}, {"team": "b"})):
            uploaded = {"model": {"displayName": "iris", "labels": labels}}
            place = {"parentModel": model} if number else {"modelId": "iris"}
            emulator.post(f"{parent}/models:upload", uploaded | place)
        patch(emulator, model, "labels", labels={"team": "a"}).raise_for_status()
    answer = emulator.call("GET", f"/v1/{model}:listVersions", params={"filter": text}).json()
    assert "".join(version["versionId"] for version in answer["models"]) == found


def test_m12_tells_in_each_page_what_get_tells(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    emulator.upload(parent_model=model)
    patch(emulator, model, "labels", labels={"team": "a"}).raise_for_status()
    token, told = "", list[Any]()
    while token or not told:
        answer = emulator.get(f"{model}:listVersions?pageSize=1&pageToken={token}")
        told += answer["models"]
        token = answer.get("nextPageToken", "")
    assert told == [emulator.get(f"{model}@1"), emulator.get(f"{model}@2")]
    assert told[0]["labels"] == {"team": "a"}


@pytest.mark.parametrize("image", ["", "server:1", "docker.io/a/b:1", "pkg.dev/a/b/c", "us-docker.pkg.dev/a"])
def test_m13_refuses_an_image_of_no_google_registry(emulator: VertexEmulator, image: str) -> None:
    body = {"model": {"displayName": "x", "containerSpec": {"imageUri": image}}}
    status, code, message = emulator.refused("POST", UPLOAD, body)
    assert (status, code) == INVALID
    assert "container_spec.image_uri" in message


@pytest.mark.parametrize("image", [IMAGE, "gcr.io/p/i", "eu.gcr.io/p/i@sha256:0", "europe-docker.pkg.dev/p/r/i"])
def test_m13_takes_an_image(emulator: VertexEmulator, image: str) -> None:
    container = {"imageUri": image}
    model = emulator.upload(model={"containerSpec": container})
    assert emulator.get(model)["containerSpec"] == container


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"predictRoute": "/p", "invokeRoutePrefix": "/i/*"}, "invoke_route_prefix"),
        ({"predictRoute": "p"}, "predict_route"),
        ({"healthRoute": "h"}, "health_route"),
        ({"healthRoute": "/h\r\nX: y"}, "health_route"),
        ({"ports": [{"containerPort": 70000}]}, "ports[0]"),
        ({"env": [{"name": "1A", "value": "x"}]}, "env[0]"),
        ({"deploymentTimeout": "7201s"}, "deployment_timeout"),
        ({"args": ["a\0b"]}, ""),
    ],
)
def test_m14_refuses_a_container(emulator: VertexEmulator, fields: dict[str, Any], field: str) -> None:
    body = {"model": {"displayName": "x", "containerSpec": {"imageUri": IMAGE, **fields}}}
    status, code, message = emulator.refused("POST", UPLOAD, body)
    assert (status, code) == INVALID
    assert f"model.container_spec.{field}".rstrip(".") in message


def test_m15_refuses_artifacts_that_are_not_in_a_bucket(emulator: VertexEmulator) -> None:
    for uri in ("/tmp/model", "file:///m", "gs://", "gs://B/x"):  # noqa: S108 - it must be refused
        body = {"model": {"displayName": "x", "artifactUri": uri}}
        assert emulator.refused("POST", UPLOAD, body)[:2] == INVALID


def test_m15_fails_the_operation_where_there_are_no_artifacts(emulator: VertexEmulator) -> None:
    body = {"model": {"displayName": "x", "artifactUri": "gs://absent/model"}, "modelId": "m15"}
    operation = emulator.post(UPLOAD, body)
    assert operation["done"]
    assert operation["error"]["code"] == 5
    assert "gs://absent/model" in operation["error"]["message"]
    assert emulator.refused("GET", f"{LOCATION}/models/m15")[:2] == ABSENT


def test_m17_finds_an_evaluation_with_and_without_the_version(emulator: VertexEmulator) -> None:
    model = unversioned(emulator.upload())
    emulator.upload(parent_model=model)
    body = {"modelEvaluation": {"displayName": "e", "metrics": {"accuracy": 0.9, "rows": [1, {"x": None}]}}}
    made = emulator.post(f"{model}@2/evaluations:import", body)
    number = made["name"].rpartition("/")[2]
    assert made["metrics"] == {"accuracy": 0.9, "rows": [1.0, {"x": None}]}
    for name in (f"{model}/evaluations/{number}", f"{model}@2/evaluations/{number}"):
        assert emulator.get(name) == made
    assert emulator.refused("GET", f"{model}@1/evaluations/{number}")[:2] == ABSENT
    assert emulator.get(f"{model}@1/evaluations") == {}
    assert emulator.get(f"{model}@2/evaluations") == {"modelEvaluations": [made]}
    bad = {"modelEvaluation": {"metricsSchemaUri": "file:///x"}}
    assert emulator.refused("POST", f"{model}@2/evaluations:import", bad)[:2] == INVALID


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('display_name="iris"', {"iris-1", "iris-2"}),
        ("displayName = iris", {"iris-1", "iris-2"}),
        ('display_name!="iris"', {"other"}),
        ('labels.team="a"', {"iris-1"}),
        ("labels.team:*", {"iris-1", "other"}),
        ("labels:team", {"iris-1", "other"}),
        ("NOT labels:team", {"iris-2"}),
        ('display_name="iris" AND labels.team=a', {"iris-1"}),
        ("model=other OR model=iris-2", {"other", "iris-2"}),
        ('(model=other OR model="iris-2") AND NOT labels.team="b"', {"iris-2"}),
        ('baseModelName="gemma"', set()),
    ],
)
def test_filters_a_list(emulator: VertexEmulator, text: str, found: set[str]) -> None:
    parent = "projects/filters/locations/us-central1"
    if emulator.call("GET", f"/v1/{parent}/models").json() == {}:
        for model_id, name, labels in (
            ("iris-1", "iris", {"team": "a"}),
            ("iris-2", "iris", {}),
            ("other", "Other", {"team": "b"}),
        ):
            model = {"displayName": name, "labels": labels}
            emulator.post(f"{parent}/models:upload", {"model": model, "modelId": model_id})
    answer = emulator.call("GET", f"/v1/{parent}/models", params={"filter": text}).json()
    assert {model["name"].rpartition("/")[2] for model in answer.get("models", [])} == found


@pytest.mark.parametrize(
    "text",
    [
        "iris", "colour=red", "display_name", "display_name=", 'display_name:"i"', "labels=a", "(model=a",
        "model=a b", "display_name>a", "model=a AND", '"a"="b"',
    ],
)  # fmt: skip
def test_refuses_a_filter_that_it_cannot_apply(emulator: VertexEmulator, text: str) -> None:
    answer = emulator.call("GET", f"/v1/{LOCATION}/models", params={"filter": text})
    assert (answer.status_code, answer.json()["error"]["status"]) == INVALID


def test_orders_a_list(emulator: VertexEmulator) -> None:
    parent = "projects/orders/locations/us-central1"
    for name in ("b", "a", "c"):
        emulator.post(f"{parent}/models:upload", {"model": {"displayName": name}})

    def names(order: str) -> str:
        answer = emulator.call("GET", f"/v1/{parent}/models", params={"orderBy": order}).json()
        return "".join(model["displayName"] for model in answer["models"])

    assert [names(order) for order in ("", "create_time", "display_name desc", "displayName")] == [
        "cab", "bac", "cba", "abc",
    ]  # fmt: skip
    assert emulator.refused("GET", f"{parent}/models?orderBy=size")[:2] == INVALID


def test_shows_only_what_a_read_mask_names(emulator: VertexEmulator) -> None:
    parent = "projects/masks/locations/us-central1"
    emulator.post(f"{parent}/models:upload", {"model": {"displayName": "x", "labels": {"a": "b"}}})
    (model,) = emulator.get(f"{parent}/models?readMask=name,displayName")["models"]
    assert set(model) == {"name", "displayName"}
    assert emulator.refused("GET", f"{parent}/models?readMask=nonsense")[:2] == INVALID

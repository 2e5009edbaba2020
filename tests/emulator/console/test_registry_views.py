from __future__ import annotations

import json

import pytest

from emulator.console.addresses import collection_of, comparison_of, linked_page, object_page, page_of
from emulator.console.endpoints import parse_endpoint
from emulator.console.instances import InstancesError, instance_of, parse_instances, smoke_instances
from emulator.console.previews import readable_text, size_text
from emulator.console.schedules import parse_schedule
from emulator.console.versions import parse_version
from tests.growth import assert_linear

LOCATION = "projects/p/locations/us-central1"


def test_parse_version_reads_where_it_comes_from_and_where_it_is() -> None:
    version = parse_version(
        {
            "name": f"{LOCATION}/models/7@2",
            "versionId": "2",
            "displayName": "flowers",
            "versionAliases": ["champion"],
            "labels": {"run": "flowers-1", "git": "1d38b83"},
            "artifactUri": "gs://b/m",
            "containerSpec": {"imageUri": "i:1"},
            "deployedModels": [{"endpoint": f"{LOCATION}/endpoints/9", "deployedModelId": "1"}] * 2,
            "predictSchemata": {"instanceSchemaUri": "gs://b/m/instance.yaml"},
        }
    )
    assert (version.model, version.name) == (f"{LOCATION}/models/7", f"{LOCATION}/models/7@2")
    assert (version.aliases, version.image) == (("champion",), "i:1")
    assert version.places == (f"{LOCATION}/endpoints/9",)
    assert version.labels["run"] == "flowers-1"


def test_parse_endpoint_shows_the_largest_share_first() -> None:
    deployed = [{"id": "1", "model": f"{LOCATION}/models/7", "modelVersionId": "1"}, {"id": "2", "model": "m@2"}]
    endpoint = parse_endpoint({"name": "e", "deployedModels": deployed, "trafficSplit": {"1": 25, "2": 75}})
    assert [(one.id, one.traffic) for one in endpoint.deployed] == [("2", 75), ("1", 25)]
    assert endpoint.deployed[1].name == f"{LOCATION}/models/7@1"


def test_parse_schedule_reads_counts_and_times() -> None:
    schedule = parse_schedule(
        {
            "name": f"{LOCATION}/schedules/7",
            "displayName": "nightly",
            "state": "PAUSED",
            "cron": "0 3 * * *",
            "startedRunCount": "3",
            "maxRunCount": "10",
            "nextRunTime": "2026-01-31T03:00:00Z",
            "createPipelineJobRequest": {
                "pipelineJob": {
                    "pipelineSpec": {"pipelineInfo": {"name": "flowers"}},
                    "runtimeConfig": {"parameterValues": {"steps": 5.0}},
                }
            },
        }
    )
    assert (schedule.state, schedule.started_runs, schedule.most_runs) == ("paused", 3, 10)
    assert (schedule.run.pipeline, schedule.parameters) == ("flowers", {"steps": 5.0})


def test_pages_have_the_names_of_what_they_show() -> None:
    assert page_of(f"{LOCATION}/models/7@2") == f"/console/{LOCATION}/models/7@2"
    assert page_of("projects/example.com:p/locations/l/models") == "/console/projects/example.com:p/locations/l/models"
    assert page_of('projects/"><b>/locations/l') == "/console/projects/%22%3E%3Cb%3E/locations/l"
    assert comparison_of(["a/b", "c"]) == "/console/compare?run=a%2Fb&run=c"
    assert object_page("gs://b/a&b") == "/console/objects?uri=gs%3A%2F%2Fb%2Fa%26b"


@pytest.mark.parametrize("name", ["javascript:alert(1)", "", f"{LOCATION}/models", f"{LOCATION}/tensorboards/1", "a/b"])
def test_linked_page_links_to_pages_alone(name: str) -> None:
    assert linked_page(name) == ""


def test_linked_page_links_to_resources() -> None:
    assert linked_page(f"{LOCATION}/models/7@2") == f"/console/{LOCATION}/models/7@2"
    assert collection_of(f"{LOCATION}/models/7@2") == "models"


def test_smoke_instances_are_the_first_of_a_smoke_test() -> None:
    assert smoke_instances(b'{"instances": [1, 2, 3], "probabilities": []}') == [1, 2]
    assert smoke_instances(b'{"instances": [{"a": [5.099999904632568], "b": null}]}') == [{"a": [5.1], "b": None}]
    assert smoke_instances(b"[1]") == smoke_instances(b"{") == smoke_instances(b'{"instances": 1}') == []


def test_instance_of_makes_one_up_from_a_schema() -> None:
    schema = b"""
    type: object
    properties:
      length: {type: number, minimum: 0.5}
      colour: {type: string, enum: [red, green]}
      name: {type: string}
      many: {type: array}
      sure: {type: boolean, example: true}
    """
    assert instance_of(schema) == {"length": 0.5, "colour": "red", "name": "", "many": [], "sure": True}
    assert instance_of(b"- 1") is None
    assert instance_of(b"a: [") is None


@pytest.mark.parametrize(
    ("text", "instances"),
    [("[[1.0, 2.0]]", [[1.0, 2.0]]), ('{"instances": [{"a": null}]}', [{"a": None}]), ("[]", [])],
)
def test_parse_instances(text: str, instances: list[object]) -> None:
    assert parse_instances(text) == instances


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  ", "Write a JSON array of instances"),
        ("[1,", "This is no JSON: Expecting value at line 1, column 4"),
        ('{"a": 1}', "put brackets around a single one"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_parse_instances_refuses_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InstancesError, match=sentence):
        parse_instances(text)


def test_readable_text_shows_text_and_json() -> None:
    assert readable_text(b'{"a":[1]}', is_whole=True) == '{\n  "a": [\n    1\n  ]\n}'
    assert readable_text(b'{"a":', is_whole=True) == '{"a":'
    assert readable_text("grün".encode()[:-2], is_whole=False) == "gr"
    assert readable_text(b"\x89PNG\0", is_whole=True) is None
    assert readable_text(b"a\0b", is_whole=True) is None


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB")])
def test_size_text(size: int, text: str) -> None:
    assert size_text(size) == text


def test_instance_of_a_schema_that_comes_to_more_than_a_reader_reads_is_none() -> None:
    twice = "".join(f"a{n}: &a{n} {{properties: {{x: *a{n - 1}, y: *a{n - 1}}}}}\n" for n in range(1, 30))
    assert instance_of(f"a0: &a0 {{type: number}}\n{twice}properties: {{x: *a29}}".encode()) is None
    assert instance_of(b"properties: &p\n  x: {properties: *p}") is None
    assert instance_of(b"minimum: 1" + b":1" * 30_000) is None
    assert instance_of(b"# " + b"x" * 70_000 + b"\ntype: number") is None
    assert instance_of(b"minimum: " + b"1" * 5000) is None
    assert instance_of(json.dumps({"enum": [0] * 100_001}).encode()) is None


def test_instance_of_a_schema_holds_what_json_knows() -> None:
    schema = b"properties: {day: {example: 2026-01-02}, words: {enum: [[a, !!binary YQ==]]}}"
    assert instance_of(schema) == {"day": "2026-01-02", "words": ["a", "b'a'"]}


def test_instance_of_a_schema_is_made_up_in_the_time_that_its_length_takes() -> None:
    def schema(size: int) -> bytes:
        return json.dumps({"properties": {f"p{number}": {"type": "number"} for number in range(size)}}).encode()

    assert_linear(instance_of, schema, 1000)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" + "1" * 5000 + "]"])
def test_parse_instances_refuses_what_python_cannot_hold(text: str) -> None:
    with pytest.raises(InstancesError, match=r"nested too deeply|Exceeds the limit"):
        parse_instances(text)

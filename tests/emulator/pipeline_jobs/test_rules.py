from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob

from emulator.api.codec import parse_message
from emulator.pipeline_jobs.rules import BILLING_LABEL, job_id_violations, job_violations, parent_violations
from emulator.pipeline_jobs.spec_rules import MOST_VIOLATIONS
from tests.emulator.job_requests import job, spec
from tests.growth import assert_linear

INTEGER = {"parameterType": "NUMBER_INTEGER"}
OPTIONAL = {"parameterType": "STRING", "isOptional": True}


def violations(body: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    return [tuple(found) for found in job_violations(parse_message(PipelineJob, deepcopy(body)), **options)]  # type: ignore[misc]


def test_a_job_that_keeps_the_rules_has_no_violation() -> None:
    every: dict[str, dict[str, Any]] = {
        "number": INTEGER,
        "share": {"parameterType": "NUMBER_DOUBLE"},
        "text": {"parameterType": "STRING"},
        "flag": {"parameterType": "BOOLEAN"},
        "items": {"parameterType": "LIST"},
        "table": {"parameterType": "STRUCT"},
        "left_out": OPTIONAL,
        "with_default": {**INTEGER, "defaultValue": 5.0, "isOptional": True},
    }
    values: dict[str, Any] = {
        "number": 5.0,
        "share": 1,
        "text": "",
        "flag": False,
        "items": [1, "a"],
        "table": {"a": None},
    }
    assert violations({**job(spec(**every), **values), "labels": {"team": "a"}}) == []
    assert violations(job(spec(**every), **values, left_out=None)) == []


@pytest.mark.parametrize(
    ("definition", "value", "sentence"),
    [
        (INTEGER, "5", 'must be a whole number (NUMBER_INTEGER). Received: "5" (string).'),
        (INTEGER, 5.7, "must be a whole number (NUMBER_INTEGER). Received: 5.7 (number)."),
        (INTEGER, True, "must be a whole number (NUMBER_INTEGER). Received: true (boolean)."),
        (INTEGER, None, "must be a whole number (NUMBER_INTEGER). Received: null (null)."),
        ({"parameterType": "NUMBER_DOUBLE"}, "1", 'must be a number (NUMBER_DOUBLE). Received: "1" (string).'),
        ({"parameterType": "STRING"}, 1, "must be a string (STRING). Received: 1 (number)."),
        ({"parameterType": "BOOLEAN"}, 1, "must be true or false (BOOLEAN). Received: 1 (number)."),
        ({"parameterType": "LIST"}, {"a": 1}, 'must be an array (LIST). Received: {"a": 1} (object).'),
        ({"parameterType": "STRUCT"}, [1], "must be an object (STRUCT). Received: [1] (array)."),
        ({"parameterType": "TASK_FINAL_STATUS"}, {}, "is filled in by the run and cannot be given."),
    ],
)
def test_refuses_a_value_of_another_type(definition: dict[str, Any], value: Any, sentence: str) -> None:
    found = violations(job(spec(epochs=definition), epochs=value))
    assert found == [("pipeline_job.runtime_config.parameter_values", f'The parameter "epochs" {sentence}')]


def test_refuses_unknown_parameters_and_missing_ones() -> None:
    values = "pipeline_job.runtime_config.parameter_values"
    assert violations(job(spec(epochs=INTEGER), epoch=1)) == [
        (values, 'The pipeline has no parameter "epoch". Did you mean "epochs"?'),
        (values, 'The parameter "epochs" has no default and must be given: a whole number (NUMBER_INTEGER).'),
    ]
    assert violations(job(x=1)) == [(values, 'The pipeline has no parameter "x". It has none.')]


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        ("", "is required: a Cloud Storage path such as gs://my-bucket/pipeline-root."),
        ("/local", "Invalid Cloud Storage URI for gcs_output_directory."),
        ("s3://bucket/root", "Invalid Cloud Storage URI for gcs_output_directory."),
        ("gs://", "Invalid Cloud Storage URI for gcs_output_directory."),
        ("gs://Bucket/root", "Invalid Cloud Storage URI for gcs_output_directory."),
        ("gs://bucket/a\0b", "Invalid Cloud Storage URI for gcs_output_directory."),
        ("gs://bucket/../other", 'must not hold "." or ".." as a part.'),
        ("gs://bucket/" + "x" * 700, "must be at most 700 bytes long."),
    ],
)
def test_refuses_an_output_directory_that_is_no_path_of_a_bucket(root: str, sentence: str) -> None:
    ((field, text),) = violations(job(root=root))
    assert field == "pipeline_job.runtime_config.gcs_output_directory"
    assert text.startswith(sentence)


@pytest.mark.parametrize("definitions", [None, [], 1, "x", {"epochs": 1}])
def test_refuses_definitions_of_inputs_that_are_none(definitions: Any) -> None:
    for kind in ("parameters", "artifacts"):
        document = spec()
        document["root"]["inputDefinitions"] = {kind: definitions}
        assert violations(job(document)) or definitions is None


def test_refuses_a_default_of_another_type() -> None:
    assert violations(job(spec(epochs={**INTEGER, "defaultValue": True}))) == [
        (
            "pipeline_job.pipeline_spec.root.inputDefinitions",
            'The parameter "epochs" must be a whole number (NUMBER_INTEGER). Received: true (boolean).',
        )
    ]


def test_takes_the_root_of_the_specification_where_the_job_gives_none() -> None:
    assert violations(job({**spec(), "defaultPipelineRoot": "gs://bucket"}, root="")) == []


def test_refuses_a_specification_that_is_none() -> None:
    fields = {field for field, _ in violations(job({"root": "x", "schemaVersion": "two"}))}
    assert fields == {
        "pipeline_job.pipeline_spec.pipelineInfo.name",
        "pipeline_job.pipeline_spec.root",
        "pipeline_job.pipeline_spec.schemaVersion",
    }
    assert ("pipeline_job.pipeline_spec", "is required.") in violations(job({}))


def test_parameters_and_their_values_go_with_the_version_of_the_schema() -> None:
    new, old = job(), job({**spec(number={"type": "INT"}), "schemaVersion": "2.0.0"}, number=1)
    new["runtimeConfig"]["parameters"] = {"number": {"intValue": 1}}
    sentence = "is for pipelines of schemaVersion 2.0.0 or lower. Use parameter_values."
    assert ("pipeline_job.runtime_config.parameters", sentence) in violations(new)
    assert violations(old)[0] == (
        "pipeline_job.runtime_config.parameter_values",
        "needs a pipeline of schemaVersion 2.1.0 or later.",
    )
    old["runtimeConfig"] = {"gcsOutputDirectory": "gs://bucket", "parameters": {"number": {"intValue": 1}}}
    assert violations(old) == []


def test_input_artifacts_must_be_declared_and_must_exist() -> None:
    document = spec()
    document["root"]["inputDefinitions"]["artifacts"] = {"model": {}, "spare": {"isOptional": True}}
    body = job(document)
    field = "pipeline_job.runtime_config.input_artifacts"
    assert violations(body) == [(field, 'The input artifact "model" must be given.')]
    body["runtimeConfig"]["inputArtifacts"] = {"modle": {"artifactId": "1"}, "model": {"artifactId": "2"}}
    unknown = "names an artifact that the default metadata store does not hold."
    assert violations(body, has_artifact=lambda artifact_id: artifact_id == "1") == [
        (field, f'The input artifact "model" {unknown} Received: "2".'),
        (field, 'The pipeline has no input artifact "modle". Did you mean "model"?'),
    ]


def test_lists_all_faults_of_a_job_under_the_name_it_is_given() -> None:
    body = {
        **job({**spec(epochs=INTEGER)}, root="x"),
        "displayName": "n" * 129,
        "labels": {"Team": "a"},
        "serviceAccount": "somebody",
    }
    fields = [field for field, _ in violations(body, field="schedule.job")]
    assert fields == [
        "schedule.job.display_name",
        "schedule.job.labels",
        "schedule.job.service_account",
        "schedule.job.runtime_config.gcs_output_directory",
        "schedule.job.runtime_config.parameter_values",
    ]


def test_the_servers_own_label_counts_among_the_labels() -> None:
    labels = {f"k{number}": "" for number in range(64)}
    assert violations({**job(), "labels": labels}) == [
        ("pipeline_job.labels", "must hold no more than 64 labels. Received: 65.")
    ]
    labels.pop("k0")
    assert violations({**job(), "labels": {**labels, BILLING_LABEL: "mine"}}) == []


@pytest.mark.parametrize("job_id", ["", "a", "run-1", "a" * 128])
def test_takes_a_job_id(job_id: str) -> None:
    assert job_id_violations(job_id) == []


@pytest.mark.parametrize("job_id", ["Abc", "1a", "-a", "a_b", "a.b", "a" * 129, "a/b", "ä"])
def test_refuses_a_job_id_that_is_none(job_id: str) -> None:
    ((field, text),) = job_id_violations(job_id)
    assert field == "pipeline_job_id"
    assert text.endswith(f'Received: "{job_id}".')


@pytest.mark.parametrize(
    "parent",
    [
        "projects/../locations/l",
        "projects/p/locations/.",
        "projects/p/locations/a b",
        f"projects/{'p' * 101}/locations/l",
    ],
)
def test_refuses_a_location_that_cannot_be_a_folder(parent: str) -> None:
    assert [field for field, _ in parent_violations(parent)] == ["parent"]
    assert parent_violations("projects/example.com:p/locations/us-central1") == []


def test_many_unknown_parameters_are_told_of_in_part_and_in_the_time_that_their_number_takes() -> None:
    def body(size: int) -> dict[str, Any]:
        declared = {f"learning-rate-{number}": {**INTEGER, "isOptional": True} for number in range(size)}
        given: dict[str, Any] = {f"leraning-rate-{number}": 1 for number in range(size)}
        return job(spec(**declared), **given)

    found = violations(body(60))
    assert len(found) == MOST_VIOLATIONS
    assert found[0][1] == 'The pipeline has no parameter "leraning-rate-0". Did you mean "learning-rate-0"?'
    assert_linear(violations, body, 60)

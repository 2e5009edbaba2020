from __future__ import annotations

import copy
from typing import Any

import pytest

from pipeline.scheduling.difference import differences

JOB: dict[str, Any] = {
    "pipeline_spec": {"pipelineInfo": {"name": "dnn-pipeline"}},
    "runtime_config": {
        "gcs_output_directory": "gs://bucket/root",
        "parameter_values": {"train_steps": 1000.0, "train_data": "gs://bucket/data/1/iris.csv"},
        "failure_policy": "PIPELINE_FAILURE_POLICY_FAIL_SLOW",
    },
    "labels": {"managed-by": "dnn-pipeline", "git-sha": "a" * 40},
    "service_account": "runner@p.iam.gserviceaccount.com",
}
WANTED: dict[str, Any] = {
    "display_name": "nightly",
    "cron": "0 3 * * *",
    "max_concurrent_run_count": "1",
    "max_concurrent_active_run_count": "1",
    "create_pipeline_job_request": {"parent": "projects/p/locations/l", "pipeline_job": JOB},
}
# What Vertex AI adds, and what somebody else has set.
PRESENT: dict[str, Any] = {
    **WANTED,
    "name": "projects/p/locations/l/schedules/1",
    "state": "ACTIVE",
    "start_time": "2026-01-01T00:00:00Z",
    "end_time": "2030-01-01T00:00:00Z",
    "max_run_count": "5",
    "allow_queueing": True,
    "create_time": "2026-01-01T00:00:00Z",
    "next_run_time": "2026-01-02T03:00:00Z",
}


def changed(**job: Any) -> dict[str, Any]:
    """What is wanted, with other fields of the job."""
    wanted = copy.deepcopy(WANTED)
    wanted["create_pipeline_job_request"]["pipeline_job"].update(job)
    return wanted


def told(present: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return list(map(str, differences(present, wanted)))


def test_differences_are_none_where_all_that_is_wanted_is_there() -> None:
    assert differences(PRESENT, WANTED) == []


def test_differences_name_the_field_that_an_update_must_set() -> None:
    wanted = {**WANTED, "cron": "0 4 * * *", "max_run_count": "7", "start_time": "2026-05-01T00:00:00Z"}
    found = differences(PRESENT, wanted)
    assert [difference.field for difference in found] == ["cron", "start_time", "max_run_count"]
    assert [str(difference) for difference in found] == [
        "cron: 0 3 * * * -> 0 4 * * *",
        "start_time: 2026-01-01T00:00:00Z -> 2026-05-01T00:00:00Z",
        "max_run_count: 5 -> 7",
    ]


def test_differences_tell_each_parameter_and_label() -> None:
    config = {
        **JOB["runtime_config"],
        "parameter_values": {"train_steps": 500.0, "promote_on_tie": True},
        "failure_policy": "PIPELINE_FAILURE_POLICY_FAIL_FAST",
        "gcs_output_directory": "gs://other/root",
    }
    wanted = changed(runtime_config=config, labels={**JOB["labels"], "git-sha": "b" * 40, "git-dirty": "true"})
    found = differences(PRESENT, wanted)
    assert {difference.field for difference in found} == {"create_pipeline_job_request"}
    assert list(map(str, found)) == [
        "parameters.train_steps: 1000 -> 500",
        "parameters.promote_on_tie: none -> true",
        "labels.git-sha: aaaaaaaaaaaa -> bbbbbbbbbbbb",
        "labels.git-dirty: none -> true",
        "pipeline_root: gs://bucket/root -> gs://other/root",
        "failure_policy: slow -> fast",
        "parameters.train_data: gs://bucket/data/1/iris.csv -> none",
    ]


def test_differences_tell_another_pipeline_by_its_sum() -> None:
    (line,) = told(PRESENT, changed(pipeline_spec={"pipelineInfo": {"name": "other"}}))
    what, before, arrow, after = line.split()
    assert (what, arrow) == ("pipeline:", "->")
    assert len(before) == len(after) == 12
    assert before != after


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ({}, ["labels.managed-by: none -> dnn-pipeline"]),
        ({"vertex-ai-pipelines-run-billing-id": "1", **JOB["labels"]}, []),
        ({"team": "a", **JOB["labels"]}, ["labels.team: a -> none"]),
    ],
)
def test_differences_leave_the_labels_of_vertex_ai_alone(present: dict[str, str], expected: list[str]) -> None:
    there = copy.deepcopy(PRESENT)
    there["create_pipeline_job_request"]["pipeline_job"]["labels"] = present
    assert told(there, WANTED)[: len(expected) or None] == expected


def test_differences_leave_a_service_account_alone_that_nobody_asked_for() -> None:
    assert told(PRESENT, changed(service_account="")) == []
    assert told(PRESENT, changed(service_account="b@p.iam.gserviceaccount.com")) == [
        "service_account: runner@p.iam.gserviceaccount.com -> b@p.iam.gserviceaccount.com"
    ]


def test_differences_shorten_what_is_long() -> None:
    config = {
        **JOB["runtime_config"],
        "parameter_values": {**JOB["runtime_config"]["parameter_values"], "x": ["y" * 200]},
    }
    (line,) = told(PRESENT, changed(runtime_config=config))
    assert line == f'parameters.x: none -> ["{"y" * 98}...'


def test_differences_tell_staged_files_by_name_and_sum_unless_only_the_bucket_is_another() -> None:
    places = (("b", "1"), ("b", "2"), ("c", "1"))
    first, other, moved = (f"gs://{bucket}/data/{digit * 64}/iris.csv" for bucket, digit in places)
    given = {"train_steps": 1000.0, "train_data": first}
    present = changed(runtime_config={**JOB["runtime_config"], "parameter_values": given})
    for uri, line in (
        (other, "iris.csv (sha256 111111111111) -> iris.csv (sha256 222222222222)"),
        (moved, f"{first} -> {moved}"),
    ):
        wanted = changed(runtime_config={**JOB["runtime_config"], "parameter_values": {**given, "train_data": uri}})
        assert told(present, wanted) == [f"parameters.train_data: {line}"]


def test_differences_of_defaults_are_those_of_the_parameters_that_have_them() -> None:
    def compiled(default: float, **given: float) -> dict[str, Any]:
        spec = {"root": {"inputDefinitions": {"parameters": {"rows": {"defaultValue": default}}}}}
        return changed(pipeline_spec=spec, runtime_config={**JOB["runtime_config"], "parameter_values": given})

    assert told(compiled(1.0), compiled(2.0)) == ["parameters.rows: 1 -> 2"]
    assert told(compiled(1.0), compiled(1.0, rows=3.0)) == ["parameters.rows: 1 -> 3"]
    assert told(compiled(1.0, rows=3.0), compiled(2.0, rows=3.0)) == []

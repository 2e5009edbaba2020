from __future__ import annotations

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.codec import to_json
from emulator.api.errors import ApiError
from emulator.api.masks import read, snake

JOB = PipelineJob(
    name="n",
    labels={"a": "b"},
    pipeline_spec={"pipelineInfo": {"name": "small"}, "root": {"dag": {}}},
    runtime_config={"gcs_output_directory": "gs://b", "failure_policy": 2},
    job_detail={"pipeline_context": {"name": "c"}, "task_details": [{"task_name": "t"}]},
)


def shown(*paths: str) -> dict[str, object]:
    return to_json(read([JOB], FieldMask(paths=paths))[0])


@pytest.mark.parametrize(
    ("paths", "document"),
    [
        (["name"], {"name": "n"}),
        (["labels", "end_time"], {"labels": {"a": "b"}}),
        (["runtime_config.failure_policy"], {"runtimeConfig": {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST"}}),
        (["pipeline_spec.pipeline_info"], {"pipelineSpec": {"pipelineInfo": {"name": "small"}}}),
        (
            ["job_detail", "job_detail.pipeline_context"],
            to_json(JOB.job_detail) and {"jobDetail": to_json(JOB.job_detail)},
        ),
        (["job_detail.pipeline_context.name"], {"jobDetail": {"pipelineContext": {"name": "c"}}}),
    ],
)
def test_read_shows_what_the_mask_names(paths: list[str], document: dict[str, object]) -> None:
    assert shown(*paths) == document


def test_read_shows_everything_without_a_mask_and_leaves_the_message_as_it_is() -> None:
    before = to_json(JOB)
    assert shown() == before
    shown("name")
    assert to_json(JOB) == before


@pytest.mark.parametrize(
    "path", ["nothing", "name.x", "labels.a", "job_detail.task_details.task_name", "runtime_config.x"]
)
def test_read_refuses_what_there_is_not(path: str) -> None:
    with pytest.raises(ApiError, match="names a field that there is not"):
        shown(path)


@given(st.lists(st.sampled_from(["name", "labels", "job_detail", "job_detail.pipeline_context", "pipeline_spec.root"])))
def test_the_order_of_a_masks_paths_does_not_matter(paths: list[str]) -> None:
    assert shown(*paths) == shown(*reversed(paths))


def test_snake_reads_camel_case() -> None:
    assert [snake(name) for name in ("pipelineInfo", "name", "already_snake")] == [
        "pipeline_info",
        "name",
        "already_snake",
    ]

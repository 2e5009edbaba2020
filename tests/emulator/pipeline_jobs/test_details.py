from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineJobDetail

from emulator.api.codec import to_json
from emulator.api.errors import ApiError
from emulator.pipeline_jobs.details import (
    DEEPEST_VALUE,
    detail_of,
    detail_of_nothing,
    failure_message,
    is_cut_off,
    settled,
)
from emulator.pipeline_jobs.rules import BILLING_LABEL

NAME = "projects/p/locations/l/pipelineJobs/j"
CANCELLED = ApiError("CANCELLED", "It was cancelled.")
KILLED = ApiError("ABORTED", "It was killed.")


def run(**states: str) -> dict[str, Any]:
    artifact = {"uri": "gs://b/root/j/make/rows", "schemaTitle": "system.Dataset"}
    details = [
        {
            "taskId": str(number),
            "taskName": name,
            "taskUniqueName": name,
            "state": state,
            "execution": {"state": "RUNNING", "metadata": {"input:n": 1}},
            "outputs": {"rows": {"artifacts": [artifact]}},
            "ofLaterVersions": 1,
        }
        for number, (name, state) in enumerate(states.items(), start=1)
    ]
    return {"state": "PIPELINE_STATE_RUNNING", "jobDetail": {"taskDetails": details}}


def job() -> PipelineJob:
    return PipelineJob(
        name=NAME,
        pipeline_spec={"pipelineInfo": {"name": "small"}},
        service_account="123-compute@developer.gserviceaccount.com",
        labels={BILLING_LABEL: "77"},
        create_time="2026-01-01T00:00:00Z",
        end_time="2026-01-01T00:00:09Z",
    )


def states(detail: PipelineJobDetail) -> list[str]:
    return [task.state.name for task in detail.task_details]


def test_detail_of_names_executions_and_artifacts_always_alike() -> None:
    first, second = detail_of(NAME, run(make="RUNNING")), detail_of(f"{NAME}2", run(make="RUNNING"))
    (mine,), (other,) = first.task_details, second.task_details
    assert mine.execution.name.startswith("projects/p/locations/l/metadataStores/default/executions/")
    assert mine.execution.name != other.execution.name
    assert mine.outputs["rows"].artifacts[0].name == other.outputs["rows"].artifacts[0].name
    assert detail_of(NAME, {"state": "PIPELINE_STATE_PENDING"}) == PipelineJobDetail()


def test_settled_fails_what_was_at_work_when_a_run_was_cut_off() -> None:
    detail = detail_of(NAME, run(a="SUCCEEDED", b="RUNNING", c="PENDING", d="CANCELLED", e="SKIPPED"))
    settled(detail, KILLED, job())
    assert states(detail) == ["SUCCEEDED", "FAILED", "NOT_TRIGGERED", "FAILED", "SKIPPED"]
    cut = detail.task_details[1]
    assert (cut.error.code, cut.error.message) == (10, "It was killed.")
    assert to_json(cut)["endTime"] == "2026-01-01T00:00:09Z"


def test_settled_cancels_what_was_at_work_when_that_was_asked_for() -> None:
    detail = detail_of(NAME, run(a="CANCEL_PENDING", b="PENDING", c="CANCELLED", d="FAILED"))
    settled(detail, CANCELLED, job())
    assert states(detail) == ["CANCELLED", "NOT_TRIGGERED", "CANCELLED", "FAILED"]
    assert not detail.task_details[0].error.code


def test_detail_of_nothing_tells_why_a_run_did_not_begin() -> None:
    (failed,) = detail_of_nothing(job(), KILLED).task_details
    assert (failed.task_name, failed.state.name, failed.error.message) == ("small", "FAILED", "It was killed.")
    (cancelled,) = detail_of_nothing(job(), CANCELLED).task_details
    assert (cancelled.state.name, cancelled.error.code) == ("CANCELLED", 0)


def test_is_cut_off_tells_an_end_from_a_stop() -> None:
    assert is_cut_off(None)
    assert is_cut_off(run())
    assert is_cut_off({"state": "PIPELINE_STATE_CANCELLED"})
    assert is_cut_off({"state": "PIPELINE_STATE_FAILED", "error": {"code": 10, "message": "killed"}})
    assert not is_cut_off({"state": "PIPELINE_STATE_FAILED", "error": {"code": 9, "message": "a task"}})
    assert not is_cut_off({"state": "PIPELINE_STATE_SUCCEEDED"})


def test_failure_message_is_worded_as_vertex_ai_does() -> None:
    assert failure_message(job(), "The DAG failed because some tasks failed. The failed tasks are: [a].") == (
        "The DAG failed because some tasks failed. The failed tasks are: [a].; Job (project_id = p, job_id = 77) is "
        "failed due to the above error.; Failed to handle the job: {project_number = 123, job_id = 77}"
    )


def test_what_lies_too_deep_in_metadata_is_told_as_a_text_and_can_be_kept() -> None:
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"a": value}
    told = run(make="SUCCEEDED")
    (detail,) = told["jobDetail"]["taskDetails"]
    detail["execution"]["metadata"]["output:deep"] = value
    detail["outputs"]["rows"]["artifacts"][0] = {"uri": "gs://b/x", "metadata": {"deep": value, "metadata": [1]}}
    made = detail_of(NAME, told)
    assert PipelineJobDetail.deserialize(PipelineJobDetail.serialize(made)) == made
    shown = to_json(made)["taskDetails"][0]["outputs"]["rows"]["artifacts"][0]["metadata"]
    assert shown["metadata"] == [1]
    for _ in range(DEEPEST_VALUE - 1):
        shown = shown["deep" if "deep" in shown else "a"]
    assert shown["a"].startswith('{"a": {"a": ')

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.schedules.schedule_requests import SPEC, inner_job, schedule
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator

pytestmark = pytest.mark.run

INVALID = (400, "INVALID_ARGUMENT")
WRONG_STATE = (400, "FAILED_PRECONDITION")
SCHEDULES = f"{LOCATION}/schedules"
REQUEST = "schedule.create_pipeline_job_request"


@pytest.fixture
def name(emulator: VertexEmulator) -> str:
    """A schedule of one's own, which is not due for years."""
    return str(emulator.post(SCHEDULES, schedule("0 0 29 2 *", displayName="leap"))["name"])


def update(emulator: VertexEmulator, name: str, mask: str, **fields: Any) -> dict[str, Any]:
    answer = emulator.call("PATCH", f"/v1/{name}?updateMask={mask}", fields)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def refusal(emulator: VertexEmulator, name: str, mask: str, **fields: Any) -> tuple[int, str, str]:
    return emulator.refused("PATCH", f"{name}?updateMask={mask}", fields)


def listed(emulator: VertexEmulator, parent: str, query: str) -> list[str]:
    answer = emulator.call("GET", f"/v1/{parent}/schedules?{query}")
    assert answer.status_code == 200, answer.text
    return [found["displayName"] for found in answer.json().get("schedules", [])]


def test_create_fills_in_what_clients_read(emulator: VertexEmulator) -> None:
    created = emulator.post(SCHEDULES, schedule("TZ=Asia/Tokyo 30 4 29 2 *", maxRunCount="3", state="PAUSED"))
    assert created["name"].startswith(f"{SCHEDULES}/")
    assert created["name"].rpartition("/")[2].isdigit()
    assert created["state"] == "ACTIVE"
    assert created["nextRunTime"].endswith("-02-28T19:30:00Z")
    assert created["startTime"][:19] == created["createTime"][:19] == created["updateTime"][:19]
    assert (created["cron"], created["maxRunCount"]) == ("TZ=Asia/Tokyo 30 4 29 2 *", "3")
    assert created["createPipelineJobRequest"]["pipelineJob"]["pipelineSpec"]["pipelineInfo"] == {"name": "nothing"}
    assert not {"startedRunCount", "lastScheduledRunResponse", "catchUp"} & set(created)
    assert emulator.get(created["name"]) == created


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (schedule(displayName=None), "schedule.display_name"),
        (schedule(displayName="x" * 129), "schedule.display_name"),
        (schedule(cron="0 25 * * *"), "schedule.cron"),
        (schedule(cron="0 0 3 * * *"), "schedule.cron"),
        (schedule(cron="TZ=Mars/Olympus 0 3 * * *"), "schedule.cron"),
        (schedule(cron=""), "schedule.cron"),
        (schedule(maxConcurrentRunCount=None), "schedule.max_concurrent_run_count"),
        (schedule(maxConcurrentRunCount="-1"), "schedule.max_concurrent_run_count"),
        (schedule(maxConcurrentActiveRunCount=-1), "schedule.max_concurrent_active_run_count"),
        (schedule(maxRunCount=-1), "schedule.max_run_count"),
        (schedule(startTime="2126-01-02T00:00:00Z", endTime="2126-01-01T00:00:00Z"), "schedule.end_time"),
        (schedule(endTime="2020-01-01T00:00:00Z"), "schedule.end_time"),
        (schedule(createPipelineJobRequest=None), REQUEST),
        (schedule(createPipelineJobRequest={"pipelineJob": inner_job()}), f"{REQUEST}.parent"),
        (
            schedule(createPipelineJobRequest={"parent": LOCATION, "pipelineJobId": "a", "pipelineJob": inner_job()}),
            f"{REQUEST}.pipeline_job_id",
        ),
        (schedule(job=inner_job(pipelineSpec={})), f"{REQUEST}.pipeline_job.pipeline_spec"),
        (schedule(job=inner_job(labels={"A": "b"})), f"{REQUEST}.pipeline_job.labels"),
        (
            schedule(
                job=inner_job(
                    pipelineSpec=SPEC | {"root": {"inputDefinitions": {"artifacts": {"rows": {}}}, "dag": {}}},
                    runtimeConfig={
                        "gcsOutputDirectory": "gs://no-such-bucket/root",
                        "inputArtifacts": {"rows": {"artifactId": "404"}},
                    },
                )
            ),
            f"{REQUEST}.pipeline_job.runtime_config.input_artifacts",
        ),
        (
            schedule(job={"pipelineSpec": SPEC}),
            f"{REQUEST}.pipeline_job.runtime_config.gcs_output_directory",
        ),
        (
            schedule(
                job=inner_job(
                    runtimeConfig={"gcsOutputDirectory": "gs://no-such-bucket/root", "parameterValues": {"epochs": "5"}}
                )
            ),
            f"{REQUEST}.pipeline_job.runtime_config.parameter_values",
        ),
    ],
)
def test_create_refuses_a_faulty_field(emulator: VertexEmulator, body: dict[str, Any], field: str) -> None:
    status, canonical, message = emulator.refused("POST", SCHEDULES, body)
    assert (status, canonical) == INVALID
    assert f"1.Field: {field}; Message: " in message
    assert "2.Field" not in message


def test_create_tells_all_faults_at_once(emulator: VertexEmulator) -> None:
    message = emulator.refused("POST", SCHEDULES, {"createPipelineJobRequest": {"parent": LOCATION}})[2]
    for field in ("display_name", "cron", "max_concurrent_run_count", "create_pipeline_job_request.pipeline_job"):
        assert f"Field: schedule.{field}" in message


def test_create_does_not_look_for_the_bucket(emulator: VertexEmulator, name: str) -> None:
    assert emulator.get(name)["state"] == "ACTIVE"


def test_create_of_notebook_runs_is_not_served(emulator: VertexEmulator) -> None:
    body = schedule(createPipelineJobRequest=None, createNotebookExecutionJobRequest={"parent": LOCATION})
    assert emulator.refused("POST", SCHEDULES, body)[:2] == (501, "UNIMPLEMENTED")


def test_list_filters_orders_and_pages(emulator: VertexEmulator) -> None:
    parent = "projects/listing/locations/us-central1"
    for number, last in (("one", None), ("two", "2126-01-01T00:00:00Z"), ("three", "2125-01-01T00:00:00Z")):
        request = {"parent": parent, "pipelineJob": inner_job()}
        emulator.post(
            f"{parent}/schedules",
            schedule("0 0 29 2 *", displayName=number, endTime=last, createPipelineJobRequest=request),
        )
    assert listed(emulator, parent, "") == ["three", "two", "one"]
    assert listed(emulator, parent, 'filter=display_name="two"') == ["two"]
    assert listed(emulator, parent, 'filter=displayName:"t*"') == ["three", "two"]
    assert listed(emulator, parent, 'filter=state="ACTIVE" AND NOT display_name="two"') == ["three", "one"]
    assert listed(emulator, parent, 'filter=end_time>"2125-06-01T00:00:00Z" OR NOT end_time:*') == ["two", "one"]
    assert listed(emulator, parent, "filter=create_pipeline_job_request:*&pageSize=2") == ["three", "two"]
    assert listed(emulator, parent, 'filter=next_run_time<"2020-01-01T00:00:00Z"') == []
    assert listed(emulator, parent, "orderBy=end_time") == ["three", "two", "one"]
    assert listed(emulator, parent, "orderBy=create_time") == ["one", "two", "three"]
    for query in ("filter=cron=x", "orderBy=display_name", "pageToken=x"):
        assert emulator.refused("GET", f"{parent}/schedules?{query}")[:2] == INVALID


def test_get_pause_resume_update_and_delete_tell_of_what_is_not_there(emulator: VertexEmulator) -> None:
    missing = f"{SCHEDULES}/404"
    for method, path in (("GET", ""), ("POST", ":pause"), ("POST", ":resume"), ("DELETE", "")):
        assert emulator.refused(method, f"{missing}{path}")[:2] == (404, "NOT_FOUND")
    assert refusal(emulator, missing, "cron", cron="* * * * *")[:2] == (404, "NOT_FOUND")


def test_update_changes_the_masked_fields_alone(emulator: VertexEmulator, name: str) -> None:
    before = emulator.get(name)
    fields = {"displayName": "new", "cron": "0 1 29 2 *", "maxRunCount": "7", "state": "COMPLETED"}
    after = update(emulator, name, "displayName,cron,state", **fields)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"displayName", "cron", "nextRunTime", "updateTime"}
    assert "maxRunCount" not in after
    assert after["nextRunTime"][10:] == "T01:00:00Z"
    assert emulator.get(name) == after


def test_update_without_a_difference_changes_nothing(emulator: VertexEmulator, name: str) -> None:
    before = emulator.get(name)
    sent = {key: value for key, value in before.items() if key != "name"}
    assert update(emulator, name, "cron,displayName,createPipelineJobRequest", **sent) == before
    assert update(emulator, name, "state,startedRunCount", startedRunCount="9") == before


def test_update_replaces_the_job(emulator: VertexEmulator, name: str) -> None:
    config = {"gcsOutputDirectory": "gs://other-bucket", "parameterValues": {"epochs": 5}}
    request = {"parent": LOCATION, "pipelineJob": inner_job(runtimeConfig=config)}
    after = update(emulator, name, "createPipelineJobRequest", createPipelineJobRequest=request)
    assert after["createPipelineJobRequest"]["pipelineJob"]["runtimeConfig"] == config


@pytest.mark.parametrize(
    ("mask", "fields", "sentence"),
    [
        ("", {"cron": "* * * * *"}, "is required and must name at least one of"),
        ("cronTab", {}, "can name only: display_name, cron"),
        ("createNotebookExecutionJobRequest", {}, "can name only"),
        ("cron", {}, "schedule.cron; Message: is set and cannot be unset"),
        ("displayName", {"displayName": ""}, "is set and cannot be unset"),
        ("startTime", {}, "is set and cannot be unset"),
        ("createPipelineJobRequest", {}, "is set and cannot be unset"),
        ("cron", {"cron": "0 25 * * *"}, 'cannot have "25" as its hour'),
        ("endTime", {"endTime": "2020-01-01T00:00:00Z"}, "must lie in the future"),
        ("maxRunCount", {"maxRunCount": "-1"}, "must be positive"),
        ("createPipelineJobRequest", {"createPipelineJobRequest": {"parent": LOCATION}}, "pipeline_spec"),
    ],
)
def test_update_refuses_what_create_does_and_unsetting(
    emulator: VertexEmulator, name: str, mask: str, fields: dict[str, Any], sentence: str
) -> None:
    before = emulator.get(name)
    status, canonical, message = refusal(emulator, name, mask, **fields)
    assert (status, canonical) == INVALID
    assert sentence in message
    assert emulator.get(name) == before


def test_update_can_turn_queueing_off(emulator: VertexEmulator, name: str) -> None:
    assert update(emulator, name, "allowQueueing", allowQueueing=True)["allowQueueing"] is True
    assert "allowQueueing" not in update(emulator, name, "allowQueueing", allowQueueing=False)


def test_pause_and_resume_go_back_and_forth(emulator: VertexEmulator, name: str) -> None:
    assert emulator.post(f"{name}:pause") == {}
    paused = emulator.get(name)
    assert paused["state"] == "PAUSED"
    assert paused["lastPauseTime"]
    assert emulator.refused("POST", f"{name}:pause", {})[:2] == WRONG_STATE
    assert update(emulator, name, "displayName", displayName="paused")["state"] == "PAUSED"
    assert emulator.post(f"{name}:resume", {"catchUp": True}) == {}
    resumed = emulator.get(name)
    assert (resumed["state"], resumed["catchUp"]) == ("ACTIVE", True)
    assert resumed["lastResumeTime"] > resumed["lastPauseTime"]
    status, canonical, message = emulator.refused("POST", f"{name}:resume", {})
    assert (status, canonical) == WRONG_STATE
    assert "Only paused Schedule can be resumed." in message


def test_delete_takes_an_active_schedule(emulator: VertexEmulator, name: str) -> None:
    operation = emulator.call("DELETE", f"/v1/{name}").json()
    assert operation["done"] is True
    assert operation["response"]["@type"].endswith("google.protobuf.Empty")
    assert emulator.call("GET", f"/ui/{operation['name']}").json() == operation
    assert emulator.refused("GET", name)[:2] == (404, "NOT_FOUND")

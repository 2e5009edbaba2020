"""PipelineService over raw HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.pipeline_jobs.rules import BILLING_LABEL
from tests.emulator.job_requests import (
    JOBS,
    ROOT_URI,
    bucket,
    ended,
    job,
    running,
    spec,
    states,
    submit,
    until,
)
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator

pytestmark = pytest.mark.run

NOWHERE = "gs://no-such-bucket/root"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator of these tests alone, which runs one job at a time."""
    running = VertexEmulator(tmp_path_factory.mktemp("vertex"), "--max-concurrent-runs", "1")
    bucket(running)
    yield running
    running.close()


@pytest.fixture(scope="module")
def finished(emulator: VertexEmulator, compiled: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A job that has succeeded."""
    return ended(emulator, submit(emulator, "finished", job(compiled["rows"], count=4)))


def test_a_new_job_is_pending_with_what_the_server_fills_in(emulator: VertexEmulator) -> None:
    before = time.time_ns()
    body = {**job(root=NOWHERE), "state": 4, "startTime": "2020-01-01T00:00:00Z", "error": {"code": 3}}
    created = emulator.post(f"{JOBS}?pipelineJobId=fresh", {**body, "labels": {BILLING_LABEL: "mine", "a": "b"}})
    assert created["name"] == f"{JOBS}/fresh"
    assert created["state"] == "PIPELINE_STATE_PENDING"
    assert created["createTime"] == created["updateTime"]
    assert not {"startTime", "endTime", "error", "jobDetail"} & created.keys()
    assert created["serviceAccount"].endswith("-compute@developer.gserviceaccount.com")
    assert created["labels"]["a"] == "b"
    assert created["labels"][BILLING_LABEL].isdigit()
    assert created["pipelineSpec"] == spec()
    assert created["runtimeConfig"] == {"gcsOutputDirectory": NOWHERE}
    assert before > 0


def test_the_server_chooses_what_a_job_leaves_open(emulator: VertexEmulator) -> None:
    body = {"pipelineSpec": {**spec(), "defaultPipelineRoot": NOWHERE}}
    created = emulator.post(JOBS, body)
    assert len(created["name"].rpartition("/")[2]) == 19
    assert created["displayName"].startswith("small-2")
    assert created["runtimeConfig"]["gcsOutputDirectory"] == NOWHERE


def test_refuses_everything_that_is_wrong_with_a_request_at_once(emulator: VertexEmulator) -> None:
    status, name, message = emulator.refused("POST", f"{JOBS}?pipelineJobId=Abc", job(spec(), root="x", y=1))
    assert (status, name) == (400, "INVALID_ARGUMENT")
    assert message.startswith("List of found errors:\t1.Field: pipeline_job_id; Message: must start with a lowercase")
    assert "\t2.Field: pipeline_job.runtime_config.gcs_output_directory; Message: Invalid Cloud Storage URI" in message
    assert (
        '\t3.Field: pipeline_job.runtime_config.parameter_values; Message: The pipeline has no parameter "y"' in message
    )
    assert emulator.refused("POST", JOBS, {**job(), "sttae": 1})[:2] == (400, "INVALID_ARGUMENT")


def test_serves_no_templates_and_no_input_artifacts(emulator: VertexEmulator) -> None:
    uri = "https://us-kfp.pkg.dev/p/r/pipeline/v1"
    body = {"templateUri": uri, "runtimeConfig": {"gcsOutputDirectory": ROOT_URI}}
    assert emulator.refused("POST", JOBS, body)[:2] == (501, "UNIMPLEMENTED")
    ended(emulator, submit(emulator, "store-maker", job(root=NOWHERE)))
    artifact = emulator.post(f"{LOCATION}/metadataStores/default/artifacts?artifactId=given", {"displayName": "given"})
    given = job({**spec(), "root": {"inputDefinitions": {"artifacts": {"model": {}}}, "dag": {"tasks": {}}}})
    given["runtimeConfig"]["inputArtifacts"] = {"model": {"artifactId": artifact["name"].rpartition("/")[2]}}
    assert emulator.refused("POST", JOBS, given)[:2] == (501, "UNIMPLEMENTED")


def test_a_missing_bucket_fails_the_run_and_not_the_request(emulator: VertexEmulator) -> None:
    found = ended(emulator, submit(emulator, "bucketless", job(root=NOWHERE)))
    assert found["state"] == "PIPELINE_STATE_FAILED"
    sentence = "The bucket gs://no-such-bucket of the pipeline root does not exist."
    assert found["error"]["code"] == 5
    assert found["error"]["message"].startswith(sentence)
    (root,) = found["jobDetail"]["taskDetails"]
    assert (root["state"], root["taskName"]) == ("FAILED", "small")
    assert root["error"]["message"].startswith(sentence)


def test_a_finished_job_tells_of_its_tasks_and_what_they_made(finished: dict[str, Any]) -> None:
    assert finished["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert finished["createTime"] <= finished["startTime"] < finished["endTime"] <= finished["updateTime"]
    assert "error" not in finished
    details = {detail["taskName"]: detail for detail in finished["jobDetail"]["taskDetails"]}
    assert states(finished) == dict.fromkeys(("rows", "make-rows", "count-rows"), "SUCCEEDED")
    (rows,) = details["make-rows"]["outputs"]["rows"]["artifacts"]
    assert rows["uri"] == f"{ROOT_URI}/finished/make-rows/rows"
    assert rows["name"].startswith(f"{LOCATION}/metadataStores/default/artifacts/")
    assert rows["metadata"] == {"count": 4}
    (read,) = details["count-rows"]["inputs"]["rows"]["artifacts"]
    assert (read["name"], read["uri"]) == (rows["name"], rows["uri"])
    assert details["count-rows"]["execution"]["metadata"] == {"input:least": 1, "output:Output": 4}
    assert finished["jobDetail"]["pipelineRunContext"]["name"].endswith("/contexts/finished")
    assert finished["jobDetail"]["pipelineContext"]["displayName"] == "rows"


def test_outputs_lie_in_the_bucket_files_and_folders(emulator: VertexEmulator, finished: dict[str, Any]) -> None:
    assert finished["state"] == "PIPELINE_STATE_SUCCEEDED"
    blobs = {blob.name: blob for blob in bucket(emulator).list_blobs(prefix="root/finished/")}
    made = "root/finished/make-rows"
    assert list(blobs) == [f"{made}/parts/saved_model.pb", f"{made}/parts/variables/0", f"{made}/rows"]
    assert blobs[f"{made}/rows"].download_as_text() == "row\n" * 4
    assert blobs[f"{made}/parts/variables/0"].download_as_text() == "variables/0"


def test_a_failed_task_fails_the_job_with_its_own_error(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]]
) -> None:
    found = ended(emulator, submit(emulator, "failed", job(compiled["rows"], count=1, least=2)))
    assert found["state"] == "PIPELINE_STATE_FAILED"
    number = found["labels"][BILLING_LABEL]
    account = found["serviceAccount"].partition("-")[0]
    assert found["error"] == {
        "code": 9,
        "message": "The DAG failed because some tasks failed. The failed tasks are: [count-rows].; "
        f"Job (project_id = p, job_id = {number}) is failed due to the above error.; "
        f"Failed to handle the job: {{project_number = {account}, job_id = {number}}}",
    }
    details = {detail["taskName"]: detail for detail in found["jobDetail"]["taskDetails"]}
    assert details["count-rows"]["error"]["message"] == "ValueError: 1 rows are too few"
    assert [blob.name for blob in bucket(emulator).list_blobs(prefix="root/failed/make-rows/rows")]


def test_a_pipeline_that_cannot_run_here_fails_with_the_reason(emulator: VertexEmulator) -> None:
    executors = {"exec-a": {"container": {"image": "a", "command": ["true"]}}}
    tasks = {"a": {"componentRef": {"name": "comp-a"}}}
    body = {
        **spec(),
        "root": {"dag": {"tasks": tasks}},
        "components": {"comp-a": {"executorLabel": "exec-a"}},
        "deploymentSpec": {"executors": executors},
    }
    found = ended(emulator, submit(emulator, "container", job(body)))
    assert found["state"] == "PIPELINE_STATE_FAILED"
    assert found["error"]["message"].startswith('The component "a" is a container component.')


def test_an_id_is_taken_also_after_the_end(emulator: VertexEmulator, finished: dict[str, Any]) -> None:
    refusal = (409, "ALREADY_EXISTS", "Pipeline job with the specified ID already exists.")
    assert emulator.refused("POST", f"{JOBS}?pipelineJobId={finished['name'].rpartition('/')[2]}", job()) == refusal


def test_a_second_job_waits_for_its_turn_and_can_be_cancelled_meanwhile(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    signal = tmp_path / "go"
    first, second, third = (
        submit(emulator, f"waits-{number}", job(compiled["waits"], path=str(signal))) for number in range(3)
    )
    running(emulator, first, "wait-for")
    assert emulator.get(second)["state"] == emulator.get(third)["state"] == "PIPELINE_STATE_PENDING"
    assert emulator.post(f"{second}:cancel") == {}
    cancelled = ended(emulator, second)
    assert cancelled["state"] == "PIPELINE_STATE_CANCELLED"
    assert cancelled["error"]["code"] == 1
    assert "startTime" not in cancelled
    signal.touch()
    assert ended(emulator, first)["state"] == ended(emulator, third)["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert emulator.get(third)["startTime"] >= emulator.get(first)["endTime"]


def test_cancel_stops_what_runs_and_keeps_the_job(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    name = submit(emulator, "stopped", job(compiled["waits"], path=str(tmp_path / "never")))
    running(emulator, name, "wait-for")
    refusal = (
        400,
        "FAILED_PRECONDITION",
        f'The PipelineJob "{name}" is in state PIPELINE_STATE_RUNNING and cannot be deleted. Cancel it first.',
    )
    assert emulator.refused("DELETE", name) == refusal
    emulator.post(f"{name}:cancel")
    assert emulator.get(name)["state"] in {"PIPELINE_STATE_CANCELLING", "PIPELINE_STATE_CANCELLED"}
    emulator.call("POST", f"/v1/{name}:cancel", {})
    found = ended(emulator, name)
    assert found["state"] == "PIPELINE_STATE_CANCELLED"
    assert found["error"] == {"code": 1, "message": "The pipeline job was cancelled."}
    assert states(found) == dict.fromkeys(("waits", "wait-for"), "CANCELLED")
    assert emulator.refused("POST", f"{name}:cancel", {}) == (
        400,
        "FAILED_PRECONDITION",
        f'The PipelineJob "{name}" is in state PIPELINE_STATE_CANCELLED and cannot be canceled.',
    )


def test_delete_removes_the_job_and_its_folder_but_no_object(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]]
) -> None:
    name = submit(emulator, "gone", job(compiled["rows"]))
    assert ended(emulator, name)["state"] == "PIPELINE_STATE_SUCCEEDED"
    folder = emulator.folder / "runs" / "p" / "us-central1" / "gone"
    assert folder.is_dir()
    operation = emulator.call("DELETE", f"/v1/{name}").json()
    assert operation["done"]
    assert not folder.exists()
    assert emulator.refused("GET", name) == (404, "NOT_FOUND", f'The PipelineJob "{name}" does not exist.')
    assert [blob.name for blob in bucket(emulator).list_blobs(prefix="root/gone/make-rows/rows")]
    again = submit(emulator, "gone", job(compiled["rows"]))
    assert ended(emulator, again)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_batches_delete_all_or_nothing_and_cancel_what_has_not_ended(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    over = [submit(emulator, f"over-{number}", job(root=NOWHERE)) for number in range(2)]
    for name in over:
        ended(emulator, name)
    lasting = [
        submit(emulator, f"lasting-{number}", job(compiled["waits"], path=str(tmp_path / "x"))) for number in (0, 1)
    ]
    refused = emulator.refused("POST", f"{JOBS}:batchDelete", {"names": [*over, lasting[0]]})
    assert refused[:2] == (400, "FAILED_PRECONDITION")
    assert emulator.get(over[0])["state"] == "PIPELINE_STATE_FAILED"
    operation = emulator.post(f"{JOBS}:batchCancel", {"names": [*over, *lasting]})
    assert operation["metadata"]["@type"].endswith(".BatchCancelPipelineJobsOperationMetadata")
    cancelled = emulator.wait(operation)["response"]["pipelineJobs"]
    assert [(item["name"], item["state"]) for item in cancelled] == [
        (name, "PIPELINE_STATE_CANCELLED") for name in lasting
    ]
    deleted = emulator.post(f"{JOBS}:batchDelete", {"names": [*over, *lasting]})
    assert [item["name"] for item in deleted["response"]["pipelineJobs"]] == [*over, *lasting]
    assert emulator.refused("GET", lasting[1])[0] == 404


@pytest.mark.parametrize("verb", ["batchDelete", "batchCancel"])
def test_batches_refuse_names_that_are_too_many_or_of_elsewhere(emulator: VertexEmulator, verb: str) -> None:
    many = [f"{JOBS}/a{number}" for number in range(33)]
    for given in ([], many, [f"{JOBS}/a"] * 33, ["projects/q/locations/l/pipelineJobs/a"]):
        assert emulator.refused("POST", f"{JOBS}:{verb}", {"names": given})[:2] == (400, "INVALID_ARGUMENT")
    assert emulator.refused("POST", f"{JOBS}:{verb}", {"names": [f"{JOBS}/none"]})[:2] == (404, "NOT_FOUND")


def test_fail_fast_and_the_cache_are_passed_on(
    emulator: VertexEmulator, compiled: dict[str, dict[str, Any]], finished: dict[str, Any]
) -> None:
    body = job(compiled["rows"], count=4)
    body["runtimeConfig"]["failurePolicy"] = 2
    found = ended(emulator, submit(emulator, "cached", body))
    assert found["runtimeConfig"]["failurePolicy"] == "PIPELINE_FAILURE_POLICY_FAIL_FAST"
    details = {detail["taskName"]: detail for detail in found["jobDetail"]["taskDetails"]}
    assert states(found)["make-rows"] == states(found)["count-rows"] == "SKIPPED"
    assert details["make-rows"]["execution"]["state"] == "CACHED"
    uri = details["make-rows"]["outputs"]["rows"]["artifacts"][0]["uri"]
    assert uri == f"{ROOT_URI}/finished/make-rows/rows"
    assert finished["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_v1beta1_serves_jobs_too(emulator: VertexEmulator, finished: dict[str, Any]) -> None:
    answer = emulator.call("GET", f"/v1beta1/{finished['name']}").json()
    assert answer["state"] == "PIPELINE_STATE_SUCCEEDED"
    created = emulator.call("POST", f"/v1beta1/{JOBS}?pipelineJobId=beta", job(root=NOWHERE)).json()
    assert until(emulator, created["name"], lambda found: "endTime" in found)["error"]["code"] == 5

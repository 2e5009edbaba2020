from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.runs.custom_jobs import (
    CustomJobRecord,
    _named_by,
    custom_jobs_of,
    matched,
    read_custom_job,
    replicas_text,
)
from tests.pipeline.run_records import NOON, run, task

NAME = "projects/1234/locations/us-central1/customJobs/77"
POOL = {"machine_spec": {"machine_type": "n1-standard-4"}, "container_spec": {"image_uri": "r/t:1"}}


def answered(**given: Any) -> CustomJobRecord:
    from google.cloud.aiplatform_v1.types import CustomJob

    job = {
        "name": NAME,
        "display_name": "p-train-model",
        "state": "JOB_STATE_FAILED",
        "job_spec": {
            "worker_pool_specs": [POOL | {"replica_count": 1}, POOL | {"replica_count": 3}],
            "scheduling": {"strategy": "SPOT", "timeout": timedelta(seconds=600)},
        },
        **given,
    }
    return read_custom_job(CustomJob(job))


def test_job_is_read_as_plain_data() -> None:
    job = answered(create_time=datetime(2026, 11, 25, tzinfo=UTC))
    assert (job.job_id, job.display_name, job.state) == ("77", "p-train-model", "failed")
    assert job.machines == "4 x n1-standard-4, spot, for 10 min 00 s at most"
    assert job.replicas == ["workerpool0-0", "workerpool1-0", "workerpool1-1", "workerpool1-2"]
    assert replicas_text(job.pools) == "workerpool0-0, workerpool1-0 to workerpool1-2"
    assert job.created == datetime(2026, 11, 25, tzinfo=UTC)


def test_error_is_told_without_where_to_look() -> None:
    said = "The replica workerpool1-2 exited with a non-zero status of 1."
    job = answered(error={"message": f"{said} To find out more about why your job exited please check\nthe logs: x"})
    assert (job.error, job.failed_replica) == (said, "workerpool1-2")
    assert answered(error={"message": "It was cancelled."}).failed_replica == ""


def test_task_that_has_succeeded_names_its_job() -> None:
    resources = json.dumps({"resources": [{"resourceUri": f"https://us-central1-aiplatform.googleapis.com/v1/{NAME}"}]})
    assert _named_by(task("a", "succeeded", output_parameters={"gcp_resources": resources})) == NAME


@pytest.mark.parametrize("resources", ["", "x", "[]", "{}", '{"resources": [{"resourceUri": "projects/p/x/1"}]}', None])
def test_what_names_no_job_names_none(resources: Any) -> None:
    assert _named_by(task("a", "succeeded", output_parameters={"gcp_resources": resources})) == ""


def test_others_are_found_by_their_names_the_newest_first_and_never_by_what_runs_a_task() -> None:
    tasks = [
        task(name, "failed", job=number, is_custom_job=True, parameters={"display_name": f"p-{name}"})
        for name, number in (("train", "1"), ("tune", "2"), ("score", "3"))
    ]
    jobs = [
        replace(answered(), name=f"{NAME}/{number}", display_name=f"p-{name}", created=NOON + timedelta(seconds=after))
        for name, number, after in (("train", "1", 5), ("train", "11", 1), ("train", "12", 2), ("tune", "13", 3))
    ]
    found = matched(tasks, run("run-1", "failed", *tasks), jobs)
    assert {name: job.job_id for name, job in found.items()} == {"train": "12", "tune": "13"}


def test_run_without_custom_jobs_asks_for_none() -> None:
    # There is nobody who could answer.
    plain, cached = task("a", "failed", job="1"), task("b", "skipped", job="2", is_custom_job=True)
    assert custom_jobs_of(run("run-1", "failed", plain, cached), RunConfig()) == {}

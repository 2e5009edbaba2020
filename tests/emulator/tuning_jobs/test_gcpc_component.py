"""A pipeline with Google's component for tuning jobs, compiled by kfp and submitted through the SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.sdk import pointed
from tests.emulator.tuning_jobs.studies import container
from tests.emulator.vertex_emulator import VertexEmulator, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

BUCKET = "tuned-bucket"
FINAL = {"PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED"}
PIPELINE = """
from google.cloud.aiplatform import hyperparameter_tuning as hpt
from google_cloud_pipeline_components.v1 import hyperparameter_tuning_job as tuning
from kfp import dsl


@dsl.pipeline(name="tuned")
def tuned(program: str):
    tuning.HyperparameterTuningJobRunOp(
        display_name="tuned in a pipeline",
        base_output_directory="gs://BUCKET/trials",
        location="us-central1",
        worker_pool_specs=[
            {
                "machine_spec": {"machine_type": "n1-standard-4"},
                "replica_count": 1,
                "container_spec": {"image_uri": "trainer:1", "command": ["python3", "-c", program]},
            }
        ],
        study_spec_metrics=tuning.serialize_metrics({"accuracy": "maximize"}),
        study_spec_parameters=tuning.serialize_parameters(
            {
                "layers": hpt.IntegerParameterSpec(min=1, max=2, scale="linear"),
                "batch": hpt.DiscreteParameterSpec(values=[16, 32], scale="linear"),
            }
        ),
        study_spec_algorithm="GRID_SEARCH",
        max_trial_count=9,
        parallel_trial_count=1,
        max_failed_trial_count=1,
    )
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    from kfp import compiler

    scope: dict[str, Any] = {}
    text = PIPELINE.replace("BUCKET", BUCKET)
    exec(compile(text, "tuned.py", "exec", dont_inherit=True), scope)  # noqa: S102 - as a user's own file would
    path = str(tmp_path_factory.mktemp("tuned") / "tuned.yaml")
    compiler.Compiler().compile(scope["tuned"], path)
    return path


@pytest.fixture
def launching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
    """An emulator that starts Google's launcher of tuning jobs."""
    monkeypatch.setenv("VERTEX_EMULATOR_LAUNCHERS", "google")
    running = VertexEmulator(tmp_path / "vertex")
    yield running
    running.close()


def run_of(emulator: VertexEmulator, compiled: str, program: str) -> Any:
    """A submitted run whose trials do what a program says."""
    with pointed(emulator, staging_bucket=f"gs://{BUCKET}") as sdk:
        if not storage_client(emulator).bucket(BUCKET).exists():
            storage_client(emulator).create_bucket(BUCKET)
        job = sdk.PipelineJob(
            display_name="x",
            template_path=compiled,
            pipeline_root=f"gs://{BUCKET}/root",
            parameter_values={"program": container(program)["command"][2]},
        )
        job.submit()
        return job


def tuning_job(emulator: VertexEmulator, run: dict[str, Any]) -> dict[str, Any]:
    """The one tuning job of a run."""
    label = run["labels"]["vertex-ai-pipelines-run-billing-id"]
    place = run["name"].rpartition("/pipelineJobs/")[0]
    query = f"filter=labels.vertex-ai-pipelines-run-billing-id%3D{label}"
    (found,) = eventually(
        lambda: emulator.get(f"{place}/hyperparameterTuningJobs?{query}").get("hyperparameterTuningJobs", [])
    )
    return dict(found)


def told_of(emulator: VertexEmulator, compiled: str, program: str, *, cancelled: bool = False) -> dict[str, Any]:
    """What becomes of a run, of its task and of the tuning job, but for what is another each time."""
    name = run_of(emulator, compiled, program).resource_name
    if cancelled:
        eventually(lambda: tuning_job(emulator, emulator.get(name)).get("trials"))
        emulator.post(f"{name}:cancel")
    run = eventually(lambda: emulator.get(name), lambda told: told["state"] in FINAL)
    (task,) = [one for one in run["jobDetail"]["taskDetails"] if one["taskName"].startswith("hyperparameter")]
    job = tuning_job(emulator, run)
    trials = [
        [one["id"], one["state"], [two["value"] for two in one["parameters"]], one.get("infeasibleReason")]
        for one in job["trials"]
    ]
    outputs = task["execution"]["metadata"]
    told = {
        "run": run["state"],
        "task": [task["state"], task.get("error"), json.loads(outputs.get("output:gcp_resources", "null"))],
        "job": [job["displayName"], job["state"], job.get("error"), trials, job["studySpec"], job["trialJobSpec"]],
    }
    masked = json.dumps(told).replace(name.rpartition("/")[2], "RUN").replace(str(emulator.folder), "FOLDER")
    masked = masked.replace(job["name"], "TUNING_JOB").replace(emulator.address, "ADDRESS")
    return dict(json.loads(re.sub(r"\d{6,}", "NUMBER", masked)))


def test_a_pipeline_tunes_and_tells_the_name_of_its_job(emulator: VertexEmulator, compiled: str) -> None:
    told = told_of(emulator, compiled, "report(int(given['layers']) * float(given['batch']))")
    assert told["run"] == "PIPELINE_STATE_SUCCEEDED"
    (resource,) = told["task"][2]["resources"]
    assert resource == {
        "resourceType": "HyperparameterTuningJob",
        "resourceUri": "https://us-central1-aiplatform.googleapis.com/v1/TUNING_JOB",
    }
    assert [one[:2] for one in told["job"][3]] == [[str(number), "SUCCEEDED"] for number in (1, 2, 3, 4)]
    assert [one[2] for one in told["job"][3]] == [[1, 16], [1, 32], [2, 16], [2, 32]]


def test_a_failed_job_fails_its_task_with_its_own_sentence(emulator: VertexEmulator, compiled: str) -> None:
    told = told_of(emulator, compiled, "report(1, tag='loss')")
    assert told["run"] == "PIPELINE_STATE_FAILED"
    assert told["task"][1]["message"].startswith(
        "1 of 1 trials have failed; maxFailedTrialCount is 1. The last to fail was"
    )
    assert 'no value of the metric "accuracy". Received: "loss"' in told["task"][1]["message"]


def test_a_cancelled_run_cancels_its_job_and_all_its_trials(emulator: VertexEmulator, compiled: str) -> None:
    told = told_of(emulator, compiled, "time.sleep(3600)", cancelled=True)
    assert told["run"] == "PIPELINE_STATE_CANCELLED"
    assert told["job"][1] == "JOB_STATE_CANCELLED"
    assert {one[1] for one in told["job"][3]} == {"INFEASIBLE"}


@pytest.mark.parametrize("program", ["report(x)", "report(1, tag='loss')"])
def test_googles_launcher_makes_the_same_of_a_job(
    emulator: VertexEmulator, launching: VertexEmulator, compiled: str, program: str
) -> None:
    assert told_of(launching, compiled, program) == told_of(emulator, compiled, program)

"""Pipelines with Google's own components for custom jobs, compiled by kfp and submitted through the SDK."""

from __future__ import annotations

import json
import os
import re
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import VertexEmulator, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

BUCKET = "gcpc-bucket"
PIPELINE = """
from kfp import dsl
from google_cloud_pipeline_components.v1 import custom_job


@dsl.component(base_image="trainer:1", install_kfp_package=False)
def train(text: str, count: int, model: dsl.Output[dsl.Model]) -> str:
    import json
    import os

    task = json.loads(os.environ["CLUSTER_SPEC"])["task"]
    print("task", task["type"])
    if text == "fail" and task["type"] == "workerpool0":
        raise ValueError("It was asked to fail.")
    if text == "wait":
        import time

        time.sleep(3600)
    if task["type"] == "workerpool0":
        model.metadata["count"] = count
        with open(model.path, "w") as file:
            file.write(text)
    else:
        import time

        time.sleep(3600)
    return text * 2


@dsl.component(base_image="trainer:1", install_kfp_package=False)
def read(model: dsl.Input[dsl.Model], twice: str, resources: str) -> str:
    with open(model.path) as file:
        return f"{file.read()}|{model.metadata['count']}|{twice}|{resources}"


train_as_job = custom_job.create_custom_training_job_from_component(
    train, display_name="trained", machine_type="n1-standard-8", replica_count=2
)


@dsl.pipeline(name="with-a-job")
def pipeline(text: str, retries: int = 0):
    job = train_as_job(text=text, count=3)
    read(model=job.outputs["model"], twice=job.outputs["Output"], resources=job.outputs["gcp_resources"])


@dsl.pipeline(name="plain-job")
def plain(word: str = "said"):
    custom_job.CustomTrainingJobOp(
        display_name="plain",
        worker_pool_specs=[
            {
                "machine_spec": {"machine_type": "n1-standard-4"},
                "replica_count": 1,
                "container_spec": {"image_uri": "trainer:1", "command": ["python3", "-c"], "args": ["print('ran')"]},
            }
        ],
    )
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import importlib.util
    import sys

    from kfp import compiler

    folder = tmp_path_factory.mktemp("gcpc")
    (folder / "gcpc_pipeline.py").write_text(PIPELINE)
    spec = importlib.util.spec_from_file_location("gcpc_pipeline", folder / "gcpc_pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gcpc_pipeline"] = module
    spec.loader.exec_module(module)
    for name in ("pipeline", "plain"):
        compiler.Compiler().compile(getattr(module, name), str(folder / f"{name}.yaml"))
    return {name: folder / f"{name}.yaml" for name in ("pipeline", "plain")}


@pytest.fixture
def aiplatform(emulator: VertexEmulator) -> Iterator[Any]:
    with pointed(emulator, staging_bucket=f"gs://{BUCKET}") as sdk:
        storage = storage_client(emulator)
        if not storage.bucket(BUCKET).exists():
            storage.create_bucket(BUCKET)
        yield sdk


def submitted(aiplatform: Any, path: Path, **parameters: Any) -> Any:
    job = aiplatform.PipelineJob(
        display_name="x",
        template_path=str(path),
        # The SDK's own id is the same for runs of the same second.
        job_id=f"{path.stem}-{uuid.uuid4().hex}",
        pipeline_root=f"gs://{BUCKET}/root",
        parameter_values=parameters,
        # What an earlier test has run, this one runs, too.
        enable_caching=False,
    )
    job.submit()
    return job


def task(emulator: VertexEmulator, job: Any, name: str) -> dict[str, Any]:
    details = emulator.get(job.resource_name)["jobDetail"]["taskDetails"]
    found: dict[str, Any] = next(one for one in details if one["taskName"] == name)
    return found


def ended(emulator: VertexEmulator, job: Any) -> dict[str, Any]:
    return eventually(
        lambda: emulator.get(job.resource_name),
        lambda told: told["state"].removeprefix("PIPELINE_STATE_") in {"SUCCEEDED", "FAILED", "CANCELLED"},
    )


@pytest.mark.parametrize("text", ['said "so" \\ é\n', "plain"])
def test_a_component_runs_as_a_job_of_two_replicas(
    emulator: VertexEmulator, aiplatform: Any, compiled: dict[str, Path], text: str
) -> None:
    job = submitted(aiplatform, compiled["pipeline"], text=text)
    assert ended(emulator, job)["state"] == "PIPELINE_STATE_SUCCEEDED"
    outputs = task(emulator, job, "read")["execution"]["metadata"]
    said, count, twice, resources = outputs["output:Output"].split("|")
    assert (said, float(count), twice) == (text, 3.0, text * 2)
    (resource,) = json.loads(resources)["resources"]
    custom = emulator.get(resource["resourceUri"].partition("/v1/")[2])
    assert (custom["displayName"], custom["state"]) == ("trained", "JOB_STATE_SUCCEEDED")
    assert custom["labels"]["vertex-ai-pipelines-run-billing-id"]
    assert [pool["replicaCount"] for pool in custom["jobSpec"]["workerPoolSpecs"]] == ["1", "1"]
    given = task(emulator, job, "train")["execution"]["metadata"]["input:worker_pool_specs"]
    assert given[0]["container_spec"]["args"][1] == "{{$.json_escape[1]}}"
    # The launcher's own job is another one, as on Vertex AI.
    main = task(emulator, job, "train")["executorDetail"]["containerDetail"]["mainJob"]
    launcher = emulator.get(main)
    assert launcher["name"] == main != custom["name"]
    assert launcher["state"] == "JOB_STATE_SUCCEEDED"
    assert "google-cloud-pipeline-components" in str(launcher["jobSpec"]["workerPoolSpecs"])


def test_a_failed_job_fails_its_task_with_its_own_error(
    emulator: VertexEmulator, aiplatform: Any, compiled: dict[str, Path]
) -> None:
    job = submitted(aiplatform, compiled["pipeline"], text="fail")
    assert ended(emulator, job)["state"] == "PIPELINE_STATE_FAILED"
    assert task(emulator, job, "train")["error"]["message"] == "ValueError: It was asked to fail."


@pytest.fixture
def launching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
    """An emulator that starts Google's launcher of custom jobs."""
    monkeypatch.setenv("VERTEX_EMULATOR_LAUNCHERS", "google")
    running = VertexEmulator(tmp_path / "vertex")
    yield running
    running.close()


def told_of(emulator: VertexEmulator, compiled: Path, text: str) -> dict[str, Any]:
    """What becomes of a run, of its training and of the custom job, but for what is another each time."""
    with pointed(emulator, staging_bucket=f"gs://{BUCKET}") as sdk:
        if not storage_client(emulator).bucket(BUCKET).exists():
            storage_client(emulator).create_bucket(BUCKET)
        job = submitted(sdk, compiled, text=text)
        if text == "wait":
            eventually(lambda: jobs_of(emulator, sdk, job, "RUNNING"))
            job.cancel()
        run = ended(emulator, job)
        (custom,) = jobs_of(emulator, sdk, job)
    training = task(emulator, job, "train")
    told = {
        "run": run["state"],
        "training": [training["state"], training.get("error"), training.get("outputs")],
        "job": emulator.get(custom.resource_name),
    }
    masked = json.dumps(told).replace(job.name, "RUN").replace(str(emulator.folder), "FOLDER")
    masked = masked.replace(emulator.running["address"], "ADDRESS")
    for pattern, name in (
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"[^\s\"]+/ephemeral_component.py", "COMPONENT"),
        (r"\d{6,}", "NUMBER"),
    ):
        masked = re.sub(pattern, name, masked)
    read: dict[str, Any] = json.loads(masked, object_hook=with_input_read)
    return read


def with_input_read(document: dict[str, Any]) -> dict[str, Any]:
    """A container with its executor input as what it says: its text has another order each time."""
    match document:
        case {"args": ["--executor_input", text, *others]}:
            return {**document, "args": [json.loads(text), *others]}
    return document


@pytest.mark.parametrize("text", ["plain", "fail", "wait"])
def test_googles_launcher_makes_the_same_of_a_job(
    emulator: VertexEmulator, launching: VertexEmulator, compiled: dict[str, Path], text: str
) -> None:
    assert told_of(launching, compiled["pipeline"], text) == told_of(emulator, compiled["pipeline"], text)


def jobs_of(emulator: VertexEmulator, aiplatform: Any, job: Any, state: str = "") -> list[Any]:
    """The custom jobs that a run has asked for, or those in a state."""
    label = emulator.get(job.resource_name)["labels"]["vertex-ai-pipelines-run-billing-id"]
    in_state = f' AND state="JOB_STATE_{state}"' if state else ""
    found: list[Any] = aiplatform.CustomJob.list(filter=f"labels.vertex-ai-pipelines-run-billing-id={label}{in_state}")
    return found


def test_a_cancelled_run_cancels_its_job(emulator: VertexEmulator, aiplatform: Any, compiled: dict[str, Path]) -> None:
    job = submitted(aiplatform, compiled["pipeline"], text="wait")
    eventually(lambda: jobs_of(emulator, aiplatform, job, "RUNNING"))
    job.cancel()
    assert ended(emulator, job)["state"] == "PIPELINE_STATE_CANCELLED"
    assert len(jobs_of(emulator, aiplatform, job, "CANCELLED")) == 1


def test_a_killed_run_leaves_no_job(emulator: VertexEmulator, aiplatform: Any, compiled: dict[str, Path]) -> None:
    job = submitted(aiplatform, compiled["pipeline"], text="wait")
    eventually(lambda: jobs_of(emulator, aiplatform, job, "RUNNING"))
    (runner,) = emulator.folder.glob(f"runs/*/*/{job.name}/runner.json")
    os.kill(json.loads(runner.read_text())["pid"], signal.SIGKILL)
    assert ended(emulator, job)["state"] == "PIPELINE_STATE_FAILED"
    eventually(lambda: jobs_of(emulator, aiplatform, job, "CANCELLED"))


def test_a_job_of_plain_worker_pools_runs(emulator: VertexEmulator, aiplatform: Any, compiled: dict[str, Path]) -> None:
    job = submitted(aiplatform, compiled["plain"])
    assert ended(emulator, job)["state"] == "PIPELINE_STATE_SUCCEEDED"

"""Many runs and versions in an emulator's memory, written as it writes them: nobody runs 10,000 pipelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.emulators import IMAGE, LOCATION

MODEL = f"{LOCATION}/models/iris"
_TASKS = ("upload-data", "train-model", "evaluate-model", "condition-1", "register-model", "deploy-model")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def add_runs(state: Path, count: int) -> None:
    """Adds runs to the memory of an emulator that is not running.

    Args:
        state: Its state folder.
        count: How many.
    """
    from emulator.pipeline_jobs.lineage import record_run
    from emulator.pipeline_jobs.records import PIPELINE_DETAILS, create_records

    with _transaction(state) as tx:
        for number in range(count):
            job = _run(number)
            create_records(tx, job)
            tx.put(PIPELINE_DETAILS, job.name, job.job_detail)
            record_run(tx, job)


def add_versions(state: Path, count: int) -> None:
    """Adds a model with so many versions to the memory of an emulator that is not running.

    Args:
        state: Its state folder.
        count: How many.
    """
    from google.cloud.aiplatform_v1.types import Model

    from emulator.models.registry import MODELS, put_version

    moment: Any = _FIRST
    with _transaction(state) as tx:
        tx.put(MODELS, MODEL, Model(name=MODEL, display_name="iris", create_time=moment, update_time=moment))
        for number in range(1, count + 1):
            version: Any = Model(
                display_name="iris",
                labels={"rows": "120", "number": str(number)},
                artifact_uri=f"gs://local-benchmark/models/iris/{number}",
                container_spec={"image_uri": IMAGE, "command": ["python3", "-m", "trainer.serve"]},
            )
            version.version_id = str(tx.next_number(f"{MODEL}@"))
            version.version_create_time = version.version_update_time = _FIRST + timedelta(minutes=number)
            version.version_aliases = ["default"] if number == count else []
            put_version(tx, MODEL, version)


def _transaction(state: Path) -> Any:
    from emulator.api.store import Store

    return Store(state / "vertex.sqlite3").transaction()


def _run(number: int) -> Any:
    from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState, PipelineTaskDetail

    begun = _FIRST + timedelta(minutes=number)
    job: Any = PipelineJob(
        name=f"{LOCATION}/pipelineJobs/run-{number:05d}",
        display_name=f"Run {number}",
        state=PipelineState.PIPELINE_STATE_SUCCEEDED,
        labels={"managed-by": "benchmark", "number": str(number)},
        pipeline_spec={"pipelineInfo": {"name": "iris"}, "schemaVersion": "2.1.0"},
        runtime_config={"gcs_output_directory": "gs://local-benchmark/root", "parameter_values": {"train_steps": 1000}},
    )
    job.create_time = job.start_time = begun
    job.update_time = job.end_time = begun + timedelta(seconds=20)
    job.job_detail.task_details = [
        PipelineTaskDetail(
            task_id=place, task_name=name, state=PipelineTaskDetail.State.SUCCEEDED, create_time=job.create_time
        )
        for place, name in enumerate(_TASKS, start=1)
    ]
    return job

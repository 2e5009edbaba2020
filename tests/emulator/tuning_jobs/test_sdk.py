"""A tuning script of the SDK's documentation, on a real emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.sdk import pointed
from tests.emulator.tuning_jobs.studies import container
from tests.emulator.vertex_emulator import VertexEmulator, storage_client

pytestmark = pytest.mark.run

BUCKET = "tuning-bucket"


@pytest.fixture
def aiplatform(emulator: VertexEmulator) -> Iterator[Any]:
    with pointed(emulator, staging_bucket=f"gs://{BUCKET}") as sdk:
        storage = storage_client(emulator)
        if not storage.bucket(BUCKET).exists():
            storage.create_bucket(BUCKET)
        yield sdk


def tuning(aiplatform: Any, program: str, **options: Any) -> Any:
    from google.cloud.aiplatform import hyperparameter_tuning as hpt

    told = container(program)
    pool = {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": told["imageUri"], "command": told["command"]},
    }
    return aiplatform.HyperparameterTuningJob(
        display_name="tuned by script",
        custom_job=aiplatform.CustomJob(display_name="trained", worker_pool_specs=[pool]),
        metric_spec={"accuracy": "maximize"},
        parameter_spec={
            "rate": hpt.DoubleParameterSpec(min=0.001, max=1, scale="log"),
            "layers": hpt.IntegerParameterSpec(min=1, max=4, scale="linear"),
            "batch": hpt.DiscreteParameterSpec(values=[16, 32], scale="linear"),
            "optimizer": hpt.CategoricalParameterSpec(
                values=["sgd", "adam"],
                conditional_parameter_spec={
                    "momentum": hpt.DoubleParameterSpec(min=0.5, max=0.9, scale="reverse_log", parent_values=["sgd"])
                },
            ),
        },
        max_trial_count=3,
        parallel_trial_count=2,
        **options,
    )


def test_a_script_creates_runs_waits_and_reads_trials(aiplatform: Any) -> None:
    job = tuning(aiplatform, "report(float(given['rate']), 10)", labels={"script": "a"})
    job.run()
    assert job.state.name == "JOB_STATE_SUCCEEDED"
    assert [trial.id for trial in job.trials] == ["1", "2", "3"]
    best = max(job.trials, key=lambda trial: trial.final_measurement.metrics[0].value)
    given = {one.parameter_id: one.value for one in best.parameters}
    assert best.final_measurement.metrics[0].value == given["rate"]
    assert given.keys() - {"momentum"} == {"rate", "layers", "batch", "optimizer"}
    assert aiplatform.CustomJob.get(best.custom_job).state.name == "JOB_STATE_SUCCEEDED"
    again = aiplatform.HyperparameterTuningJob.get(job.resource_name)
    assert len(again.trials) == 3
    found = aiplatform.HyperparameterTuningJob.list(filter='labels.script=a AND display_name="tuned by script"')
    assert [one.resource_name for one in found] == [job.resource_name]
    job.delete()
    assert aiplatform.HyperparameterTuningJob.list(filter="labels.script=a") == []


def test_a_script_is_told_why_a_job_has_failed(aiplatform: Any) -> None:
    job = tuning(aiplatform, "report(1, tag='loss')", search_algorithm="random", max_failed_trial_count=1)
    with pytest.raises(RuntimeError, match=r"reported no value of the metric .*accuracy.* Received: .*loss"):
        job.run()
    assert job.state.name == "JOB_STATE_FAILED"


def test_a_script_cancels_a_job(aiplatform: Any) -> None:
    job = tuning(aiplatform, "time.sleep(3600)")
    job.run(sync=False)
    job.wait_for_resource_creation()
    job.cancel()
    with pytest.raises(RuntimeError, match="The hyperparameter tuning job was cancelled"):
        job.wait()

from __future__ import annotations

from typing import Any

import pytest

from pipeline.runs.spec import read_spec
from pipeline.runs.worker_pools import machines_text, read_pools

COMPILED = {
    "machine_spec": {"machine_type": "n1-standard-4", "accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 2.0},
    "replica_count": 1.0,
    "container_spec": {"image_uri": "trainer:1"},
}
ANSWERED = {
    "machineSpec": {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 2},
    "replicaCount": "3",
    "pythonPackageSpec": {"executorImageUri": "trainer:1"},
}


def test_pools_are_read_in_either_spelling_and_keep_their_numbers() -> None:
    primary, workers = read_pools([COMPILED, {}, ANSWERED])
    assert (primary.number, primary.replicas, workers.number, workers.replicas) == (0, 1, 2, 3)
    assert primary.machine == workers.machine == "n1-standard-4 with 2 NVIDIA_TESLA_T4"
    assert primary.image == workers.image == "trainer:1"
    assert workers.names == ["workerpool2-0", "workerpool2-1", "workerpool2-2"]


@pytest.mark.parametrize("told", [None, "later", [], [1], [{"a": 1}]])
def test_what_is_no_list_of_pools_has_none(told: Any) -> None:
    assert read_pools(told) == []


def test_machines_that_are_alike_are_counted_together() -> None:
    pools = read_pools([COMPILED, ANSWERED])
    assert machines_text(pools) == "4 x n1-standard-4 with 2 NVIDIA_TESLA_T4"
    assert machines_text(pools[:1], "SPOT", "600s").endswith("T4, spot, for 10 min 00 s at most")
    assert machines_text(pools[:1], "STANDARD", "604800s") == machines_text(pools[:1])


def test_image_of_a_custom_job_is_that_of_its_primary() -> None:
    command = ["python3", "-u", "-m", "google_cloud_pipeline_components.container.v1.custom_job.launcher"]
    document = {
        "components": {
            "comp-train": {
                "executorLabel": "exec-train",
                "inputDefinitions": {"parameters": {"worker_pool_specs": {"defaultValue": [COMPILED]}}},
            }
        },
        "deploymentSpec": {"executors": {"exec-train": {"container": {"image": "launcher:1", "command": command}}}},
        "root": {"dag": {"tasks": {"train": {"componentRef": {"name": "comp-train"}}}}},
    }
    spec = read_spec(document)
    assert spec.image == "trainer:1"
    assert spec.tasks[0].is_custom_job

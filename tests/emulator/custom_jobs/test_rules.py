from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob

from emulator.custom_jobs.rules import job_violations

CONTAINER = {"image_uri": "i"}
POOL: dict[str, Any] = {
    "machine_spec": {"machine_type": "n1-standard-4"},
    "replica_count": 1,
    "container_spec": CONTAINER,
}


def violations(*pools: dict[str, Any], **spec: Any) -> list[str]:
    job = CustomJob(display_name="x", job_spec={"worker_pool_specs": list(pools), **spec})
    return [f"{one.field}: {one.description}" for one in job_violations(job)]


def machine(kind: str, accelerator: str = "", count: int = 0) -> dict[str, Any]:
    told = {"machine_type": kind, "accelerator_count": count} | (
        {"accelerator_type": accelerator} if accelerator else {}
    )
    return {**POOL, "machine_spec": told}


@pytest.mark.parametrize(
    "pools",
    [
        [POOL],
        [POOL, {**POOL, "replica_count": 7}, {}, POOL],
        [machine("n1-standard-8", "NVIDIA_TESLA_T4", 2)],
        [machine("g2-standard-24", "NVIDIA_L4", 2)],
        [machine("a2-highgpu-4g", "NVIDIA_TESLA_A100", 4)],
        [machine("a3-highgpu-8g", "NVIDIA_H100_80GB", 8)],
    ],
)
def test_jobs_as_vertex_takes_them_are_taken(pools: list[dict[str, Any]]) -> None:
    assert violations(*pools) == []


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ([], "job_spec.worker_pool_specs: must not be empty"),
        ([{}, POOL], "job_spec.worker_pool_specs: must not be empty"),
        ([{**POOL, "replica_count": 2}], "[0].replica_count: The primary's pool must have 1 replica. Received: 2."),
        ([POOL, {**POOL, "replica_count": 0}], "[1].replica_count: must be at least 1. Received: 0."),
        ([POOL, {**POOL, "replica_count": 1000}], "must have at most 64 replicas in all here"),
        ([POOL] * 5, "must be at most 4 pools. Received: 5."),
        ([{**POOL, "container_spec": {"command": ["x"]}}], "container_spec.image_uri: is required."),
        ([{"machine_spec": POOL["machine_spec"]}], "must have a container_spec or a python_package_spec."),
        ([machine("")], "machine_spec.machine_type: is required."),
        ([machine("n1-standard-2")], 'Machine type "n1-standard-2" is not supported.'),
        ([machine("x9-huge")], 'Machine type "x9-huge" is not supported.'),
        ([machine("n1-standard-4", "NVIDIA_TESLA_T4")], "Both `accelerator_type` and `accelerator_count`"),
        ([machine("n1-standard-4", count=1)], "Both `accelerator_type` and `accelerator_count`"),
        (
            [machine("e2-standard-4", "NVIDIA_TESLA_T4", 1)],
            'Accelerator "NVIDIA_TESLA_T4" is not supported for machine type "e2-standard-4".',
        ),
        ([machine("n1-standard-4", "NVIDIA_TESLA_P4", 3)], "which takes 1, 2, 4."),
        ([machine("g2-standard-24", "NVIDIA_L4", 1)], "which takes 2."),
        ([{**POOL, "disk_spec": {"boot_disk_type": "floppy"}}], 'Received: "floppy".'),
    ],
)
def test_faulty_pools_are_refused_by_field(pools: list[dict[str, Any]], message: str) -> None:
    assert any(message in one for one in violations(*pools)), violations(*pools)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"scheduling": {"max_wait_duration": "60s"}}, "is for the strategy FLEX_START alone."),
        ({"service_account": "nobody"}, "must be the e-mail address"),
        ({"tensorboard": "projects/p/locations/l/tensorboards/1"}, "needs service_account and base_output_directory."),
        ({"base_output_directory": {"output_uri_prefix": "/tmp/x"}}, "must be a gs:// URI."),  # noqa: S108 - a text
    ],
)
def test_a_faulty_specification_is_refused(spec: dict[str, Any], message: str) -> None:
    assert any(message in one for one in violations(POOL, **spec))

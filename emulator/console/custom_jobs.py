"""The custom job that a task of a run has started, as the pages show it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.console.reader import Reader, ReadError
from emulator.console.states import plain_state
from emulator.console.tasks import TaskView

Json = Mapping[str, Any]
# Vertex AI sets it, the same for a run and for all that its tasks start. It says nothing to a reader.
BILLING_LABEL = "vertex-ai-pipelines-run-billing-id"
_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/customJobs/[^/]+$")


@dataclass(frozen=True)
class PoolView:
    """A worker pool.

    Attributes:
        replicas: The names of its replicas.
        machine: What each runs on.
        image: Its image.
    """

    replicas: tuple[str, ...]
    machine: str
    image: str


@dataclass(frozen=True)
class JobView:
    """A custom job.

    Attributes:
        number: The last part of its name, under which its logs are kept.
        title: Its display name.
        state: As `plain_state` has it.
        error: Why it failed.
        pools: Its worker pools.
    """

    number: str
    title: str
    state: str
    error: str
    pools: tuple[PoolView, ...]

    @property
    def replicas(self) -> list[str]:
        """The names of all replicas, the primary's first."""
        return [name for pool in self.pools for name in pool.replicas]


async def read_custom_job(reader: Reader, location: str, task: TaskView, run_label: str) -> JobView | None:
    """Reads the newest custom job that a task has started; None where it has started none, or it is gone.

    Args:
        reader: The API.
        location: The run's location: projects/P/locations/L.
        task: The task.
        run_label: The value of `BILLING_LABEL` of its run.

    Raises:
        ReadError: The API refused.
    """
    if "worker_pool_specs" not in task.parameters or not task.job or task.state == "skipped":
        return None
    name = _named_by(task)
    if name:
        try:
            return parse_custom_job(await reader.get(name))
        except ReadError as error:
            if error.is_absence:
                return None
            raise
    jobs = await reader.list_all(location, "customJobs", {"filter": f'labels.{BILLING_LABEL}="{run_label}"'})
    wanted = task.parameters.get("display_name")
    return next((parse_custom_job(job) for job in jobs if wanted in (None, job.get("displayName"))), None)


def _named_by(task: TaskView) -> str:
    """The job in what a task has put out as `gcp_resources`, as it does once it has succeeded."""
    try:
        (resource,) = json.loads(task.results["gcp_resources"])["resources"]
        found = _NAME.search(resource["resourceUri"])
    except (ValueError, LookupError, TypeError):
        return ""
    return found[0] if found else ""


def parse_custom_job(job: Json) -> JobView:
    """Reads a custom job."""
    return JobView(
        number=str(job.get("name", "")).rpartition("/")[2],
        title=str(job.get("displayName", "")),
        state=plain_state(str(job.get("state", ""))),
        error=str(job.get("error", {}).get("message", "")),
        pools=tuple(
            _pool(number, pool) for number, pool in enumerate(job.get("jobSpec", {}).get("workerPoolSpecs", [])) if pool
        ),
    )


def _pool(number: int, pool: Json) -> PoolView:
    machine: Json = pool.get("machineSpec", {})
    count = machine.get("acceleratorCount", 0)
    accelerators = f" with {count} {machine.get('acceleratorType')}" if count else ""
    image = pool.get("containerSpec", {}).get("imageUri") or pool.get("pythonPackageSpec", {}).get("executorImageUri")
    return PoolView(
        replicas=tuple(f"workerpool{number}-{index}" for index in range(int(pool.get("replicaCount", 1)))),
        machine=f"{machine.get('machineType', '')}{accelerators}",
        image=str(image or ""),
    )

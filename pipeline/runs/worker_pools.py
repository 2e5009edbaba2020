"""The worker pools of a custom job, as a compiled pipeline or Vertex AI writes them, and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.durations import spoken

Document = Mapping[str, Any]

_LAUNCHER = re.compile(r"google_cloud_pipeline_components\.container\.(?:v1|preview)\.custom_job\.launcher")
# What Vertex AI allows a job, and Google's component asks for where nothing else is said.
_LONGEST_S = 604800.0


@dataclass(frozen=True)
class WorkerPool:
    """Replicas that are alike.

    Attributes:
        number: Its place among the pools; 0 is the primary's.
        replicas: How many there are.
        machine: What each runs on, such as `n1-standard-8 with 1 NVIDIA_TESLA_T4`.
        image: Its image.
    """

    number: int
    replicas: int
    machine: str
    image: str

    @property
    def names(self) -> list[str]:
        """What errors and logs call the replicas."""
        return [f"workerpool{self.number}-{index}" for index in range(self.replicas)]


def starts_custom_job(container: Document) -> bool:
    """Whether a container of a compiled pipeline is Google's launcher of a custom job.

    Args:
        container: As the executors of a pipeline have it.
    """
    return any(_LAUNCHER.fullmatch(str(word)) for word in container.get("command") or [])


def read_pools(told: Any) -> list[WorkerPool]:
    """Pools as `workerPoolSpecs` has them, in either spelling; those that are empty, or not known yet, are left out."""
    given = told if isinstance(told, list) else []
    return [
        _pool(number, spec)
        for number, spec in enumerate(given)
        if isinstance(spec, Mapping) and _of(spec, "machine_spec")
    ]


def _pool(number: int, spec: Document) -> WorkerPool:
    machine = _of(spec, "machine_spec") or {}
    count = int(_of(machine, "accelerator_count") or 0)
    accelerator = f" with {count} {_of(machine, 'accelerator_type')}" if count else ""
    container, package = _of(spec, "container_spec") or {}, _of(spec, "python_package_spec") or {}
    return WorkerPool(
        number=number,
        replicas=int(_of(spec, "replica_count") or 1),
        machine=f"{_of(machine, 'machine_type') or 'a machine'}{accelerator}",
        image=str(_of(container, "image_uri") or _of(package, "executor_image_uri") or ""),
    )


def _of(document: Document, name: str) -> Any:
    first, *others = name.split("_")
    return document.get(name, document.get(first + "".join(map(str.capitalize, others))))


def machines_text(pools: Sequence[WorkerPool], strategy: str = "", timeout: str = "") -> str:
    """What a job runs on, such as `5 x n1-standard-8, spot, for 1 h at most`.

    Args:
        pools: Its pools.
        strategy: As its scheduling has it, such as `SPOT`.
        timeout: Likewise, such as `600s`.
    """
    return ", ".join([*_alike(pools), *_scheduling(strategy, timeout)])


def _alike(pools: Sequence[WorkerPool]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for pool in pools:
        counts[pool.machine] = counts.get(pool.machine, 0) + pool.replicas
    yield from (f"{count} x {machine}" for machine, count in counts.items())


def _scheduling(strategy: str, timeout: str) -> Iterator[str]:
    if strategy not in ("", "STANDARD", "STRATEGY_UNSPECIFIED", "ON_DEMAND"):
        yield strategy.lower().replace("_", " ")
    seconds = re.fullmatch(r"(\d+(?:\.\d+)?)s", timeout)
    if seconds and float(seconds[1]) not in (0, _LONGEST_S):
        yield f"for {spoken(float(seconds[1]))} at most"

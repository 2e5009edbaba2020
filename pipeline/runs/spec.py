"""What a compiled pipeline says of its tasks and parameters, read from its JSON form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pipeline.runs.worker_pools import read_pools, starts_custom_job

_INTEGER = "NUMBER_INTEGER"


@dataclass(frozen=True)
class TaskSpec:
    """A task of a compiled pipeline.

    Attributes:
        name: Its name in the DAG.
        display_name: Its name for readers.
        is_group: Whether it is a condition, a loop or a nested pipeline, and runs nothing itself.
        is_in_loop: Whether it runs once for each of a list of items.
        image: Its container image, that of its replicas where it is a custom job; empty for a group.
        is_custom_job: Whether it starts a custom job, and its container is but what does so.
        is_cached: Whether it may be taken from the cache.
        inputs: The types of its input parameters by name, such as `NUMBER_INTEGER`.
        outputs: Those of its output parameters.
    """

    name: str
    display_name: str
    is_group: bool = False
    is_in_loop: bool = False
    image: str = ""
    is_custom_job: bool = False
    is_cached: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineSpec:
    """A compiled pipeline.

    Attributes:
        name: Its name.
        parameters: The types of its parameters by name.
        tasks: Its tasks and those below them, each after those that it depends on.
    """

    name: str
    parameters: Mapping[str, str]
    tasks: Sequence[TaskSpec]

    @property
    def image(self) -> str:
        """The image of the training task; that of the first task where none is called so."""
        images = {task.name: task.image for task in self.tasks if task.image}
        return images.get("train-model", next(iter(images.values()), ""))


def read_spec(document: Mapping[str, Any]) -> PipelineSpec:
    """Reads a compiled pipeline; what it does not say is left empty.

    Args:
        document: The pipeline's specification as kfp compiles it, of which numbers may be floats.
    """
    root = document.get("root") or {}
    return PipelineSpec(
        name=str((document.get("pipelineInfo") or {}).get("name", "")),
        parameters=_types(root.get("inputDefinitions")),
        tasks=list(_tasks(root, document, is_in_loop=False)),
    )


def typed(values: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """Values of parameters with whole numbers as such: on their way every number is a double."""
    return {name: _typed(value, types.get(name, "")) for name, value in values.items()}


def starting(prefix: str, noted: Mapping[str, Any]) -> dict[str, Any]:
    """What an execution's metadata hold under names that begin so, `input:` or `output:`, by the names behind it."""
    return {key.removeprefix(prefix): value for key, value in noted.items() if key.startswith(prefix)}


def _typed(value: Any, kind: str) -> Any:
    return int(value) if kind == _INTEGER and isinstance(value, float) and value.is_integer() else value


def _tasks(component: Mapping[str, Any], document: Mapping[str, Any], is_in_loop: bool) -> Iterator[TaskSpec]:
    tasks = (component.get("dag") or {}).get("tasks") or {}
    for name in in_order(tasks):
        task = tasks[name]
        below = (document.get("components") or {}).get((task.get("componentRef") or {}).get("name")) or {}
        container = _container(document, str(below.get("executorLabel", "")))
        yield TaskSpec(
            name=name,
            display_name=(task.get("taskInfo") or {}).get("name") or name,
            is_group="dag" in below,
            is_in_loop=is_in_loop,
            image=image_of(container, _defaults(below)),
            is_custom_job=starts_custom_job(container),
            is_cached=bool((task.get("cachingOptions") or {}).get("enableCache")),
            inputs=_types(below.get("inputDefinitions")),
            outputs=_types(below.get("outputDefinitions")),
        )
        is_loop = bool({"parameterIterator", "artifactIterator"} & task.keys())
        yield from _tasks(below, document, is_in_loop or is_loop)


def in_order(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names, each after those that it depends on, alphabetical where that leaves a choice; circles last."""
    sorter = TopologicalSorter(
        {name: {other for other in task.get("dependentTasks") or [] if other in tasks} for name, task in tasks.items()}
    )
    with suppress(CycleError):  # what no circle holds back is given all the same
        sorter.prepare()
    order: list[str] = []
    while ready := sorted(sorter.get_ready()):
        order += ready
        sorter.done(*ready)
    return [*order, *sorted(tasks.keys() - set(order))]


def _types(definitions: Mapping[str, Any] | None) -> dict[str, str]:
    parameters = (definitions or {}).get("parameters") or {}
    return {name: str(about.get("parameterType", "")) for name, about in parameters.items()}


def _container(document: Mapping[str, Any], executor: str) -> Mapping[str, Any]:
    executors = (document.get("deploymentSpec") or {}).get("executors") or {}
    return (executors.get(executor) or {}).get("container") or {}


def _defaults(component: Mapping[str, Any]) -> dict[str, Any]:
    parameters = (component.get("inputDefinitions") or {}).get("parameters") or {}
    return {name: about.get("defaultValue") for name, about in parameters.items()}


def image_of(container: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """The image that a task works in: of a custom job, that of its primary.

    Args:
        container: The task's container.
        inputs: Its input parameters.
    """
    pools = read_pools(inputs.get("worker_pool_specs")) if starts_custom_job(container) else []
    return pools[0].image if pools else str(container.get("image", ""))

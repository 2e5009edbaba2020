"""What the runner needs to know of a compiled pipeline: its name, its parameters and its tree of tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from emulator.plain_yaml import LimitError, load_plain
from emulator.runner.conditions import check_condition
from emulator.runner.errors import UsageError, listing
from emulator.runner.launchers import SERVED, launcher_of
from emulator.runner.spec_size import size_fault

# Guesses: ten times what ten thousand tasks take, and as deep as protobuf reads.
MOST_VALUES = 2_000_000
DEEPEST_VALUE = 100
# kfp.local calls the tasks of a loop's iterations so.
ITERATION = re.compile(r"(?P<loop>.+)-iteration-\d+")


class Kind(StrEnum):
    """What a task is, under the title that Vertex AI gives to its execution."""

    RUN = "system.Run"
    GROUP = "system.DagExecution"
    CONTAINER = "system.ContainerExecution"
    IMPORTER = "system.ImporterExecution"


@dataclass(frozen=True)
class Parameter:
    """An input parameter of the pipeline.

    Attributes:
        type: As the specification names it: `NUMBER_INTEGER`, `STRING`, ...
        optional: Whether a run may leave it out.
        default: The value that it then has; None where the specification gives none.
    """

    name: str
    type: str
    optional: bool
    default: Any


@dataclass(frozen=True)
class Task:
    """A task of the pipeline, or a group of tasks: a condition, a loop, an exit handler, a nested pipeline.

    Attributes:
        name: Unique among the tasks of its group.
        component: The name of its component.
        is_loop: Whether its children are run once for each of a list of items.
        children: The group's tasks, in the order in which they may run; empty where it is no group.
        inputs: Where its input parameters come from, as the specification has it.
        condition: When it is triggered; empty where it always is.
        runs_after_failures: Whether it waits for others to end, well or not, as the exit tasks of exit handlers do.
    """

    name: str
    component: str
    kind: Kind
    is_loop: bool
    children: tuple[Task, ...]
    inputs: Mapping[str, Any]
    condition: str
    runs_after_failures: bool

    def walk(self) -> Iterator[Task]:
        """The task itself, then every task below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class PipelineSpec:
    """A compiled pipeline.

    Attributes:
        document: The specification itself, in the JSON form of kfp's PipelineSpec.
    """

    name: str
    parameters: Mapping[str, Parameter]
    tasks: tuple[Task, ...]
    document: Mapping[str, Any]

    def walk(self) -> Iterator[Task]:
        """Every task, a group before its children."""
        for task in self.tasks:
            yield from task.walk()

    def along(self, path: Sequence[str]) -> list[Task]:
        """The groups around a task, then the task, given their names in a run."""
        found: list[Task] = []
        for name in path:
            iteration = ITERATION.fullmatch(name)
            names = {name, iteration["loop"] if iteration else name}
            tasks = found[-1].children if found else self.tasks
            found.append(next(task for task in tasks if task.name in names))
        return found


def load_spec(path: Path) -> PipelineSpec:
    """Reads a compiled pipeline.

    Raises:
        UsageError: The file is absent, is no pipeline, or has a task or condition that cannot run here.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The pipeline {path} cannot be read: {error.strerror}. Give the YAML file that kfp has compiled."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error}. Give the YAML file that kfp has compiled.") from error
    return parse_spec(text, source=str(path))


def parse_spec(text: str, source: str) -> PipelineSpec:
    """Reads a compiled pipeline from the text of its file.

    Args:
        text: YAML, or JSON, which is YAML too. A second document, settings for one platform, is passed over.
        source: What messages call the file.

    Raises:
        UsageError: As `load_spec`.
    """
    try:
        document = load_plain(text, MOST_VALUES, DEEPEST_VALUE)
    except LimitError as error:
        raise UsageError(f"{source} {error}.") from error
    except (yaml.YAMLError, ValueError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        raise UsageError(f"{source} is not YAML{where}: {getattr(error, 'problem', None) or error}.") from error
    if isinstance(document, dict) and "pipelineSpec" in document:
        document = document["pipelineSpec"]
    try:
        return _spec(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{source} is not a compiled pipeline: it lacks `pipelineInfo` or `root.dag` or what they need. "
            "Compile the pipeline with kfp.compiler.Compiler and give the YAML file that it writes."
        ) from error


def _spec(document: Any) -> PipelineSpec:
    name = document["pipelineInfo"]["name"]
    executors = document["deploymentSpec"]["executors"]
    problems = [problem for label in executors if (problem := _unsuited(label, executors[label]))]
    if problems:
        raise UsageError(listing(problems))
    root = document["root"]
    fault = size_fault(root["dag"], document["components"])
    if fault:
        raise UsageError(f"The pipeline {fault}")
    parameters = root.get("inputDefinitions", {}).get("parameters", {})
    return PipelineSpec(
        name=name,
        parameters={key: _parameter(key, given) for key, given in parameters.items()},
        tasks=_tasks(root["dag"], document["components"], executors),
        document=document,
    )


def _parameter(name: str, given: Mapping[str, Any]) -> Parameter:
    default = given.get("defaultValue")
    optional = "defaultValue" in given or bool(given.get("isOptional"))
    return Parameter(name, given.get("parameterType", ""), optional, default)


def _tasks(dag: Mapping[str, Any], components: Mapping[str, Any], executors: Mapping[str, Any]) -> tuple[Task, ...]:
    given = dag["tasks"]
    return tuple(_task(name, given[name], components, executors) for name in _in_order(given))


def _task(name: str, given: Mapping[str, Any], components: Mapping[str, Any], executors: Mapping[str, Any]) -> Task:
    component_name = given["componentRef"]["name"]
    component = components[component_name]
    children: tuple[Task, ...] = ()
    if "dag" in component:
        kind = Kind.GROUP
        children = _tasks(component["dag"], components, executors)
    else:
        kind = Kind.IMPORTER if "importer" in executors[component["executorLabel"]] else Kind.CONTAINER
    trigger = given.get("triggerPolicy", {})
    condition = trigger.get("condition", "")
    check_condition(condition)
    return Task(
        name=name,
        component=component_name,
        kind=kind,
        is_loop="parameterIterator" in given or "artifactIterator" in given,
        children=children,
        inputs=given.get("inputs", {}).get("parameters", {}),
        condition=condition,
        runs_after_failures=trigger.get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED",
    )


def _in_order(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The tasks' names, each after those that it depends on, alphabetical where that leaves a choice; circles last."""
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


def _unsuited(label: str, executor: Mapping[str, Any]) -> str:
    """Why an executor cannot run as a process of this machine; empty where it can."""
    component = label.removeprefix("exec-")
    advice = "The runner executes lightweight Python components (@dsl.component without target_image) alone."
    if "importer" in executor:
        return ""
    if "container" not in executor:
        return f'The component "{component}" runs on a service ({", ".join(executor)}). {advice}'
    launcher = launcher_of(executor["container"])
    if launcher:
        return (
            ""
            if launcher in SERVED
            else f'The component "{component}" starts Google\'s launcher {launcher}, which does not run here. {advice}'
        )
    parts = [*executor["container"].get("command", []), *executor["container"].get("args", [])]
    if not any("kfp.dsl.executor_main" in part for part in parts):
        return f'The component "{component}" is a container component. {advice}'
    if not any("ephemeral_component.py" in part for part in parts):
        return f'The code of the component "{component}" lies in its image. {advice}'
    return ""

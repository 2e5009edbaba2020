"""The graph of a run: the pipeline's definition for what depends on what, the task details for what became of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from emulator.console.tasks import TaskView

Json = Mapping[str, Any]
Kind = Literal["task", "importer", "group", "condition", "loop", "iteration"]
# Of a loop with many iterations, as many are drawn.
ITERATIONS_SHOWN = 12
_ITERATION = re.compile(r"(?P<loop>.+)-iteration-(?P<number>\d+)")
_CHANNEL = re.compile(r"inputs\.parameter_values\['(?:pipelinechannel--)?(?P<name>[^']+)'\]")
_CAST = re.compile(r"(?:int|double|string)\((?P<inner>[^()]*)\)")


@dataclass(frozen=True)
class Node:
    """A task, or a group of them.

    Attributes:
        key: The task's unique name.
        title: What it is called.
        note: What else is to be said of it: a condition, how many iterations are not drawn.
        state: As `plain_state` has it.
        children: What is in a group.
        edges: Which of the children depends on which: (before, after), by place.
    """

    key: str
    title: str
    kind: Kind
    state: str
    note: str = ""
    children: tuple[Node, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()

    def size(self) -> tuple[int, int]:
        """How many nodes and edges are in it."""
        below = [child.size() for child in self.children]
        return len(below) + sum(nodes for nodes, _ in below), len(self.edges) + sum(edges for _, edges in below)

    def tasks(self) -> list[Node]:
        """The tasks in it, groups left out."""
        if not self.children:
            return [self]
        return [task for child in self.children for task in child.tasks()]


def build_graph(spec: Json, tasks: Sequence[TaskView]) -> Node:
    """Puts the graph of a run together; its root is the run.

    Args:
        spec: The pipeline's definition, in kfp's intermediate representation.
        tasks: The run's tasks; none, where it has not begun.
    """
    return _Builder(spec, tasks).root()


class _Builder:
    def __init__(self, spec: Json, tasks: Sequence[TaskView]) -> None:
        self._spec = spec
        self._below: defaultdict[str, dict[str, TaskView]] = defaultdict(dict)
        # The iterations of loops, by what they lie in and the loop's name.
        self._iterations: defaultdict[tuple[str, str], list[TaskView]] = defaultdict(list)
        self._run = next((task for task in tasks if not task.unique_name), None)
        for task in tasks:
            if task.unique_name:
                self._below[task.parent][task.name] = task
        for parent, found in self._below.items():
            for task in found.values():
                self._iterations[parent, _loop_of(task.name)].append(task)

    def root(self) -> Node:
        run = self._run
        node = Node(
            "", str(self._spec.get("pipelineInfo", {}).get("name", "")), "group", run.state if run else "pending"
        )
        return self._filled(node, self._spec.get("root", {}).get("dag", {}), run.id if run else "", "")

    def _filled(self, node: Node, dag: Json, at: str, prefix: str) -> Node:
        """A group with the tasks of a DAG in it.

        Args:
            node: The group.
            dag: Its definition.
            at: The number of the group in the run; empty where it has none.
            prefix: The unique name of the group, with a dot, before the names of its tasks.
        """
        named: Json = dag.get("tasks", {})
        children = [self._node(name, definition, at, prefix) for name, definition in named.items()]
        places = {name: place for place, name in enumerate(named)}
        edges = [
            (places[before], places[name])
            for name, definition in named.items()
            for before in definition.get("dependentTasks", [])
            if before in places
        ]
        return replace(node, children=tuple(children), edges=tuple(edges))

    def _node(self, name: str, definition: Json, at: str, prefix: str) -> Node:
        task = self._below[at].get(name) if at else None
        component: Json = self._spec.get("components", {}).get(definition.get("componentRef", {}).get("name", ""), {})
        key = task.unique_name if task else f"{prefix}{name}"
        title = str(definition.get("taskInfo", {}).get("name") or name)
        node = Node(
            key, title, self._kind(definition, component), task.state if task else "pending", _condition(definition)
        )
        if "dag" not in component:
            return node
        if node.kind == "loop":
            near = [*(self._iterations[at, name] if at else ()), *(self._iterations[task.id, name] if task else ())]
            iterations = {other.id: other for other in near}
            if iterations:
                return self._loop(node, component["dag"], list(iterations.values()))
        return self._filled(node, component["dag"], task.id if task else "", f"{key}.")

    def _loop(self, node: Node, dag: Json, iterations: Sequence[TaskView]) -> Node:
        ordered = sorted(iterations, key=lambda one: int(one.name.rpartition("-")[2]))
        shown = ordered[:ITERATIONS_SHOWN]
        children = [
            self._filled(
                Node(one.unique_name, f"#{one.name.rpartition('-')[2]}", "iteration", one.state),
                dag,
                one.id,
                f"{one.unique_name}.",
            )
            for one in shown
        ]
        left_out = len(ordered) - len(shown)
        note = f"{len(ordered)} iterations" + (f", of which {left_out} are not drawn" if left_out else "")
        return replace(node, note=note, children=tuple(children))

    def _kind(self, definition: Json, component: Json) -> Kind:
        if "dag" in component:
            if "parameterIterator" in definition or "artifactIterator" in definition:
                return "loop"
            return "condition" if definition.get("triggerPolicy", {}).get("condition") else "group"
        executors: Json = self._spec.get("deploymentSpec", {}).get("executors", {})
        return "importer" if "importer" in executors.get(component.get("executorLabel", ""), {}) else "task"


def _loop_of(name: str) -> str:
    match = _ITERATION.fullmatch(name)
    return match["loop"] if match else ""


def _condition(definition: Json) -> str:
    """The condition of a task as a reader would write it: `evaluate-model-passed`, `train-accuracy >= 0.9`."""
    text = str(definition.get("triggerPolicy", {}).get("condition", ""))
    plain = _CAST.sub(lambda match: match["inner"], _CHANNEL.sub(lambda match: match["name"], text))
    return plain.removesuffix(" == true")

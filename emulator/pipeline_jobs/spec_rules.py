"""What the specification of a pipeline must look like to be taken: its form, and that all it names is there.

What passes can be read by the runner, and each of its tasks and outputs has a name that can be a folder's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from google.protobuf import json_format

from emulator.api.errors import Violation
from emulator.api.validation import LONGEST_DISPLAY_NAME
from emulator.runner.kfp_seams import import_messages

# Guesses. Groups of tasks can stand in many places, so that a short text could tell of more tasks than can be held.
MOST_TASKS = 10_000
DEEPEST_GROUPS = 50
MOST_VIOLATIONS = 20
# Tasks and outputs become folders, and parts of names in which a dot or a slash separates.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VERSION = re.compile(r"\d+(\.\d+)*")
_LONGEST_FAULT = 400


def version_of(spec: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The schemaVersion of a specification. None where it is none."""
    text = spec.get("schemaVersion")
    if not isinstance(text, str) or not _VERSION.fullmatch(text):
        return None
    return tuple(int(part) for part in text.split("."))


def spec_violations(spec: Mapping[str, Any], field: str) -> list[Violation]:
    """What is wrong with a specification.

    Args:
        spec: The specification in the JSON form of kfp's PipelineSpec.
        field: What messages call it.
    """
    if not spec:
        return [Violation(field, "is required.")]
    violations = [*_head_violations(spec, field)] or [*_form_violations(spec, field)]
    return violations or [*islice(_reference_violations(spec, field), MOST_VIOLATIONS)]


def _head_violations(spec: Mapping[str, Any], field: str) -> Iterator[Violation]:
    info = spec.get("pipelineInfo")
    name = info.get("name") if isinstance(info, dict) else None
    if not isinstance(name, str) or not name:
        yield Violation(f"{field}.pipelineInfo.name", "is required.")
    elif len(name) > LONGEST_DISPLAY_NAME:
        yield Violation(f"{field}.pipelineInfo.name", f"must be at most 128 characters long. Received: {len(name)}.")
    if not isinstance(spec.get("root"), dict):
        yield Violation(f"{field}.root", "is required and must be an object.")
    version = spec.get("schemaVersion")
    if not version:
        yield Violation(f"{field}.schemaVersion", "is required.")
    elif version_of(spec) is None:
        yield Violation(f"{field}.schemaVersion", f"must be a version such as 2.1.0. Received: {version!r:.80}.")


def _form_violations(spec: Mapping[str, Any], field: str) -> Iterator[Violation]:
    messages = import_messages()
    for part, document, message in (
        (field, spec, messages.PipelineSpec()),
        (f"{field}.deploymentSpec", spec.get("deploymentSpec"), messages.PipelineDeploymentConfig()),
    ):
        try:
            json_format.ParseDict(dict(document or {}), message)
        except RecursionError:
            yield Violation(part, "is nested too deeply.")
        except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
            yield Violation(part, f"is not of the form of a pipeline: {error!s:.{_LONGEST_FAULT}}")
    if "dag" not in spec["root"]:
        yield Violation(f"{field}.root.dag", "is required.")


def _reference_violations(spec: Mapping[str, Any], field: str) -> Iterator[Violation]:
    components = spec.get("components") or {}
    executors = (spec.get("deploymentSpec") or {}).get("executors") or {}
    for name, component in components.items():
        place = f"{field}.components.{name}"
        if "dag" in component:
            yield from _dag_violations(component["dag"], components, f"{place}.dag")
        elif component.get("executorLabel") not in executors:
            yield Violation(place, f"needs a dag or the label of an executor. Received: {_shown(component)}.")
        for kind in ("parameters", "artifacts"):
            outputs = (component.get("outputDefinitions") or {}).get(kind) or {}
            yield from _name_violations(outputs, f"{place}.outputDefinitions.{kind}")
    yield from _dag_violations(spec["root"]["dag"], components, f"{field}.root.dag")
    yield from _size_violations(spec["root"]["dag"], components, f"{field}.root.dag")


def _shown(component: Mapping[str, Any]) -> str:
    return f'"{component["executorLabel"]:.80}"' if component.get("executorLabel") else "neither"


def _name_violations(names: Iterable[str], field: str) -> Iterator[Violation]:
    for name in names:
        if not _NAME.fullmatch(name):
            yield Violation(
                field, f'must be named by at most 128 letters, digits, "-" and "_" each. Received: {name!r:.160}.'
            )


def _dag_violations(dag: Mapping[str, Any], components: Mapping[str, Any], field: str) -> Iterator[Violation]:
    tasks = dag.get("tasks") or {}
    yield from _name_violations(tasks, f"{field}.tasks")
    for name, task in tasks.items():
        place = f"{field}.tasks.{name:.160}"
        component = (task.get("componentRef") or {}).get("name", "")
        if component not in components:
            yield Violation(
                f"{place}.componentRef.name", f'names no component of the pipeline. Received: "{component:.80}".'
            )
        for other in sorted(_upstream(task) - set(tasks)):
            yield Violation(place, f'needs the task "{other:.80}", which is not there.')
    circle = _circle({name: _upstream(task) & set(tasks) for name, task in tasks.items()})
    if circle:
        yield Violation(f"{field}.tasks", f"wait for each other: {', '.join(circle[:10])}.")


def _upstream(task: Mapping[str, Any]) -> set[str]:
    """The tasks that a task needs: those it waits for, and those whose outputs it takes."""
    found = set(task.get("dependentTasks") or [])
    inputs = task.get("inputs") or {}
    for source in (*(inputs.get("parameters") or {}).values(), *(inputs.get("artifacts") or {}).values()):
        for kind in ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus"):
            found |= {(source.get(kind) or {}).get("producerTask", "")}
    return found - {""}


def _circle(needs: Mapping[str, set[str]]) -> list[str]:
    """The tasks that can never begin, since each waits for another one of them."""
    waiting = dict(needs)
    while ready := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in ready:
            del waiting[name]
    return sorted(waiting)


def _size_violations(dag: Mapping[str, Any], components: Mapping[str, Any], field: str) -> Iterator[Violation]:
    """Whether groups hold themselves, or more tasks, or more groups in groups, than can be held."""
    sizes: dict[str, tuple[int, int]] = {}
    under_way: list[str] = []

    def measure(tasks: Mapping[str, Any]) -> tuple[int, int]:
        """How many tasks there are, and how many groups lie in each other."""
        count, depth = len(tasks), 0
        for task in tasks.values():
            name = (task.get("componentRef") or {}).get("name", "")
            if name in under_way or len(under_way) > DEEPEST_GROUPS:
                return MOST_TASKS + 1, DEEPEST_GROUPS + 1
            if name not in sizes:
                under_way.append(name)
                below = (components.get(name, {}).get("dag") or {}).get("tasks") or {}
                found = measure(below)
                sizes[name] = (found[0], found[1] + bool(below))
                under_way.pop()
            count += sizes[name][0]
            depth = max(depth, sizes[name][1])
        return count, depth

    count, depth = measure(dag.get("tasks") or {})
    if depth > DEEPEST_GROUPS:
        yield Violation(
            field, f"must not hold itself, nor more than {DEEPEST_GROUPS} groups of tasks within each other."
        )
    elif count > MOST_TASKS:
        yield Violation(field, f"must hold at most {MOST_TASKS} tasks, those of groups counted in each place.")

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
from emulator.runner.spec_size import size_fault

MOST_VIOLATIONS = 20
# Tasks and outputs become folders, and parts of names in which a dot or a slash separates.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,9}")
_LONGEST_FAULT = 400
# What places show of a name, whatever its length.
_LONGEST_NAME = 160


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
        place = f"{field}.components.{name:.{_LONGEST_NAME}}"
        if "dag" in component:
            yield from _dag_violations(component["dag"], components, f"{place}.dag")
        elif component.get("executorLabel") not in executors:
            yield Violation(place, f"needs a dag or the label of an executor. Received: {_shown(component)}.")
        for kind in ("parameters", "artifacts"):
            outputs = (component.get("outputDefinitions") or {}).get(kind) or {}
            yield from _name_violations(outputs, f"{place}.outputDefinitions.{kind}")
    yield from _dag_violations(spec["root"]["dag"], components, f"{field}.root.dag")
    fault = size_fault(spec["root"]["dag"], components)
    if fault:
        yield Violation(f"{field}.root.dag", fault)


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
    needs = {name: _upstream(task) for name, task in tasks.items()}
    for name, task in tasks.items():
        place = f"{field}.tasks.{name:.{_LONGEST_NAME}}"
        component = (task.get("componentRef") or {}).get("name", "")
        if component not in components:
            yield Violation(
                f"{place}.componentRef.name", f'names no component of the pipeline. Received: "{component:.80}".'
            )
        for other in sorted(other for other in needs[name] if other not in tasks):
            yield Violation(place, f'needs the task "{other:.80}", which is not there.')
    circle = _circle({name: {other for other in others if other in tasks} for name, others in needs.items()})
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
    missing = {name: len(others) for name, others in needs.items()}
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in needs.items():
        for other in others:
            needed_by[other].append(name)
    ready = [name for name, count in missing.items() if not count]
    for name in ready:
        del missing[name]
        for other in needed_by[name]:
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return sorted(missing)

"""Compiled pipelines in the fewest words, for tests that need no kfp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTAINER = {
    "image": "trainer:1",
    "command": ["sh", "-ec", "python3 -m kfp.dsl.executor_main ephemeral_component.py"],
    "args": ["--executor_input", "{{$}}"],
}


def task(component: str, *after: str, **more: Any) -> dict[str, Any]:
    """A task of a DAG."""
    return {"componentRef": {"name": f"comp-{component}"}, "dependentTasks": list(after), **more}


def spec(tasks: Mapping[str, Any], groups: Mapping[str, Any] | None = None, **inputs: Any) -> dict[str, Any]:
    """A pipeline named `small`.

    Args:
        tasks: Its tasks by name.
        groups: The tasks of each component that is a group, by the component's name.
        inputs: Its parameters, as the specification has them.
    """
    dags = {name: {"dag": {"tasks": members}} for name, members in (groups or {}).items()}
    every = [*tasks.values(), *(member for members in (groups or {}).values() for member in members.values())]
    names = {member["componentRef"]["name"] for member in every} - {f"comp-{name}" for name in dags}
    labels = {name: name.replace("comp-", "exec-") for name in names}
    return {
        "pipelineInfo": {"name": "small"},
        "root": {"dag": {"tasks": dict(tasks)}, "inputDefinitions": {"parameters": inputs}},
        "components": {
            **{name: {"executorLabel": label} for name, label in labels.items()},
            **{f"comp-{name}": dag for name, dag in dags.items()},
        },
        "deploymentSpec": {"executors": {label: {"container": CONTAINER} for label in labels.values()}},
    }

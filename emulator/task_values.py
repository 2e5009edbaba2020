"""Translates between kfp.local and the run's state: what a task is given, and what it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.task_record import Values

# kfp adds the channels that an f-string or a condition needs to a task's inputs, under this prefix.
_CHANNEL = "pipelinechannel--"


def own_component(call: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The arguments that give a task a component, and hence an artifact folder, of its own."""
    spec = type(call["task_spec"])()
    spec.CopyFrom(call["task_spec"])
    component = call["components"][spec.component_ref.name]
    spec.component_ref.name = f"comp-{name}"
    _write_numbers(spec, component, call["io_store"])
    return {"task_spec": spec, "components": {**call["components"], spec.component_ref.name: component}}


def _write_numbers(spec: Any, component: Any, io_store: Any) -> None:
    """Makes texts of the numbers that only f-strings use: kfp.local would write 20 as 20.0."""
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    channels = [
        name
        for name in spec.inputs.parameters
        if name.startswith(_CHANNEL) and name not in component.input_definitions.parameters
    ]
    if not channels:
        return
    values = OrchestratorUtils.make_task_arguments(spec.inputs, io_store)
    for name in channels:
        value = values[name]
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole = isinstance(value, int) or value.is_integer()
            source = spec.inputs.parameters[name]
            source.Clear()
            source.runtime_value.constant.string_value = str(int(value) if whole else value)


def given_by(outputs: Mapping[str, Any]) -> Values:
    """A task's outputs, kfp's artifacts among them, in JSON's terms."""
    from kfp import dsl

    parameters = {}
    artifacts = {}
    for name, value in outputs.items():
        items = value if isinstance(value, list) else [value]
        if items and all(isinstance(item, dsl.Artifact) for item in items):
            artifacts[name] = [
                {
                    "name": item.name,
                    "uri": item.uri,
                    "schemaTitle": item.schema_title,
                    "schemaVersion": item.schema_version,
                    "metadata": item.metadata,
                }
                for item in items
            ]
        else:
            parameters[name] = value
    return Values(parameters, artifacts)


def given_to(command: Sequence[str]) -> Values:
    """What a task's command hands to its component, from the executor input among the arguments."""
    inputs = json.loads(command[command.index("--executor_input") + 1]).get("inputs", {})
    parameters = inputs.get("parameterValues", {})
    artifacts = inputs.get("artifacts", {})
    return Values(
        parameters={name: value for name, value in parameters.items() if not name.startswith(_CHANNEL)},
        artifacts={name: [_artifact(item) for item in artifacts[name]["artifacts"]] for name in artifacts},
    )


def _artifact(given: Mapping[str, Any]) -> dict[str, Any]:
    schema = given.get("type", {})
    return {
        "name": given.get("name", ""),
        "uri": given.get("uri", ""),
        "schemaTitle": schema.get("schemaTitle", ""),
        "schemaVersion": schema.get("schemaVersion", ""),
        "metadata": given.get("metadata", {}),
    }

"""Translates between kfp.local and the run's state: what a task is given, and what it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.runner.public_uris import PublicUris
from emulator.runner.task_record import Values

# kfp adds the channels that an f-string or a condition needs to a task's inputs, under this prefix.
_CHANNEL = "pipelinechannel--"


def own_component(call: Mapping[str, Any], name: str, placeholders: Mapping[str, str]) -> dict[str, Any]:
    """The arguments that give a task a component, and hence an artifact folder, of its own.

    Args:
        call: The arguments of kfp.local's `execute_single_task`.
        name: What the folder is to be called.
        placeholders: The values of placeholders that kfp.local does not know.
    """
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    task, component = (
        _copy(call["task_spec"]),
        _copy(call["components"][call["task_spec"].component_ref.name]),
    )
    task.component_ref.name = f"comp-{name}"
    _fill_in(task, placeholders)
    values = OrchestratorUtils.make_task_arguments(task.inputs, call["io_store"])
    _write_numbers(task, component, values)
    _leave_out_absent(task, component, values)
    return {"task_spec": task, "components": {**call["components"], task.component_ref.name: component}}


def _copy(message: Any) -> Any:
    fresh = type(message)()
    fresh.CopyFrom(message)
    return fresh


def _fill_in(task: Any, placeholders: Mapping[str, str]) -> None:
    for source in task.inputs.parameters.values():
        constant = source.runtime_value.constant if source.HasField("runtime_value") else None
        if constant is not None and constant.HasField("string_value"):
            for placeholder, value in placeholders.items():
                constant.string_value = constant.string_value.replace(placeholder, value)


def _write_numbers(task: Any, component: Any, values: Mapping[str, Any]) -> None:
    """Makes texts of the numbers that only f-strings use: kfp.local would write 20 as 20.0."""
    for name in task.inputs.parameters:
        value = values[name]
        is_channel = name.startswith(_CHANNEL) and name not in component.input_definitions.parameters
        if is_channel and isinstance(value, int | float) and not isinstance(value, bool):
            whole = isinstance(value, int) or value.is_integer()
            source = task.inputs.parameters[name]
            source.Clear()
            source.runtime_value.constant.string_value = str(int(value) if whole else value)


def _leave_out_absent(task: Any, component: Any, values: Mapping[str, Any]) -> None:
    """Drops optional inputs that have no value: kfp.local would make a whole number of None, and fail."""
    definitions = component.input_definitions.parameters
    for name in list(definitions):
        if values.get(name) is None and not definitions[name].HasField("default_value"):
            del definitions[name]
            if name in task.inputs.parameters:
                del task.inputs.parameters[name]


def given_by(outputs: Mapping[str, Any], uris: PublicUris) -> Values:
    """A task's outputs, kfp's artifacts among them, in JSON's terms and with public URIs."""
    from kfp import dsl

    parameters = {}
    artifacts = {}
    for name, value in outputs.items():
        items = value if isinstance(value, list) else [value]
        if items and all(isinstance(item, dsl.Artifact) for item in items):
            artifacts[name] = [
                {
                    "name": item.name,
                    "uri": uris.of(item.uri),
                    "schemaTitle": item.schema_title,
                    "schemaVersion": item.schema_version,
                    "metadata": item.metadata,
                }
                for item in items
            ]
        else:
            parameters[name] = value
    return Values(parameters, artifacts)


def given_to(command: Sequence[str], uris: PublicUris) -> Values:
    """What a task's command hands to its component, with public URIs, from the executor input among the arguments."""
    inputs = json.loads(command[command.index("--executor_input") + 1]).get("inputs", {})
    parameters = inputs.get("parameterValues", {})
    artifacts = inputs.get("artifacts", {})
    return Values(
        parameters={name: value for name, value in parameters.items() if not name.startswith(_CHANNEL)},
        artifacts={name: [_artifact(item, uris) for item in artifacts[name]["artifacts"]] for name in artifacts},
    )


def _artifact(given: Mapping[str, Any], uris: PublicUris) -> dict[str, Any]:
    schema = given.get("type", {})
    return {
        "name": given.get("name", ""),
        "uri": uris.of(given.get("uri", "")),
        "schemaTitle": schema.get("schemaTitle", ""),
        "schemaVersion": schema.get("schemaVersion", ""),
        "metadata": given.get("metadata", {}),
    }

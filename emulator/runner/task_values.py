"""Translates kfp.local's values for the run's state: what a task is given, and what it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.runner.launchers import ESCAPED_INPUT, ESCAPED_INPUT_TEXT, argument
from emulator.runner.task_record import Values

# kfp adds the channels that an f-string or a condition needs to a task's inputs, under this prefix.
CHANNEL = "pipelinechannel--"

Call = dict[str, Any]
"""The arguments of a function of kfp.local's orchestrators."""


def given_by(outputs: Mapping[str, Any]) -> Values:
    """A task's outputs, kfp's artifacts among them, in JSON's terms."""
    parameters = {}
    artifacts = {}
    for name, value in outputs.items():
        items = value if isinstance(value, list) else [value]
        if are_artifacts(items):
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


def are_artifacts(items: Sequence[Any]) -> bool:
    """Whether values are kfp's artifacts, and not parameters."""
    from kfp import dsl

    return bool(items) and all(isinstance(item, dsl.Artifact) for item in items)


def to_be_given(call: Call) -> Values:
    """What a task would hand to its component, found in the way in which kfp.local finds it.

    Args:
        call: The arguments of kfp.local's `execute_single_task`.
    """
    from kfp.local import executor_input_utils, placeholder_utils
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    task = call["task_spec"]
    component = call["components"][task.component_ref.name]
    executor_input = executor_input_utils.construct_executor_input(
        component_spec=component,
        arguments=OrchestratorUtils.make_task_arguments(task.inputs, call["io_store"]),
        task_root=call["pipeline_root"],
        block_input_artifact=False,
    )
    command = placeholder_utils.replace_placeholders(
        full_command=["--executor_input", "{{$}}"],
        executor_input_dict=executor_input_utils.executor_input_to_dict(executor_input, component),
        pipeline_resource_name=call["pipeline_resource_name"],
        task_resource_name=executor_input_utils.get_local_task_resource_name(task.component_ref.name),
        pipeline_root=call["pipeline_root"],
        unique_pipeline_id=call["unique_pipeline_id"],
    )
    return given_to(command)


def given_to_group(call: Call) -> Values:
    """What a group of tasks is given, found in the way in which kfp.local finds it.

    Args:
        call: The arguments of kfp.local's `execute_task`.
    """
    from kfp.local.orchestrator import task_spec_utils

    values = task_spec_utils.build_nested_dag_arguments(
        task_name=call["task_name"],
        task_spec=call["task_spec"],
        component_spec=call["components"][call["task_spec"].component_ref.name],
        io_store=call["io_store"],
    )
    return given_by({name: value for name, value in values.items() if value is not None})


def given_to(command: Sequence[str]) -> Values:
    """What a task's command hands to its component, from the executor input among the arguments."""
    given = argument(command, "--executor_input").replace(ESCAPED_INPUT_TEXT, ESCAPED_INPUT)
    inputs = json.loads(given).get("inputs", {})
    parameters = inputs.get("parameterValues", {})
    artifacts = inputs.get("artifacts", {})
    return Values(
        parameters={name: value for name, value in parameters.items() if not name.startswith(CHANNEL)},
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

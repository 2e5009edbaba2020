"""Mends what kfp.local makes a task from: its component and the sources of its inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from emulator.runner.json_values import plain
from emulator.runner.task_values import CHANNEL, Call


def own_component(
    call: Call, name: str, placeholders: Mapping[str, str], final_status: Callable[[str], Mapping[str, Any]]
) -> Call:
    """The arguments that give a task a component, and hence an artifact folder, of its own.

    Args:
        call: The arguments of kfp.local's `execute_single_task`.
        name: What the folder is to be called.
        placeholders: The values of placeholders that kfp.local does not know.
        final_status: Tells how another task of the same group has ended.
    """
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    task, component = (
        _copy(call["task_spec"]),
        _copy(call["components"][call["task_spec"].component_ref.name]),
    )
    task.component_ref.name = f"comp-{name}"
    _fill_in((source.runtime_value.constant for source in _constants(task)), placeholders)
    defaults = (given.default_value for given in component.input_definitions.parameters.values())
    _fill_in(defaults, placeholders)
    _tell_final_status(task, final_status)
    policy = task.trigger_policy
    if policy.strategy == policy.TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
        _leave_out_lost(task, component, call["io_store"])
    values = OrchestratorUtils.make_task_arguments(task.inputs, call["io_store"])
    # Inside of lists and structs kfp.local leaves them as they are.
    _fill_in((source.runtime_value.constant for source in _constants(task)), _channels(values))
    _write_numbers(task, component, values)
    _leave_out_absent(task, component, values)
    return {"task_spec": task, "components": {**call["components"], task.component_ref.name: component}}


def _copy(message: Any) -> Any:
    fresh = type(message)()
    fresh.CopyFrom(message)
    return fresh


def with_executor_input(executors: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The executors of which one is told its executor input, which those that kfp makes of functions always are.

    Args:
        executors: Executors by label.
        label: That of the one.
    """
    told = _copy(executors[label])
    told.container.args.extend(["--executor_input", "{{$}}"])
    return {**executors, label: told}


def _channels(values: Mapping[str, Any]) -> dict[str, str]:
    """What stands for the pipeline's parameters and for outputs of other tasks inside of values, by its placeholder."""
    return {
        f"{{{{$.inputs.parameters['{name}']}}}}": value if isinstance(value, str) else json.dumps(plain(value))
        for name, value in values.items()
        if name.startswith(CHANNEL) and value is not None
    }


def _constants(task: Any) -> Iterator[Any]:
    return (source for source in task.inputs.parameters.values() if source.HasField("runtime_value"))


def _fill_in(values: Iterable[Any], placeholders: Mapping[str, str]) -> None:
    """Fills placeholders in, also where they lie inside of lists and structs."""
    for value in values:
        match value.WhichOneof("kind"):
            case "string_value":
                for placeholder, told in placeholders.items():
                    value.string_value = value.string_value.replace(placeholder, told)
            case "list_value":
                _fill_in(value.list_value.values, placeholders)
            case "struct_value":
                _fill_in(value.struct_value.fields.values(), placeholders)


def _tell_final_status(task: Any, final_status: Callable[[str], Mapping[str, Any]]) -> None:
    """Fills in how another task has ended: kfp.local has neither its error nor the run's name."""
    for source in task.inputs.parameters.values():
        if source.HasField("task_final_status"):
            told = final_status(source.task_final_status.producer_task)
            source.Clear()
            source.runtime_value.constant.struct_value.update(dict(told))


def _leave_out_lost(task: Any, component: Any, io_store: Any) -> None:
    """Drops inputs with a default whose tasks have failed and gave nothing."""
    kinds = (
        (
            task.inputs.parameters,
            component.input_definitions.parameters,
            "task_output_parameter",
            "output_parameter_key",
        ),
        (task.inputs.artifacts, component.input_definitions.artifacts, "task_output_artifact", "output_artifact_key"),
    )
    for sources, definitions, field, key in kinds:
        for name in list(sources):
            if not sources[name].HasField(field) or not definitions[name].is_optional:
                continue
            producer = getattr(sources[name], field)
            try:
                io_store.get_task_output(producer.producer_task, getattr(producer, key))
            except ValueError:
                del sources[name]


def _write_numbers(task: Any, component: Any, values: Mapping[str, Any]) -> None:
    """Makes texts of the numbers that only f-strings use: kfp.local would write 20 as 20.0."""
    for name in task.inputs.parameters:
        value = values[name]
        is_channel = name.startswith(CHANNEL) and name not in component.input_definitions.parameters
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

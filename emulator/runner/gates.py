"""Decides in the place of kfp.local which groups of tasks a condition lets begin."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from emulator.runner.conditions import decide
from emulator.runner.errors import RunnerError
from emulator.runner.pipeline_spec import PipelineSpec


class Gates:
    """Stands in for kfp.local's ConditionEvaluator. It may be used from any thread.

    kfp.local gives a whole run up where a condition cannot be decided. Here the group behind it fails alone: it is
    let in, and `take_fault` tells the same thread why it must not begin.
    """

    def __init__(self, spec: PipelineSpec) -> None:
        self._spec = spec
        self._thread = threading.local()

    def evaluate_condition(self, condition: str, io_store: Any) -> bool:
        """Whether a condition holds, given the values that its group of tasks has so far."""
        try:
            return decide(condition, lambda name: self._value(condition, name, io_store))
        except RunnerError as error:
            self._thread.fault = str(error)
            return True

    def take_fault(self) -> str:
        """Why the condition decided last could not be decided; empty where it was, and once it was taken."""
        fault = getattr(self._thread, "fault", "")
        self._thread.fault = ""
        return fault

    def _value(self, condition: str, name: str, io_store: Any) -> Any:
        sources = [task.inputs.get(name, {}) for task in self._spec.walk() if task.condition == condition]
        for source in sources:
            # The store raises a ValueError where it has no such value.
            with contextlib.suppress(ValueError):
                if "taskOutputParameter" in source:
                    output = source["taskOutputParameter"]
                    return io_store.get_task_output(output["producerTask"], output["outputParameterKey"])
                if "componentInputParameter" in source:
                    return io_store.get_parent_input(source["componentInputParameter"])
                return source["runtimeValue"]["constant"]
        raise RunnerError(f"The condition {condition} cannot be decided: the task behind {name} gave no such output.")

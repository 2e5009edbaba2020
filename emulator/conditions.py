"""Decides the conditions of a compiled pipeline, which kfp writes in a small part of Google's CEL.

kfp.local 2.17.3 cannot be trusted with them: it never finds the value of a named output, so that
a gate on one stays closed, and it splices strings into the text that it then evaluates.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

from emulator.errors import RunnerError
from emulator.pipeline_spec import PipelineSpec

_TOKEN = re.compile(
    r"""\s*(?:
        inputs\.parameter_values\['(?P<input>[^']+)'\]
      | (?P<string>'[^']*'|"[^"]*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<word>true|false|null|int|double)\b
      | (?P<operator>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))
    )""",
    re.VERBOSE,
)
_PYTHON = {
    "true": "True",
    "false": "False",
    "null": "None",
    "double": "float",
    "&&": "and",
    "||": "or",
    "!": "not",
}


def decide(condition: str, value_of: Callable[[str], Any]) -> bool:
    """Whether a condition holds.

    Args:
        condition: Such as `inputs.parameter_values['pipelinechannel--train-loss'] < 0.5`.
        value_of: Gives the value of an input by its name.

    Raises:
        RunnerError: It is written in another way than kfp 2 writes it, or compares what cannot be compared.
    """
    values: dict[str, Any] = {}
    words = []
    position = 0
    while condition[position:].strip():
        token = _TOKEN.match(condition, position)
        if token is None:
            raise RunnerError(f"The condition {condition} cannot be read from {condition[position:]} on.")
        position = token.end()
        words.append(_word(token, values, value_of))
    names = {"__builtins__": {}, "int": int, "float": float, **values}
    try:
        # Only the tokens above can stand in it; values come in by name.
        return bool(eval(" ".join(words), names))  # noqa: S307 - the text is built here, token by token
    except (SyntaxError, TypeError, ValueError, OverflowError) as error:
        shown = ", ".join(repr(value) for value in values.values())
        raise RunnerError(f"The condition {condition} cannot be decided for {shown}: {error}.") from error


def _word(token: re.Match[str], values: dict[str, Any], value_of: Callable[[str], Any]) -> str:
    if token["input"]:
        name = f"value_{len(values)}"
        values[name] = value_of(token["input"])
        return name
    if token["string"]:
        return repr(token["string"][1:-1])
    text = token["number"] or token["word"] or token["operator"]
    return _PYTHON.get(text, text)


class Evaluator:
    """Stands in for kfp.local's ConditionEvaluator."""

    def __init__(self, spec: PipelineSpec) -> None:
        self._spec = spec

    def evaluate_condition(self, condition: str, io_store: Any) -> bool:
        """Whether a condition holds, given the values that its group of tasks has so far."""
        return decide(condition, lambda name: self._value(condition, name, io_store))

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
        raise RunnerError(
            f"The condition {condition} cannot be decided: the task behind {name} gave no such output."
        )

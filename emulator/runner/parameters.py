"""Checks the parameters that a run is given against those that its pipeline declares."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.runner.errors import PROBLEMS_SHOWN, UsageError, listing, nearest, some
from emulator.runner.pipeline_spec import Parameter

_WORDS = {
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "STRING": "a string",
    "BOOLEAN": "true or false",
    "LIST": "a list",
    "STRUCT": "an object",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
}
_PLACEHOLDER = "{{$"
# Whole numbers beyond it do not survive the doubles that carry every number of a pipeline.
_LARGEST_EXACT = 2**53


def load_parameters(path: Path) -> dict[str, Any]:
    """Reads the parameters of a run: a JSON object of names and values.

    Raises:
        UsageError: The file is absent, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"The parameters {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} must hold a JSON object of names and values. Received: {json.dumps(values)[:80]}.")
    return values


def check_parameters(declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every parameter of a run, defaults included; whole numbers are ints.

    Raises:
        UsageError: A parameter is unknown, missing, of another type or not finite; every fault is listed.
    """
    unknown = sorted(given.keys() - declared.keys())
    # The others are not shown.
    hints = {name: nearest(name, declared) or _known(declared) for name in unknown[:PROBLEMS_SHOWN]}
    problems = [f'The pipeline has no parameter "{name}".{hints.get(name, "")}' for name in unknown]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        if name not in given and not parameter.optional:
            problems.append(f'The parameter "{name}" has no default. Give it {_wanted(parameter)}.')
            continue
        value = given.get(name, parameter.default)
        if value is None and parameter.optional:
            values[name] = None
            continue
        value = _whole(value) if parameter.type == "NUMBER_INTEGER" else value
        if _PLACEHOLDER in json.dumps(value, ensure_ascii=False):
            problems.append(
                f'The parameter "{name}" must not hold "{_PLACEHOLDER}", which kfp takes for the start of a '
                f"placeholder. Received: {_shown(value)}."
            )
        elif not _fits(parameter.type, value):
            problems.append(f'The parameter "{name}" must be {_wanted(parameter)}. Received: {_shown(value)}.')
        values[name] = value
    if problems:
        raise UsageError(listing(sorted(problems)))
    return values


def _wanted(parameter: Parameter) -> str:
    return _WORDS.get(parameter.type, "a value")


def _known(declared: Mapping[str, Parameter]) -> str:
    return f" It has: {some(declared)}." if declared else " It has none."


def _whole(value: Any) -> Any:
    """A double that is a whole number as an int: clients send every number as a double."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_EXACT:
        return int(value)
    return value


def _fits(kind: str, value: Any) -> bool:
    types = _TYPES.get(kind, object)
    if isinstance(value, bool) and kind != "BOOLEAN":
        return types is object
    in_range = not isinstance(value, int) or abs(value) <= _LARGEST_EXACT
    return isinstance(value, types) and in_range and _is_finite(value)


def _is_finite(value: Any) -> bool:
    match value:
        case int() | float():
            return math.isfinite(value)
        case list():
            return all(_is_finite(item) for item in value)
        case dict():
            return all(_is_finite(item) for item in value.values())
    return True


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."

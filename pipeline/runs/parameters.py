"""Parameters for a compiled pipeline, converted and checked by its own definitions of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from trainer.errors import UsageError, listing, nearest, shown

_WORDS = {
    "STRING": "a text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "LIST": "a JSON list",
    "STRUCT": "a JSON object",
}


def convert(given: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]], source: str) -> dict[str, Any]:
    """Values as a compiled pipeline takes them.

    Args:
        given: Values by name; a text stands for what the parameter's type makes of it.
        definitions: The pipeline's `inputDefinitions.parameters`.
        source: What messages call the pipeline.

    Raises:
        UsageError: A name is unknown, a value does not fit, or one that has no default is missing: all of it.
    """
    problems = [
        f"`{name}` is no parameter of {source}.{nearest(name, definitions)}"
        for name in given
        if name not in definitions
    ]
    values = {}
    for name, about in definitions.items():
        kind = str(about.get("parameterType", ""))
        if name not in given:
            if "defaultValue" not in about and not about.get("isOptional"):
                problems.append(f"`{name}` of {source} must be given: {_WORDS.get(kind, kind)}.")
            continue
        try:
            values[name] = _READERS[kind](given[name])
        except (KeyError, TypeError, ValueError):
            problems.append(f"`{name}` of {source} must be {_WORDS.get(kind, kind)}. Received: {shown(given[name])}.")
    if problems:
        raise UsageError(listing(problems, len(problems)))
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, float) and not value.is_integer():
        raise ValueError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    known = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    if not isinstance(value, bool):
        raise TypeError
    return value


def _json(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        document = json.loads(value) if isinstance(value, str) else value
        if not isinstance(document, kind):
            raise TypeError
        return document

    return read


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "STRING": _text,
    "NUMBER_INTEGER": _integer,
    "NUMBER_DOUBLE": _number,
    "BOOLEAN": _boolean,
    "LIST": _json(list),
    "STRUCT": _json(dict),
}

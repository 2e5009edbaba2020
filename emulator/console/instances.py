"""The instances of a prediction form: what it holds at first, and what the reader wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from emulator.console.objects import ObjectReader
from emulator.console.reader import ReadError
from emulator.console.versions import VersionView
from emulator.plain_yaml import load_plain

SMOKE_FILE = "smoke.json"
LARGEST_FILE = 1024 * 1024
# A form is to be read: so many instances of a smoke test stand in it.
INSTANCES_SHOWN = 2
# Guesses: what a reader would still read, and what is read of a schema for it.
LARGEST_YAML = 64 * 1024
MOST_VALUES = 100_000
DEEPEST_VALUE = 50
_BY_TYPE: dict[str, Any] = {"number": 0.0, "integer": 0, "string": "", "boolean": False, "array": [], "object": {}}


class InstancesError(Exception):
    """Why what the reader wrote is no list of instances, in a sentence."""


def parse_instances(text: str) -> list[Any]:
    """Reads what the reader wrote: a JSON array of instances, or a request with `instances`.

    Raises:
        InstancesError: It is neither.
    """
    if not text.strip():
        raise InstancesError("Write a JSON array of instances, such as [[1.0, 2.0]].")
    try:
        document = json.loads(text)
    except RecursionError:
        raise InstancesError("This JSON is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise InstancesError(f"This is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError as error:
        raise InstancesError(f"This cannot be read: {error}.") from None
    instances = document.get("instances") if isinstance(document, dict) else document
    if not isinstance(instances, list):
        raise InstancesError("Instances must be a JSON array: put brackets around a single one, [ ... ].")
    return instances


async def example_instances(objects: ObjectReader, version: VersionView) -> list[Any]:
    """Instances that a version can answer, from its smoke test or its instance schema; none where it has neither.

    Args:
        objects: The object store.
        version: The version.
    """
    try:
        held = await objects.below(version.artifact_uri) if version.artifact_uri else []
        for one in held:
            if one.name == SMOKE_FILE and one.size <= LARGEST_FILE:
                found = await asyncio.to_thread(smoke_instances, await objects.read(one.uri, LARGEST_FILE))
                if found:
                    return found
        if version.schema_uri:
            made_up = await asyncio.to_thread(instance_of, await objects.read(version.schema_uri, LARGEST_FILE))
            return [made_up] if made_up is not None else []
    except ReadError:
        return []
    return []


def smoke_instances(content: bytes) -> list[Any]:
    """The first instances of a smoke test: JSON with `instances`."""
    try:
        document = json.loads(content)
        instances = document.get("instances") if isinstance(document, Mapping) else None
        return _rounded(instances[:INSTANCES_SHOWN]) if isinstance(instances, list) else []
    except (ValueError, RecursionError):
        return []


def _rounded(value: Any) -> Any:
    """Numbers with the digits that single precision has: 5.1, not 5.099999904632568."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return {key: _rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


def instance_of(content: bytes) -> Any:
    """An instance made up from its OpenAPI schema, in JSON or YAML; None where the content is none, or too large."""
    import yaml

    try:
        text = content.decode("utf-8-sig")
        if len(content) > LARGEST_YAML and not text.lstrip().startswith("{"):
            return None
        schema = load_plain(text, MOST_VALUES, DEEPEST_VALUE)
    except (yaml.YAMLError, ValueError):
        return None
    return _made_up(schema) if isinstance(schema, Mapping) else None


def _made_up(schema: Mapping[str, Any]) -> Any:
    if "example" in schema:
        return _as_json(schema["example"])
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return _as_json(schema["enum"][0])
    if isinstance(schema.get("properties"), Mapping):
        return {
            str(name): _made_up(about) for name, about in schema["properties"].items() if isinstance(about, Mapping)
        }
    if isinstance(schema.get("minimum"), int | float):
        return schema["minimum"]
    return _BY_TYPE.get(str(schema.get("type")))


def _as_json(value: Any) -> Any:
    """A value of a schema as an instance can have it: YAML knows days, times and bytes too."""
    if isinstance(value, Mapping):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_as_json(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)

"""The configuration as `config show` prints it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.config import RunConfig, Value, key


def as_lines(config: RunConfig, sources: Mapping[str, str]) -> str:
    """A line a key: its value as TOML writes it, and the source of it."""
    values = {name: json.dumps(value, ensure_ascii=False) for name, value in _values(config).items()}
    widths = [max(map(len, column)) for column in (values, values.values())]
    lines = [f"{name:{widths[0]}}  {value:{widths[1]}}  {sources[name]}" for name, value in values.items()]
    return "\n".join(lines)


def as_document(config: RunConfig, sources: Mapping[str, str]) -> str:
    """The same as JSON: an object of `value` and `source` by key."""
    document = {name: {"value": value, "source": sources[name]} for name, value in _values(config).items()}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _values(config: RunConfig) -> dict[str, Value]:
    return {key(field): getattr(config, field) for field in RunConfig.model_fields}

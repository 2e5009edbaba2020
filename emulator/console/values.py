"""Values of parameters and metadata, as text."""

from __future__ import annotations

import json
from typing import Any

LONGEST_LABEL = 28


def value_text(value: Any) -> str:
    """A JSON value as a reader wants it: text without quotes, whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(_plain(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def short_text(value: str) -> str:
    """A label's value; of a long one, such as a digest, as much as tells it from others."""
    return value if len(value) <= LONGEST_LABEL else f"{value[:12]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value

"""YAML, and JSON, as plain values of a limited size: an alias counts as all that it stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

# PyYAML reads 1:30:00 as a number of base 60, which takes the square of its length. No number is longer than this.
LONGEST_NUMBER = 1000
_OF_NUMBERS = frozenset("0123456789:._+-")


class LimitError(ValueError):
    """Why a text is not read: the rest of a sentence that begins with what the text is called."""


def load_plain(text: str, most_values: int, deepest: int) -> Any:
    """The first document of a text; None where there is none.

    Args:
        text: YAML, or JSON, which is read much faster.
        most_values: How many values it may hold, keys and all that its aliases stand for among them.
        deepest: How deep they may lie in each other.

    Raises:
        LimitError: It is larger, or holds itself.
        yaml.YAMLError: It is no YAML.
        ValueError: A value of it is none, such as a day that no month has.
    """
    import yaml

    if text.lstrip().startswith(("{", "[")):
        try:
            return _limited(json.loads(text), most_values, deepest)
        except RecursionError:
            raise LimitError("is nested too deeply") from None
        except json.JSONDecodeError:
            # The braces are YAML's own.
            pass
    # libyaml, where it is there, reads a text ten times faster.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _require_limits(yaml.parse(text, Loader=loader), most_values, deepest)
    return next(yaml.load_all(text, Loader=loader), None)


def _limited(document: Any, most_values: int, deepest: int) -> Any:
    """What JSON gave, if it is within the limits: its values belong to one place each."""
    level, count, depth = [document], 1, 0
    while level:
        level = [item for value in level if isinstance(value, dict | list) for item in _items(value)]
        count += len(level)
        depth += bool(level)
        if count > most_values or depth > deepest:
            raise _too_large(most_values, deepest)
    return document


def _items(value: dict[str, Any] | list[Any]) -> list[Any]:
    return [*value.keys(), *value.values()] if isinstance(value, dict) else value


class _Part:
    """A value that is read: how many it comes to with those in it, and how deep they lie."""

    def __init__(self, anchor: str | None) -> None:
        self.anchor = anchor
        self.values = 1
        self.depth = 0


def _require_limits(events: Iterable[Any], most_values: int, deepest: int) -> None:
    """Counts what a text comes to, in one pass over what the parser finds, before anything is made of it."""
    import yaml

    known: dict[str, _Part] = {}
    around: list[_Part] = []
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            around.append(_Part(event.anchor))
            if len(around) > deepest:
                raise _too_large(most_values, deepest)
        elif isinstance(event, yaml.DocumentEndEvent):
            return
        elif isinstance(event, yaml.CollectionEndEvent | yaml.AliasEvent | yaml.ScalarEvent):
            part = _ended(event, known, around)
            if part.anchor:
                known[part.anchor] = part
            holder = around[-1] if around else _Part(None)
            holder.values += part.values
            holder.depth = max(holder.depth, part.depth + 1)
            if holder.values > most_values or len(around) + part.depth > deepest:
                raise _too_large(most_values, deepest)


def _ended(event: Any, known: Mapping[str, _Part], around: list[_Part]) -> _Part:
    """The value that ends with an event; for an alias, the one that it stands for."""
    import yaml

    if isinstance(event, yaml.CollectionEndEvent):
        return around.pop()
    if isinstance(event, yaml.ScalarEvent):
        if event.implicit[0] and len(event.value) > LONGEST_NUMBER and _OF_NUMBERS.issuperset(event.value):
            raise LimitError(f"holds a number of more than {LONGEST_NUMBER} characters")
        return _Part(event.anchor)
    if any(part.anchor == event.anchor for part in around):
        raise LimitError("holds itself")
    # Of an anchor that is not there the loader tells.
    return known.get(str(event.anchor)) or _Part(None)


def _too_large(most_values: int, deepest: int) -> LimitError:
    return LimitError(f"must hold at most {most_values:,} values, {deepest} deep in each other")

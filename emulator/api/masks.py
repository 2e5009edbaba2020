"""Field masks: which fields of a resource an update changes or an answer shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import proto
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from emulator.api.errors import invalid

Typed = TypeVar("Typed", bound=proto.Message)
_Tree = dict[str, Any]
# Stands in a tree of paths for a field that is shown with all that is below it.
_WHOLE: _Tree = {}


def mask_paths(text: str) -> str:
    """A query string's field mask, camelCase or snake_case, as proto3 JSON wants it: camelCase."""
    return ",".join(_camel(path.strip()) for path in text.split(",") if path.strip())


def _camel(path: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


def require_mask(paths: Iterable[str], allowed: Sequence[str], field: str = "update_mask") -> list[str]:
    """The paths of an update's mask, each of which must be one that the update may change.

    Args:
        paths: Snake_case paths. A path below an allowed one (`labels.team`) is not taken.
        allowed: The fields that can be updated.
        field: What messages call the mask.

    Raises:
        ApiError: INVALID_ARGUMENT, where the mask is empty or names another field.
    """
    tops = list(dict.fromkeys(paths))
    if not tops:
        raise invalid(field, f"is required and must name at least one of: {', '.join(allowed)}.")
    others = [path for path in tops if path not in allowed]
    if others:
        raise invalid(field, f"can name only: {', '.join(allowed)}. Received: {', '.join(others)}.")
    return tops


def read(messages: Sequence[Typed], mask: FieldMask) -> list[Typed]:
    """Messages with only the fields of a read mask; whole where the mask is empty.

    Raises:
        ApiError: INVALID_ARGUMENT, where the mask names a field that they lack.
    """
    if not mask.paths:
        return list(messages)
    tree = _tree(mask.paths)
    if messages and not _fits(type(messages[0]).pb(messages[0]).DESCRIPTOR, tree):
        raise invalid("read_mask", f"names a field that there is not. Received: {', '.join(mask.paths)}.")
    results = []
    for message in messages:
        pb = type(message).pb(message)
        shown: Any = type(pb)()
        shown.CopyFrom(pb)
        _keep_only(shown, tree)
        results.append(type(message).wrap(shown))
    return results


def _tree(paths: Iterable[str]) -> _Tree:
    """The paths by their first part; a path that another one holds whole leaves no trace."""
    tree: _Tree = {}
    for path in sorted(paths):
        level = tree
        parts = path.split(".")
        for part in parts[:-1]:
            level = level.setdefault(part, {})
            if level is _WHOLE:
                break
        else:
            level[parts[-1]] = _WHOLE
    return tree


def _fits(descriptor: Descriptor, tree: _Tree) -> bool:
    """Whether a message can have all that a mask names. A mask does not reach into lists and maps."""
    if descriptor is Struct.DESCRIPTOR:
        return True
    return all(
        (field := descriptor.fields_by_name.get(name)) is not None
        and (
            below is _WHOLE
            or (field.message_type is not None and not field.is_repeated and _fits(field.message_type, below))
        )
        for name, below in tree.items()
    )


def _keep_only(message: Any, tree: _Tree) -> None:
    """Clears what a mask does not name."""
    if isinstance(message, Struct):
        for key in [key for key in message.fields if snake(key) not in tree]:
            del message.fields[key]
        return
    for field, value in message.ListFields():
        below = tree.get(field.name)
        if below is None:
            message.ClearField(field.name)
        elif below is not _WHOLE:
            _keep_only(value, below)


def snake(name: str) -> str:
    """A camelCase name as snake_case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name)

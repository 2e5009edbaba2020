"""Field masks: which fields of a resource an update changes or an answer shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import proto
from google.protobuf.field_mask_pb2 import FieldMask

from emulator.api_errors import invalid

Typed = TypeVar("Typed", bound=proto.Message)


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
    results = []
    for message in messages:
        pb = type(message).pb(message)
        if not mask.IsValidForDescriptor(pb.DESCRIPTOR):
            raise invalid("read_mask", f"names a field that there is not. Received: {', '.join(mask.paths)}.")
        shown: Any = type(pb)()
        mask.MergeMessage(pb, shown)
        results.append(type(message).wrap(shown))
    return results

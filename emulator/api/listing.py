"""Lists: order, pages and their tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from emulator.api.errors import invalid

# A guess: the documented default of most lists.
PAGE_SIZE = 100
LARGEST_PAGE = 1000

Item = TypeVar("Item")


def ordered(items: Sequence[Item], order_by: str, keys: Mapping[str, Callable[[Item], Any]]) -> list[Item]:
    """Items in the order of an `order_by` such as `display_name, create_time desc`.

    Args:
        items: What to sort. Equal items keep their order.
        order_by: The request's field; empty leaves the order as it is.
        keys: The fields that can be named, in snake_case, with how to read each.

    Raises:
        ApiError: INVALID_ARGUMENT, where it names another field or another direction.
    """
    result = list(items)
    # Of a field that is named twice the first place counts, since what comes first is sorted by last.
    sorts: dict[str, bool] = {}
    for part in [part.split() for part in order_by.split(",")] if order_by.strip() else []:
        field = _snake(part[0]) if part else ""
        direction = part[1].lower() if len(part) == 2 else "asc"
        if field not in keys or direction not in {"asc", "desc"} or len(part) > 2:
            raise invalid(
                "order_by",
                f"must be a comma-separated list of {', '.join(keys)}, each with or without `desc`. Received: "
                f'"{order_by}".',
            )
        sorts.setdefault(field, direction == "desc")
    for field, descending in reversed(sorts.items()):
        result.sort(key=keys[field], reverse=descending)
    return result


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def page(items: Sequence[Item], page_size: int, page_token: str) -> tuple[Sequence[Item], str]:
    """One page of a list, and the token of the next one, empty after the last.

    Raises:
        ApiError: INVALID_ARGUMENT, where size or token make no sense.
    """
    if page_size < 0:
        raise invalid("page_size", f"must not be negative. Received: {page_size}.")
    start = _offset(page_token) if page_token else 0
    end = start + min(page_size or PAGE_SIZE, LARGEST_PAGE)
    return items[start:end], _token(end) if end < len(items) else ""


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"page:{offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        number = base64.urlsafe_b64decode(token.encode("ascii")).decode().partition(":")[2]
        offset = int(number)
    except (binascii.Error, UnicodeError, ValueError):
        offset = -1
    if offset < 0 or token != _token(offset):
        raise invalid("page_token", f'is not a token that this list gave. Received: "{token}".')
    return offset

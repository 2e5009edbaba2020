"""Lists: order, pages and their tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from emulator.api.errors import invalid
from emulator.api.store import Table, Transaction

# A guess: the documented default of most lists.
PAGE_SIZE = 100
LARGEST_PAGE = 1000

Item = TypeVar("Item")
Record = TypeVar("Record")

# What the number in a token is: how many items came before, or the place of the last record that was shown.
_OFFSET, _PLACE = "page", "after"


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
    size = _size(page_size)
    start = _number(_OFFSET, page_token) if page_token else 0
    end = start + size
    return items[start:end], _token(_OFFSET, end) if end < len(items) else ""


def page_of_records(
    tx: Transaction,
    table: Table[Record],
    parent: str,
    request: Any,
    keep: Callable[[Any], bool],
    *,
    keys: Mapping[str, Callable[[Any], Any]] | None = None,
    show: Callable[[Record], Any] = lambda record: record,
    newest_first: bool = True,
) -> tuple[Sequence[Any], str]:
    """One page of the records under a parent, and the token of the next one, empty after the last.

    In the order of their creation no record is read that comes before the page, and one alone that comes after it.

    Args:
        tx: Where they are.
        table: Their kind.
        parent: What they are under.
        request: Names the page, and the order if it has that field.
        keep: Whether one is among those asked for, as it is shown.
        keys: What an order can name, as for `ordered`.
        show: Makes of a record what is listed.
        newest_first: Whether the last one comes first, where the request asks for no order.

    Raises:
        ApiError: INVALID_ARGUMENT, where size, token or order make no sense.
    """
    if keys and request.order_by.strip():
        shown = (show(record) for _, record in tx.walk(table, parent, newest_first=newest_first))
        kept = ordered([item for item in shown if keep(item)], request.order_by, keys)
        return page(kept, request.page_size, request.page_token)
    size = _size(request.page_size)
    beyond = _number(_PLACE, request.page_token) if request.page_token else None
    found: list[Any] = []
    last = 0
    for place, record in tx.walk(table, parent, newest_first=newest_first, beyond=beyond):
        item = show(record)
        if keep(item):
            if len(found) == size:
                return found, _token(_PLACE, last)
            found.append(item)
            last = place
    return found, ""


def _size(page_size: int) -> int:
    if page_size < 0:
        raise invalid("page_size", f"must not be negative. Received: {page_size}.")
    return min(page_size or PAGE_SIZE, LARGEST_PAGE)


def _token(kind: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode()


def _number(kind: str, token: str) -> int:
    """What a token of a kind says.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none of that kind.
    """
    try:
        number = int(base64.urlsafe_b64decode(token.encode("ascii")).decode().partition(":")[2])
    except (binascii.Error, UnicodeError, ValueError):
        number = -1
    if not 0 <= number < 1 << 63 or token != _token(kind, number):
        raise invalid("page_token", f'is not a token that this list gave. Received: "{token}".')
    return number

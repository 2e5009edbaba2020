"""Lists: order, pages and their tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from emulator.api.errors import invalid
from emulator.api.fact_index import Place
from emulator.api.filters import Condition, Field, Predicate, conditions_of
from emulator.api.protobuf import pb_of
from emulator.api.store import Table, Transaction

# A guess: the documented default of most lists.
PAGE_SIZE = 100
LARGEST_PAGE = 1000

Item = TypeVar("Item")
Record = TypeVar("Record")

# What a token tells: how many items came before, or the place of the last record that was shown.
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
    for field, descending in reversed(_sorts(order_by, keys).items()):
        result.sort(key=keys[field], reverse=descending)
    return result


def _sorts(order_by: str, fields: Collection[str]) -> dict[str, bool]:
    """The fields of an order, the first one first, and whether each is descending.

    Of a field that is named twice the first place counts, since what comes first is sorted by last.

    Raises:
        ApiError: INVALID_ARGUMENT, where it names none of the fields or another direction.
    """
    sorts: dict[str, bool] = {}
    for part in [part.split() for part in order_by.split(",")] if order_by.strip() else []:
        field = _snake(part[0]) if part else ""
        direction = part[1].lower() if len(part) == 2 else "asc"
        if field not in fields or direction not in {"asc", "desc"} or len(part) > 2:
            raise invalid(
                "order_by",
                f"must be a comma-separated list of {', '.join(fields)}, each with or without `desc`. Received: "
                f'"{order_by}".',
            )
        sorts.setdefault(field, direction == "desc")
    return sorts


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def page(items: Sequence[Item], page_size: int, page_token: str) -> tuple[Sequence[Item], str]:
    """One page of a list, and the token of the next one, empty after the last.

    Raises:
        ApiError: INVALID_ARGUMENT, where size or token make no sense.
    """
    size = _size(page_size)
    start = _told(_OFFSET, page_token)[0] if page_token else 0
    end = start + size
    return items[start:end], _token(_OFFSET, end) if end < len(items) else ""


def page_of_records(
    tx: Transaction,
    table: Table[Record],
    parent: str,
    request: Any,
    keep: Predicate,
    *,
    conditions: Sequence[Condition] | None = None,
    show: Callable[[Record], Any] = lambda record: record,
    newest_first: bool = True,
) -> tuple[Sequence[Any], str]:
    """One page of the records under a parent, and the token of the next one, empty after the last.

    No record is read that comes before the page, and one alone that comes after it, nor any that the table's facts tell
    apart from those asked for. Where the order names several fields, all that are asked for are read and sorted. Those
    that are equal stand in the order of their creation, the last one first where the last of the fields is descending.

    Args:
        tx: Where they are.
        table: Their kind.
        parent: What they are under.
        request: Names the page, and the filter and the order if it has those fields.
        keep: Whether one is among those asked for, given the protobuf message of what is shown.
        conditions: What the facts of each of those fulfil, if it is not what the filter says.
        show: Makes of a record what is listed.
        newest_first: Whether the last one comes first, where the request asks for no order.

    Raises:
        ApiError: INVALID_ARGUMENT, where size, token or order make no sense.
    """
    size, token = _size(request.page_size), token_given(request)
    facts = table.facts
    orders = facts.orders if facts else {}
    sorts = _sorts(request.order_by, orders) if orders else {}
    field, descending = next(reversed(sorts.items()), ("", newest_first))
    told = conditions_of(keep) if conditions is None else conditions

    def kept(order_by: str, beyond: Place | None) -> Iterator[tuple[Place, Any]]:
        usable = [condition for condition in told if facts and facts.know(condition)]
        walk = tx.walk(table, parent, order_by=order_by, descending=descending, conditions=usable, beyond=beyond)
        shown = ((place, show(record)) for place, record in walk)
        return ((place, item) for place, item in shown if keep(pb_of(item)))

    if len(sorts) > 1:
        keys = {name: partial(_text, order) for name, order in orders.items()}
        everything = ordered([item for _, item in kept("", None)], request.order_by, keys)
        items, following = page(everything, size, token)
    else:
        items, following = _page_of_places(kept(field, _place(token) if token else None), size)
    return items, token_to_give(request, following)


def _text(field: Field, item: Any) -> str:
    return field.text(pb_of(item))


def _page_of_places(kept: Iterable[tuple[Place, Any]], size: int) -> tuple[Sequence[Any], str]:
    found: list[Any] = []
    last = Place("", 0)
    for place, item in kept:
        if len(found) == size:
            return found, _token(_PLACE, last.number, last.value)
        found.append(item)
        last = place
    return found, ""


def token_given(request: Any) -> str:
    """The token of a request as `page` gave it; empty for the first page.

    Raises:
        ApiError: INVALID_ARGUMENT, where it was given for another filter or another order.
    """
    mark, _, token = request.page_token.rpartition(".")
    if request.page_token and (mark != _mark(request) or not token):
        raise invalid("page_token", f'is none of this filter and order. Received: "{request.page_token}".')
    return str(token)


def token_to_give(request: Any, token: str) -> str:
    """The token of `page` as one that goes on with the request's filter and order alone, as Vertex AI documents it."""
    return f"{_mark(request)}.{token}" if token else ""


def _mark(request: Any) -> str:
    asked = f"{getattr(request, 'filter', '')}\n{getattr(request, 'order_by', '')}"
    return hashlib.sha256(asked.encode()).hexdigest()[:8]


def _size(page_size: int) -> int:
    if page_size < 0:
        raise invalid("page_size", f"must not be negative. Received: {page_size}.")
    return min(page_size or PAGE_SIZE, LARGEST_PAGE)


def _token(kind: str, number: int, value: str = "") -> str:
    return base64.urlsafe_b64encode(f"{kind}:{number}:{value}".encode()).decode()


def _place(token: str) -> Place:
    number, value = _told(_PLACE, token)
    return Place(value, number)


def _told(kind: str, token: str) -> tuple[int, str]:
    """The number and the value that a token of a kind tells.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none of that kind.
    """
    try:
        _, number, value = base64.urlsafe_b64decode(token.encode("ascii")).decode().split(":", 2)
        told = int(number), value
    except (binascii.Error, UnicodeError, ValueError):
        told = -1, ""
    if not 0 <= told[0] < 1 << 63 or token != _token(kind, *told):
        raise invalid("page_token", f'is not a token that this list gave. Received: "{token}".')
    return told

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.api.facts import Facts
from emulator.api.filters import Field
from emulator.api.listing import ordered, page, page_of_records
from emulator.api.store import Table, Transaction

KEYS: Any = {"display_name": lambda item: item[0], "create_time": lambda item: item[1]}
ITEMS = [("b", 1), ("a", 2), ("b", 3)]


@pytest.mark.parametrize(
    ("order_by", "times"),
    [
        ("", [1, 2, 3]),
        ("create_time desc", [3, 2, 1]),
        ("display_name", [2, 1, 3]),
        ("displayName desc, createTime desc", [3, 1, 2]),
        ("display_name asc,create_time desc", [2, 3, 1]),
    ],
)
def test_ordered_sorts_by_each_field_in_turn(order_by: str, times: list[int]) -> None:
    assert [time for _, time in ordered(ITEMS, order_by, KEYS)] == times


@pytest.mark.parametrize("order_by", ["size", "create_time up", "create_time desc desc", ",", "create_time,"])
def test_ordered_refuses_what_it_cannot_follow(order_by: str) -> None:
    with pytest.raises(ApiError, match="must be a comma-separated list of display_name, create_time"):
        ordered(ITEMS, order_by, KEYS)


@given(st.integers(0, 250), st.integers(0, 120))
def test_pages_put_together_are_the_list(count: int, size: int) -> None:
    items = list(range(count))
    found: list[int] = []
    token = ""
    while True:
        shown, token = page(items, size, token)
        found += shown
        if not token:
            break
    assert found == items


@pytest.mark.parametrize("token", ["x", "cGFnZTp4", "é", "cGFnZTox\n", "cGFnZTox", "b2Zmc2V0OjE6"])
def test_page_refuses_a_token_that_it_did_not_give(token: str) -> None:
    with pytest.raises(ApiError, match="is not a token that this list gave"):
        page([1, 2, 3], 1, token)


def test_page_refuses_a_negative_size() -> None:
    with pytest.raises(ApiError, match=r"must not be negative\. Received: -1"):
        page([1], -1, "")


def test_a_field_that_is_named_again_is_sorted_by_once() -> None:
    items = [("b", 1), ("a", 2), ("a", 1)]
    keys: dict[str, Any] = {"name": lambda item: item[0], "number": lambda item: item[1]}
    assert ordered(items, "name, number desc, name desc, number", keys) == [("a", 2), ("a", 1), ("b", 1)]
    reads = []

    def number(item: tuple[str, int]) -> int:
        reads.append(item)
        return item[1]

    ordered(items, ",".join(["number"] * 100), {"number": number})
    assert len(reads) == len(items)


NUMBERS = Table[int]("numbers", str, int, Facts({}, {"number": Field(lambda number: f"{number:02}")}))


class Asked(NamedTuple):
    """The fields of a request for a list."""

    page_size: int = 0
    page_token: str = ""
    order_by: str = ""


def add(tx: Transaction, numbers: Iterable[int], parent: str = "p/P") -> None:
    for number in numbers:
        tx.put(NUMBERS, f"{parent}/numbers/{number}", number)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("size", [1, 3, 7, 8, 0])
def test_pages_of_records_put_together_are_the_list(tx: Transaction, newest_first: bool, size: int) -> None:
    add(tx, range(15))
    add(tx, [99], "p/Q")
    found: list[int] = []
    token = ""
    while True:
        shown, token = page_of_records(
            tx, NUMBERS, "p/P", Asked(size, token), lambda number: number % 2 == 0, newest_first=newest_first
        )
        found += shown
        if not token:
            break
    assert found == sorted(range(0, 15, 2), reverse=newest_first)


def test_page_of_records_reads_what_it_shows_and_one_more(tx: Transaction) -> None:
    add(tx, range(50))
    read: list[int] = []

    def show(number: int) -> int:
        read.append(number)
        return number

    page_of_records(tx, NUMBERS, "p/P", Asked(5), lambda _: True, show=show)
    assert read == [49, 48, 47, 46, 45, 44]


def test_page_goes_on_where_it_was_though_records_come_and_go(tx: Transaction) -> None:
    add(tx, range(6))
    shown, token = page_of_records(tx, NUMBERS, "p/P", Asked(2), lambda _: True)
    add(tx, [6])
    tx.delete(NUMBERS, "p/P/numbers/4")
    following, _ = page_of_records(tx, NUMBERS, "p/P", Asked(2, token), lambda _: True)
    assert (shown, following) == ([5, 4], [3, 2])


def test_records_are_listed_in_the_order_that_is_asked_for(tx: Transaction) -> None:
    add(tx, [3, 1, 2])
    first, token = page_of_records(tx, NUMBERS, "p/P", Asked(2, order_by="number"), lambda _: True)
    rest, _ = page_of_records(tx, NUMBERS, "p/P", Asked(2, token, "number"), lambda _: True)
    assert (first, rest) == ([1, 2], [3])


def test_records_are_listed_by_several_fields(tx: Transaction) -> None:
    digits = {"ones": Field(lambda number: str(number % 10)), "tens": Field(lambda number: str(number // 10))}
    table = Table[int]("numbers", str, int, Facts({}, digits))
    for number in (12, 31, 11, 32, 22):
        tx.put(table, f"p/P/numbers/{number}", number)
    asked = Asked(3, order_by="ones desc, tens")
    first, token = page_of_records(tx, table, "p/P", asked, lambda number: number != 31)
    rest, end = page_of_records(tx, table, "p/P", asked._replace(page_token=token), lambda number: number != 31)
    assert (first, rest, end) == ([12, 22, 32], [11], "")

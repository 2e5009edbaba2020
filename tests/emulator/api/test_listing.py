from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.api.listing import ordered, page

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


@pytest.mark.parametrize("token", ["x", "cGFnZTp4", "é", "cGFnZTox\n", "b2Zmc2V0OjE="])
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

from __future__ import annotations

import pytest

from tests.growth import assert_linear


def test_assert_linear_lets_a_work_through_that_looks_at_each_once() -> None:
    def numbers(size: int) -> list[int]:
        return [1] * size

    def total(items: list[int]) -> int:
        return sum(items)

    assert_linear(total, numbers, 20_000)


def test_assert_linear_tells_of_a_work_that_looks_at_each_for_each() -> None:
    def count_all(items: list[int]) -> None:
        for item in items:
            items.count(item)

    with pytest.raises(AssertionError, match=r"Twice 300 takes [34]\.\d times the time, where 2\.5 is the most"):
        assert_linear(count_all, lambda size: list(range(size)), 300)


def test_assert_linear_passes_over_what_a_work_may_refuse_with() -> None:
    assert_linear(int, lambda size: "x" * size, 20_000, refusal=ValueError)
    with pytest.raises(ValueError, match="invalid literal"):
        assert_linear(int, lambda size: "x" * size, 20_000)

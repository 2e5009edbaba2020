from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.patience import patience_s
from trainer.tables.ahead import Ahead, worked_on


def counting(made: list[int], until: int = 1_000_000) -> Iterator[int]:
    for number in range(until):
        made.append(number)
        yield number


def failing_at_three() -> Iterator[int]:
    yield from range(3)
    raise ValueError("no fourth item")


@pytest.mark.parametrize("count", [1, 2, 100])
def test_ahead_gives_every_item_in_order(count: int) -> None:
    assert list(Ahead(range(10), count)) == list(range(10))


def test_ahead_makes_no_more_than_it_may() -> None:
    made: list[int] = []
    items = Ahead(counting(made), 2)
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    items.close()
    assert 5 <= len(made) <= 5 + 2


def test_ahead_begins_before_it_is_asked() -> None:
    begun = threading.Event()

    def items() -> Iterator[int]:
        begun.set()
        yield 1

    with closing(Ahead(items(), 1)):
        assert begun.wait(timeout=patience_s())


def test_ahead_raises_behind_the_items_before_the_failure() -> None:
    items = Ahead(failing_at_three(), 2)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no fourth item"):
        next(items)


def test_ahead_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    for items in (Ahead(counting([]), 1), Ahead(range(3), 1), Ahead(failing_at_three(), 1)):
        next(items)
        items.close()
        assert not list(items)
    Ahead(counting([]), 1).close()
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_worked_on_gives_each_item_with_its_result_in_order(threads: int) -> None:
    assert list(worked_on(lambda number: number * 2, range(10), threads)) == [(n, n * 2) for n in range(10)]


def test_worked_on_raises_behind_the_results_before_the_failure() -> None:
    results = worked_on(lambda number: -number, failing_at_three(), 5)
    assert [next(results) for _ in range(3)] == [(0, 0), (1, -1), (2, -2)]
    with pytest.raises(ValueError, match="no fourth item"):
        next(results)


def test_worked_on_raises_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        list(worked_on(lambda number: 1 // number, [1, 0], 2))

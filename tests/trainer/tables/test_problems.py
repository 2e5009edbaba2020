"""Problems are counted exactly, and the first in reading order are remembered."""

from __future__ import annotations

import random

import pytest

from trainer.errors import PROBLEMS_SHOWN, DataError
from trainer.tables.problems import NOWHERE, Problems


def test_problems_are_listed_in_reading_order_whatever_the_order_found() -> None:
    places = [(file, line, column) for file in range(3) for line in range(5) for column in range(4)]
    shuffled = random.Random(1).sample(places, len(places))  # noqa: S311 - an order, no secret
    problems = Problems()
    for place in shuffled:
        problems.add(*place, lambda place=place: f"{place}")  # type: ignore[misc]  # a default binds it
    with pytest.raises(DataError) as caught:
        problems.raise_if_any()
    assert caught.value.problems == tuple(map(str, places[:PROBLEMS_SHOWN]))
    assert caught.value.total == len(places)


def test_sentences_that_are_not_shown_are_not_made() -> None:
    problems = Problems()
    for line in range(PROBLEMS_SHOWN):
        problems.add(0, line, 0, lambda: "shown")
    problems.add(0, NOWHERE, 0, lambda: pytest.fail("made"))
    problems.count(7)
    assert problems.total == PROBLEMS_SHOWN + 8


def test_problems_of_later_tables_come_behind() -> None:
    problems, later = Problems(), Problems()
    later.add(0, 1, 0, lambda: "later")
    problems.add(5, 9, 0, lambda: "first")
    problems.extend(later)
    problems.add(NOWHERE, NOWHERE, 0, lambda: "both")
    with pytest.raises(DataError) as caught:
        problems.raise_if_any()
    assert caught.value.problems == ("first", "later", "both")


def test_nothing_is_raised_without_a_problem() -> None:
    Problems().raise_if_any()

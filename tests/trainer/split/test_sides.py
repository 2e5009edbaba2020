from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import UsageError
from trainer.split.sides import drawn, key_of, latest, moments_of


def keys(words: list[str], seed: int = 1) -> np.ndarray:
    return np.array([key_of(word, seed) for word in words], np.uint64)


def test_key_is_the_same_everywhere() -> None:
    assert key_of("a", 1) == 4942068887039823890
    assert len({key_of("a", 1), key_of("a", 2), key_of("b", 1)}) == 3


def test_each_class_has_its_share() -> None:
    classes = np.repeat([0, 1, 2], [100, 50, 5])
    sides = drawn(keys([str(row) for row in range(155)]), classes, 0.2)
    assert np.bincount(classes[sides]).tolist() == [20, 10, 1]


def test_another_seed_draws_other_rows() -> None:
    words, classes = [str(row) for row in range(100)], np.zeros(100, np.int64)
    assert (drawn(keys(words), classes, 0.2) != drawn(keys(words, 2), classes, 0.2)).any()


def test_most_rows_stay_where_they_are_when_others_come() -> None:
    words, classes = [str(row) for row in range(1100)], np.zeros(1100, np.int64)
    before, after = drawn(keys(words[:1000]), classes[:1000], 0.2), drawn(keys(words), classes, 0.2)[:1000]
    assert (before != after).sum() < 50


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), min_size=1, max_size=60), st.floats(0.05, 0.95))
def test_rows_of_one_key_are_never_parted_and_training_keeps_every_class(
    rows: list[tuple[int, int]], share: float
) -> None:
    groups, labels = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    sides = drawn(keys([str(group) for group in groups]), labels, share)
    assert all(len(set(sides[groups == group])) == 1 for group in set(groups.tolist()))
    assert set(labels[~sides].tolist()) == set(labels.tolist())


def test_latest_rows_are_taken_and_those_of_one_moment_stay_together() -> None:
    assert latest(np.array([5.0, 1.0, 2.0, 3.0, 4.0]), 0.2).tolist() == [True, False, False, False, False]
    assert latest(np.array([1.0, 2.0, 2.0, 2.0]), 0.25).tolist() == [False, True, True, True]
    assert latest(np.array([2.0, 2.0]), 0.5).tolist() == [False, False]


def test_moments_are_numbers_or_dates() -> None:
    assert moments_of(["2", "10.5"], "day").tolist() == [2.0, 10.5]
    dates = moments_of(["2024-05-31", "2024-05-31T12:00", " 2024-06-01 ", "2024-05-31T23:00-03:00"], "day")
    assert np.argsort(dates).tolist() == [0, 1, 2, 3]
    with pytest.raises(UsageError, match=r'`--time day`: row 2 holds "soon", which is no time that can be ordered\.'):
        moments_of(["2024-05-31", "soon"], "day")

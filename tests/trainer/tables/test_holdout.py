from __future__ import annotations

import numpy as np
import pytest

from trainer.tables.holdout import Holdout, HoldoutDraw
from trainer.tables.rows import Rows
from trainer.tables.words import Words


def rows(numbers: list[float], labels: list[int]) -> Rows:
    words = Words(np.zeros(len(labels), np.int32), ("red",))
    return Rows({"size": np.array(numbers, np.float32), "colour": words}, np.array(labels, np.int64))


def some(count: int, classes: int = 3) -> Rows:
    return rows([float(number) for number in range(count)], [number % classes for number in range(count)])


def part(table: Rows, places: slice | np.ndarray) -> Rows:
    numbers = table.features["size"]
    assert isinstance(numbers, np.ndarray)
    return rows(numbers[places].tolist(), table.labels[places].tolist())


def drawn(*parts: Rows, share: float = 0.2, seed: int = 1, classes: int = 3, most: int = 1000) -> Holdout:
    draw = HoldoutDraw(share, seed, classes, most)
    for rows_read in parts:
        draw.add(rows_read)
    return draw.drawn()


def test_share_of_each_class_is_set_apart() -> None:
    table = some(300)
    held = drawn(table).holds(table)
    assert np.bincount(table.labels[held]).tolist() == [20, 20, 20]


@pytest.mark.parametrize("most", [1000, 60, 15])
def test_order_and_blocks_decide_nothing(most: int) -> None:
    table = some(300)
    shuffled = part(table, np.random.default_rng(1).permutation(300))
    blocks = [part(shuffled, slice(start, start + 50)) for start in range(0, 300, 50)]
    whole, pieced = drawn(table, most=most), drawn(*blocks, most=most)
    np.testing.assert_array_equal(whole.limits, pieced.limits)
    assert whole.holds(table).sum() <= most


def test_equal_rows_are_on_the_same_side() -> None:
    table = rows([float(number // 5) for number in range(200)], [0, 1] * 100)
    held = drawn(table, classes=2).holds(table)
    assert 0 < held.sum() <= 40
    by_row: dict[tuple[int, int], set[bool]] = {}
    for number, apart in enumerate(held):
        by_row.setdefault((number // 5, number % 2), set()).add(bool(apart))
    assert all(len(sides) == 1 for sides in by_row.values())


def test_seed_decides_which_rows() -> None:
    table = some(300)
    one, other = (drawn(table, seed=seed).holds(table) for seed in (1, 2))
    assert one.sum() == other.sum()
    assert (one != other).any()


def test_class_of_few_rows_or_of_one_row_repeated_stays_whole() -> None:
    few = some(12)
    assert not drawn(few).holds(few).any()
    repeated = rows([1.0] * 50, [0] * 50)
    assert not drawn(repeated).holds(repeated).any()


def test_rows_with_a_bad_label_are_left_out() -> None:
    table = rows([float(number) for number in range(20)], [-1, 0] * 10)
    assert drawn(table, classes=1).holds(part(table, slice(1, None, 2))).sum() == 2

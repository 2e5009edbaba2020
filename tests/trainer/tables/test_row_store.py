from __future__ import annotations

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.tables.row_store import RowStore, row_bytes
from trainer.tables.rows import Rows
from trainer.tables.words import Words

SCHEMA = b"""
name = "shop"
[[columns]]
name = "town"
kind = "categorical"
[[columns]]
name = "size"
kind = "numeric"
[[columns]]
name = "area"
kind = "numeric"
[[columns]]
name = "bought"
kind = "label"
classes = ["no", "yes"]
"""
ROW_BYTES = 16


@pytest.fixture(scope="module")
def contract() -> Contract:
    return parse_contract(SCHEMA, "shop.toml")


def block(towns: list[str], start: int) -> Rows:
    """Some rows; their numbers count from `start` on."""
    vocabulary = ("unused", *dict.fromkeys(towns))
    codes = np.array([vocabulary.index(town) for town in towns])
    counted = np.arange(start, start + len(towns), dtype=np.float32)
    return Rows({"town": Words(codes, vocabulary), "size": counted, "area": -counted}, np.ones(len(towns), np.int64))


def test_store_keeps_rows_in_order_with_columns_by_name_and_one_code_a_word(contract: Contract) -> None:
    store = RowStore(contract, limit_bytes=100 * ROW_BYTES)
    store.add(block(["Ulm", "Bonn"], 0))
    store.add(block(["Kiel", "Ulm"], 2))
    numbers, codes, labels = store.take_out()
    assert store.vocabularies == {"town": {"Ulm": 0, "Bonn": 1, "Kiel": 2}}
    np.testing.assert_array_equal(numbers, np.array([[-0.0, 0], [-1, 1], [-2, 2], [-3, 3]], np.float32), strict=True)
    np.testing.assert_array_equal(codes, np.array([[0], [1], [2], [0]], np.int32), strict=True)
    np.testing.assert_array_equal(labels, np.ones(4, np.int32), strict=True)


def test_store_grows_with_many_blocks(contract: Contract) -> None:
    store = RowStore(contract, limit_bytes=1 << 20)
    for start in range(0, 1000, 10):
        store.add(block(["Ulm"] * 10, start))
    numbers, _, labels = store.take_out()
    np.testing.assert_array_equal(numbers[:, 1], np.arange(1000))
    assert len(labels) == 1000


def test_store_lets_go_of_rows_that_are_too_many(contract: Contract) -> None:
    assert row_bytes(3) == ROW_BYTES
    store = RowStore(contract, limit_bytes=3 * ROW_BYTES)
    store.add(block(["Ulm", "Bonn", "Kiel"], 0))
    assert not store.overflowed
    store.add(block(["Ulm"], 3))
    store.add(block([], 4))
    assert store.overflowed


def test_store_of_the_first_rows_has_room_for_any_table(contract: Contract) -> None:
    store = RowStore(contract, limit_bytes=3 * ROW_BYTES, most_rows=3)
    for start in (0, 2, 4):
        store.add(block(["Ulm", "Bonn"], start))
    numbers, codes, labels = store.take_out()
    assert not store.overflowed
    assert numbers[:, 1].tolist() == [0, 1, 2]
    assert codes[:, 0].tolist() == [0, 1, 0]
    assert len(labels) == 3

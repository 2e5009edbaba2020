from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.errors import DataError
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import FittedNumeric
from trainer.tables import read_rows
from trainer.tables.row_store import RowStore, row_bytes
from trainer.training.encoded_rows import EncodedRows
from trainer.training.input_pipeline import LEAST_WINDOW_MIB, PIECE_ROWS, Table, open_table, shuffled

pytestmark = pytest.mark.tensorflow

SCHEMA = b"""
name = "numbers"
[[columns]]
name = "x"
kind = "numeric"
[[columns]]
name = "y"
kind = "label"
classes = ["even", "odd"]
"""
ROWS = 25


@pytest.fixture(scope="module")
def contract() -> Contract:
    return parse_contract(SCHEMA, "numbers.toml")


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The numbers 0 to 24, in two files."""
    folder = tmp_path_factory.mktemp("numbers")
    for name, numbers in {"a.csv": range(10), "b.csv": range(10, ROWS)}.items():
        lines = [f"{number},{('even', 'odd')[number % 2]}" for number in numbers]
        (folder / name).write_text("\n".join(["x,y", *lines]))
    return [str(folder / "a.csv"), str(folder / "b.csv")]


def opened(urls: list[str], contract: Contract, limit_bytes: int) -> Table:
    store = RowStore(contract, limit_bytes)
    for rows in read_rows(urls, contract):
        store.add(rows)
    return open_table(urls, contract, FeatureEncoder([FittedNumeric("x", None)]), ROWS, store)


@pytest.fixture(scope="module")
def held(urls: list[str], contract: Contract) -> Table:
    return opened(urls, contract, limit_bytes=ROWS * row_bytes(1))


@pytest.fixture(scope="module")
def streamed(urls: list[str], contract: Contract) -> Table:
    return opened(urls, contract, limit_bytes=ROWS * row_bytes(1) - 1)


def numbers(pieces: Iterator[EncodedRows], rows: int) -> list[int]:
    """The first `rows` values of x."""
    found: list[int] = []
    while len(found) < rows:
        piece = next(pieces)
        assert (piece.labels == piece.numbers[:, 0] % 2).all()
        found += piece.numbers[:, 0].astype(int).tolist()
    return found[:rows]


def test_rows_that_fit_are_held_and_others_read_anew(held: Table, streamed: Table) -> None:
    assert held.held is not None
    assert streamed.held is None
    for table in (held, streamed, streamed):
        assert numbers(table.pieces(), ROWS) == list(range(ROWS))


def test_windows_are_a_part_of_the_memory_granted(urls: list[str], contract: Contract) -> None:
    store = RowStore(contract, limit_bytes=0)
    store.add(next(read_rows(urls, contract)))
    encoder = FeatureEncoder([FittedNumeric("x", None)])
    least = (LEAST_WINDOW_MIB << 20) // row_bytes(1)
    assert open_table(urls, contract, encoder, 10**9, store).window_rows == least
    store.limit_bytes = 1024 << 20
    assert open_table(urls, contract, encoder, 10**9, store).window_rows == (128 << 20) // row_bytes(1)
    assert open_table(urls, contract, encoder, ROWS, store).window_rows == ROWS


def test_windows_are_cut_to_the_row_across_files(streamed: Table) -> None:
    windows = list(replace(streamed, window_rows=8).windows())
    assert [len(window) for window in windows] == [8, 8, 8, 1]
    assert numbers(iter(windows), ROWS) == list(range(ROWS))


@pytest.mark.parametrize("window_rows", [1, 8, ROWS])
def test_shuffled_rows_hold_each_row_once_an_epoch(streamed: Table, window_rows: int) -> None:
    found = numbers(shuffled(replace(streamed, window_rows=window_rows), seed=1), 3 * ROWS)
    epochs = [found[start : start + ROWS] for start in (0, ROWS, 2 * ROWS)]
    assert all(sorted(epoch) == list(range(ROWS)) for epoch in epochs)
    assert (epochs[0] == epochs[1]) == (window_rows == 1)


def test_rows_held_are_in_the_order_of_rows_shuffled_in_one_window(held: Table, streamed: Table) -> None:
    assert numbers(shuffled(held, seed=1), 100) == numbers(shuffled(streamed, seed=1), 100)


@pytest.mark.parametrize("first_row", [0, 1, 7, 8, 24, 25, 26, 60])
@pytest.mark.parametrize("window_rows", [8, ROWS])
def test_shuffled_rows_start_anywhere_in_the_same_sequence(streamed: Table, first_row: int, window_rows: int) -> None:
    table = replace(streamed, window_rows=window_rows)
    whole = numbers(shuffled(table, seed=3), 100)
    assert numbers(shuffled(table, seed=3, first_row=first_row), 100 - first_row) == whole[first_row:]


def test_shuffled_rows_end_after_their_epochs(held: Table, streamed: Table) -> None:
    for table in (held, streamed):
        assert sum(map(len, shuffled(table, seed=1, first_row=5, epochs=2))) == 2 * ROWS - 5


def test_shuffled_rows_differ_by_seed(held: Table) -> None:
    first, second = (numbers(shuffled(held, seed), ROWS) for seed in (1, 2))
    assert first != second


def test_a_file_that_was_spoilt_since_it_was_checked_is_refused(
    urls: list[str], contract: Contract, tmp_path: Path
) -> None:
    copies = [str(shutil.copy(url, tmp_path)) for url in urls]
    table = opened(copies, contract, limit_bytes=0)
    with open(copies[1], "a", encoding="utf-8") as file:
        file.write("\nno number,odd")
    with pytest.raises(DataError, match='line 17, column "x": received "no number"'):
        list(shuffled(table, seed=1, epochs=1))


def test_shuffled_rows_come_in_pieces_however_large_the_window(held: Table) -> None:
    assert held.held is not None
    count = PIECE_ROWS + 1
    many = replace(held, held=held.held.at(np.zeros(count, int)), rows=count, window_rows=count)
    assert list(map(len, shuffled(many, seed=1, epochs=1))) == [PIECE_ROWS, 1]

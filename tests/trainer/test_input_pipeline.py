from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.features import FeatureEncoder, FittedNumeric
from trainer.input_pipeline import Table, batched, open_table, shuffled_rows, windows
from trainer.tables import Batch

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


@pytest.fixture(params=["in memory", "streamed"])
def table(request: pytest.FixtureRequest, tmp_path: Path, contract: Contract) -> Table:
    """The numbers 0 to 24, in two files."""
    for name, numbers in {"a.csv": range(10), "b.csv": range(10, ROWS)}.items():
        lines = [f"{number},{('even', 'odd')[number % 2]}" for number in numbers]
        (tmp_path / name).write_text("\n".join(["x,y", *lines]))
    urls = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    return open_table(urls, contract, ROWS, in_memory=request.param == "in memory")


def numbers(batches: Iterator[Batch], rows: int) -> list[int]:
    """The first `rows` values of x."""
    found: list[int] = []
    while len(found) < rows:
        batch = next(batches)
        assert (batch.labels == batch.features["x"] % 2).all()
        found += batch.features["x"].astype(int).tolist()
    return found[:rows]


def test_windows_keep_every_row_in_order(table: Table) -> None:
    sizes = [len(window.labels) for window in windows(table.batches(), 8)]
    assert sum(sizes) == ROWS
    assert min(sizes[:-1], default=8) >= 8
    assert numbers(windows(table.batches(), 8), ROWS) == list(range(ROWS))


@pytest.mark.parametrize("window_rows", [1, 8, 1000])
def test_shuffled_rows_hold_each_row_once_an_epoch(table: Table, window_rows: int) -> None:
    found = numbers(shuffled_rows(table, seed=1, window_rows=window_rows), 3 * ROWS)
    epochs = [found[start : start + ROWS] for start in (0, ROWS, 2 * ROWS)]
    assert all(sorted(epoch) == list(range(ROWS)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert list(range(ROWS)) not in epochs or window_rows == 1


@pytest.mark.parametrize("first_row", [0, 1, 24, 25, 26, 60])
@pytest.mark.parametrize("window_rows", [8, 1000])
def test_shuffled_rows_start_anywhere_in_the_same_sequence(table: Table, first_row: int, window_rows: int) -> None:
    whole = numbers(shuffled_rows(table, seed=3, window_rows=window_rows), 100)
    later = numbers(shuffled_rows(table, seed=3, first_row=first_row, window_rows=window_rows), 100 - first_row)
    assert later == whole[first_row:]


def test_shuffled_rows_end_after_their_epochs(table: Table) -> None:
    rows = sum(len(batch.labels) for batch in shuffled_rows(table, seed=1, epochs=2))
    assert rows == 2 * ROWS


def test_shuffled_rows_differ_by_seed(table: Table) -> None:
    first, second = (numbers(shuffled_rows(table, seed, window_rows=ROWS), ROWS) for seed in (1, 2))
    assert first != second


@pytest.mark.tensorflow
@pytest.mark.parametrize(("threads", "ahead"), [(None, None), (1, 1)])
def test_batched_deals_rows_of_the_size_asked(
    table: Table, contract: Contract, threads: int | None, ahead: int | None
) -> None:
    encoder = FeatureEncoder([FittedNumeric("x", None)])
    encoded = batched(lambda: windows(table.batches(), 7), contract, encoder, 10, threads, ahead)
    dealt = list(encoded)
    assert [len(labels) for _, labels in dealt] == [10, 10, 5]
    values = list(itertools.chain.from_iterable(features["dense"].numpy()[:, 0] for features, _ in dealt))
    assert values == list(range(ROWS))
    assert {(features["dense"].dtype.name, labels.dtype.name) for features, labels in dealt} == {("float32", "int64")}
    np.testing.assert_array_equal(dealt[0][1], np.arange(10) % 2)

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.conftest import IrisFiles
from trainer.contract import load_contract
from trainer.evaluation.gate_metric import ACCURACY, GateMetric
from trainer.evaluation.importance import BUDGET_S, MOST_ROWS, Importance, RowSample, permutation_importance
from trainer.tables import Batch

ROWS = Batch(
    {"idle": np.arange(200.0), "leading": np.tile([0.0, 1.0], 100), "words": np.array(["x", "y"] * 100, object)},
    np.tile([0, 1], 100),
)


def ask(features: dict[str, np.ndarray]) -> np.ndarray:
    """A model that leans on one column, and a little on another."""
    second = 0.1 + 0.7 * features["leading"] + 0.1 * (features["words"] == "y")
    return np.stack([1 - second, second], axis=1).astype(np.float32)


def test_importance_ranks_the_columns_by_what_shuffling_costs() -> None:
    found = permutation_importance(ask, ROWS, ACCURACY)
    assert [one.column for one in found.columns] == ["leading", "words", "idle"]
    assert (found.rows, found.left_out) == (200, 0)
    leading, words, idle = found.columns
    assert leading.metric == pytest.approx(0.5, abs=0.1)
    assert (words.metric, idle.loss, idle.deviation, idle.metric) == (0, 0, 0, 0)
    assert leading.loss > words.loss > 0 < leading.deviation
    assert found == permutation_importance(ask, ROWS, ACCURACY)
    assert permutation_importance(ask, ROWS, GateMetric("log_loss")).columns[0].metric == pytest.approx(leading.loss)


def test_importance_leaves_out_what_the_time_does_not_suffice_for_and_changes_nothing_else() -> None:
    def clock(columns: int) -> Importance:
        ticks = itertools.chain([0.0] * (columns + 1), itertools.repeat(BUDGET_S))
        return permutation_importance(ask, ROWS, ACCURACY, clock=lambda: next(ticks))

    assert (clock(0).columns, clock(0).left_out) == ((), 3)
    some, all_of_them = clock(2), clock(3)
    assert (some.left_out, all_of_them.left_out) == (1, 0)
    assert set(some.columns) < set(all_of_them.columns)


def test_row_sample_draws_from_the_whole_table_and_keeps_rows_whole(iris_files: IrisFiles) -> None:
    sample = RowSample(load_contract(str(iris_files.schema)))
    names = ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")
    for start in range(0, 10 * MOST_ROWS, 1000):
        numbers = np.arange(start, start + 1000)
        sample.see(Batch({name: numbers.astype(np.float32) for name in names}, numbers), np.empty(0))
    rows = sample.rows()
    assert len(rows.labels) == MOST_ROWS
    for values in rows.features.values():
        assert (values == rows.labels).all()
    assert rows.labels.mean() == pytest.approx(5 * MOST_ROWS, rel=0.05)
    assert (np.diff(rows.labels) > 0).all()


def test_row_sample_of_a_small_table_is_the_table(iris_files: IrisFiles) -> None:
    sample = RowSample(load_contract(str(iris_files.schema)))
    batch = Batch({"SepalLength": np.arange(5.0)}, np.arange(5))
    for part in (slice(0, 2), slice(2, 5)):
        sample.see(Batch({"SepalLength": batch.features["SepalLength"][part]}, batch.labels[part]), np.empty(0))
    assert sample.rows().labels.tolist() == [0, 1, 2, 3, 4]

from __future__ import annotations

import itertools

import numpy as np
import pytest

from trainer.contract import Contract
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import fit_columns
from trainer.tables import read_batches, read_rows
from trainer.tables.profile import check_tables
from trainer.tables.row_store import RowStore
from trainer.training.encoded_rows import EncodedRows, encode_rows, encode_stored, first_rows, recut


def counted(start: int, stop: int) -> EncodedRows:
    numbers = np.arange(start, stop, dtype=np.int32)
    return EncodedRows(numbers[:, np.newaxis].astype(np.float32), np.zeros([stop - start, 0], np.int32), numbers)


@pytest.mark.parametrize("size", [1, 3, 4, 10, 25, 100])
@pytest.mark.parametrize("ends", [(10, 25), (1, 2, 3, 25), (25,), (5, 10, 15, 20, 25)])
def test_recut_keeps_rows_and_order_in_pieces_of_the_size_asked(size: int, ends: tuple[int, ...]) -> None:
    parts = (counted(start, stop) for start, stop in itertools.pairwise((0, *ends)))
    pieces = list(recut(parts, size))
    assert [len(piece) for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    assert 0 < len(pieces[-1]) <= size
    assert np.concatenate([piece.labels for piece in pieces]).tolist() == list(range(25))
    assert np.concatenate([piece.numbers[:, 0] for piece in pieces]).tolist() == list(range(25))


@pytest.mark.parametrize("count", [1, 10, 11, 25])
def test_first_rows_are_so_many(count: int) -> None:
    parts = iter([counted(0, 10), counted(10, 25)])
    assert np.concatenate([part.labels for part in first_rows(parts, count)]).tolist() == list(range(count))


@pytest.mark.tensorflow
def test_rows_encoded_as_they_are_read_or_where_they_are_kept_are_what_the_served_model_sees(
    mixed_contract: Contract, mixed_files: dict[str, str]
) -> None:
    import tensorflow as tf

    contract = mixed_contract.model_copy(update={"max_shared_rows": 1.0})
    training, evaluation = [mixed_files["train.csv"]], [mixed_files["eval.csv"]]
    store = RowStore(contract, 1 << 20)
    profile, _ = check_tables(training, evaluation, contract, keep_evaluation=store.add)
    encoder = FeatureEncoder(fit_columns(contract, profile))
    [raw], [rows] = read_batches(evaluation, contract), read_rows(evaluation, contract)
    served = encoder({name: tf.constant(values) for name, values in raw.features.items()})
    for encoded in (encode_rows(rows, encoder), encode_stored(store, encoder)):
        seen = encoder.expand(encoded.numbers, encoded.ids)
        assert seen.keys() == served.keys() == {"dense", "ids"}
        for name, values in served.items():
            np.testing.assert_array_equal(seen[name], values, strict=True)
        np.testing.assert_array_equal(encoded.labels, raw.labels)

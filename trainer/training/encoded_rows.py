"""Rows as they travel to the network: matrices of numbers and of ids, and the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.model.features import FeatureEncoder
from trainer.tables import Rows
from trainer.tables.row_store import RowStore, row_bytes
from trainer.tables.words import Dates, Words

_BYTES_AT_ONCE = 8 << 20


@dataclass(frozen=True)
class EncodedRows:
    """Some rows.

    Attributes:
        numbers: float32 [n, numeric and date columns].
        ids: int32 [n, categorical columns].
        labels: int32 [n], class ids.
    """

    numbers: np.ndarray
    ids: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, places: np.ndarray) -> EncodedRows:
        """Copies of the rows at some places, in the order of the places."""
        numbers, ids, labels = (np.take(part, places, axis=0) for part in (self.numbers, self.ids, self.labels))
        return EncodedRows(numbers, ids, labels)

    def between(self, start: int, stop: int) -> EncodedRows:
        """The rows from `start` on, up to `stop`; a view."""
        return EncodedRows(self.numbers[start:stop], self.ids[start:stop], self.labels[start:stop])


def encode_rows(rows: Rows, encoder: FeatureEncoder) -> EncodedRows:
    """Encodes rows, every cell of which keeps the contract.

    Raises:
        tf.errors.InvalidArgumentError: A number is missing or not finite, or a word is missing or not known, where the
            column admits none such.
    """
    ids = np.empty([len(rows.labels), len(encoder.categorical)], np.int32)
    for place, column in enumerate(encoder.categorical):
        words = rows.features[column.name]
        if isinstance(words, Words):
            occur = words.occurring()
            of_code = np.zeros(len(words.vocabulary), np.int32)
            of_code[occur] = encoder.ids_of(column, [words.vocabulary[code] for code in occur])
            ids[:, place] = np.take(of_code, words.codes)
    numbers = np.empty([len(ids), len(encoder.numeric)], np.float32)
    for place, number in enumerate(encoder.numeric):
        values = rows.features[number.name]
        numbers[:, place] = values.to_days() if isinstance(values, Dates) else np.asarray(values)
    return EncodedRows(encoder.scale(numbers).numpy(), ids, rows.labels.astype(np.int32))


def encode_stored(store: RowStore, encoder: FeatureEncoder) -> EncodedRows:
    """Encodes the rows that a store keeps, in their own place: there may be room for them once, but not twice.

    Raises:
        tf.errors.InvalidArgumentError: As `encode_rows`.
    """
    numbers, codes, labels = store.take_out()
    for place, (column, words) in enumerate(zip(encoder.categorical, store.vocabularies.values(), strict=True)):
        codes[:, place] = np.take(encoder.ids_of(column, list(words)), codes[:, place])
    count = max(1, _BYTES_AT_ONCE // row_bytes(len(encoder.columns)))
    for start in range(0, len(labels), count):
        piece = numbers[start : start + count]
        piece[:] = encoder.scale(piece)
    return EncodedRows(numbers, codes, labels)


def joined(parts: Sequence[EncodedRows]) -> EncodedRows:
    """The rows of several, in order."""
    if len(parts) == 1:
        return parts[0]
    return EncodedRows(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def recut(parts: Iterator[EncodedRows], size: int) -> Iterator[EncodedRows]:
    """The same rows in pieces of `size` rows; the last may be smaller."""
    waiting: list[EncodedRows] = []
    rows = 0
    for part in parts:
        waiting.append(part)
        rows += len(part)
        if rows >= size:
            whole = joined(waiting)
            end = rows - rows % size
            yield from (whole.between(start, start + size) for start in range(0, end, size))
            waiting, rows = [whole.at(np.arange(end, rows))], rows - end
    if rows:
        yield joined(waiting)


def first_rows(parts: Iterator[EncodedRows], count: int) -> Iterator[EncodedRows]:
    """The first `count` rows."""
    for part in parts:
        yield part.between(0, count)
        count -= len(part)
        if count <= 0:
            return

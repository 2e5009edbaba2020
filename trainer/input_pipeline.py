"""Batches of rows for TensorFlow: shuffled whole where a table fits in memory, in wide windows where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.contract import Contract
from trainer.features import FeatureEncoder, raw_dtype
from trainer.tables import Batch, read_batches

if TYPE_CHECKING:
    import tensorflow as tf

# Rows that travel from Python to TensorFlow at a time. Large enough that the crossing costs nothing a row.
WINDOW_ROWS = 65_536


@dataclass(frozen=True)
class Table:
    """Checked rows: the files, and the rows themselves where they fit in memory.

    Attributes:
        urls: The CSV files, in order.
        contract: Their data contract.
        rows: How many rows they hold.
        held: All the rows, or None where they are read from the files anew for each pass.
    """

    urls: tuple[str, ...]
    contract: Contract
    rows: int
    held: Batch | None

    def batches(self) -> Iterator[Batch]:
        """The rows in the order of the files."""
        if self.held is not None:
            yield self.held
        else:
            yield from read_batches(self.urls, self.contract)


def open_table(urls: Sequence[str], contract: Contract, rows: int, in_memory: bool) -> Table:
    """A table of files that were found to hold `rows` good rows.

    Args:
        urls: The CSV files.
        contract: Their data contract.
        rows: Their rows.
        in_memory: Whether to hold the rows.

    Raises:
        DataError: A file no longer fits the contract.
    """
    held = concatenate(list(read_batches(urls, contract))) if in_memory else None
    return Table(tuple(urls), contract, rows, held)


def concatenate(batches: Sequence[Batch]) -> Batch:
    """One batch of all the rows of several, in order."""
    if len(batches) == 1:
        return batches[0]
    names = batches[0].features
    features = {name: np.concatenate([batch.features[name] for batch in batches]) for name in names}
    return Batch(features, np.concatenate([batch.labels for batch in batches]))


def take(batch: Batch, rows: np.ndarray | slice) -> Batch:
    """The rows of a batch at some places."""
    return Batch({name: values[rows] for name, values in batch.features.items()}, batch.labels[rows])


def windows(batches: Iterator[Batch], size: int) -> Iterator[Batch]:
    """The same rows in batches of at least `size` rows, but for the last."""
    waiting: list[Batch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += len(batch.labels)
        if rows >= size:
            yield concatenate(waiting)
            waiting, rows = [], 0
    if waiting:
        yield concatenate(waiting)


def shuffled_rows(
    table: Table, seed: int, first_row: int = 0, epochs: int = 0, window_rows: int = WINDOW_ROWS
) -> Iterator[Batch]:
    """The training rows, epoch after epoch, from the `first_row`-th on.

    The order is a function of `seed` and of the epoch alone, so that training that was stopped after so many rows goes
    on with the very rows that an uninterrupted one would have seen.

    Args:
        table: The rows. Held rows are shuffled whole; others in windows of `window_rows` rows or more.
        seed: Decides the order.
        first_row: How many rows of the sequence to leave out.
        epochs: How many epochs there are; 0 for no end.
        window_rows: The rows, at least, that leave at once.
    """
    return windows(_epochs(table, seed, first_row, epochs, window_rows), window_rows)


def _epochs(table: Table, seed: int, first_row: int, epochs: int, window_rows: int) -> Iterator[Batch]:
    epoch, skip = divmod(first_row, table.rows)
    while not epochs or epoch < epochs:
        order = np.random.default_rng([seed, epoch])
        for window in windows(table.batches(), window_rows):
            permutation = order.permutation(len(window.labels))[skip:]
            skip = max(0, skip - len(window.labels))
            if len(permutation):
                yield take(window, permutation)
        epoch += 1


def batched(
    rows: Callable[[], Iterator[Batch]],
    contract: Contract,
    encoder: FeatureEncoder,
    batch_size: int,
    threads: int | None = None,
    ahead: int | None = None,
) -> tf.data.Dataset:
    """Encoded batches of rows.

    Args:
        rows: Starts the sequence of rows.
        contract: Names the raw columns.
        encoder: Encodes them; it runs on whole windows, before the rows are dealt into batches.
        batch_size: Rows a batch; the last may be smaller.
        threads: Threads that encode. None lets tf.data choose.
        ahead: Batches prepared ahead. None lets tf.data choose.

    Returns:
        A dataset of (encoded features, labels int64 [batch_size]).
    """
    import tensorflow as tf

    def crossing() -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        for batch in rows():
            yield batch.features, batch.labels

    signature = (
        {column.name: tf.TensorSpec([None], raw_dtype(column)) for column in contract.features},
        tf.TensorSpec([None], tf.int64),
    )
    dataset = tf.data.Dataset.from_generator(crossing, output_signature=signature)
    dataset = dataset.map(lambda raw, labels: (encoder(raw), labels), num_parallel_calls=threads or tf.data.AUTOTUNE)
    return dataset.rebatch(batch_size).prefetch(ahead or tf.data.AUTOTUNE)

"""Deals the steps of training out of chunks of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.config import TrainingConfig
from trainer.tables.ahead import Ahead
from trainer.training.encoded_rows import EncodedRows, first_rows, recut
from trainer.training.input_pipeline import Table, piece_rows, shuffled
from trainer.training.step_plan import StepPlan

if TYPE_CHECKING:
    import tensorflow as tf

CHUNKS_AHEAD = 2


@dataclass(frozen=True)
class Chunk:
    """Rows for many steps, as tensors of one shape whatever their number: XLA compiles for a shape.

    Attributes:
        numbers: float32 [size, numeric columns].
        ids: int32 [size, categorical columns].
        labels: int32 [size].
        rows: How many rows count, from the first on; the others fill the chunk up. Where replicas share the batches,
            those of all of them, and the tensors hold the share of one.
    """

    numbers: tf.Tensor
    ids: tf.Tensor
    labels: tf.Tensor
    rows: int


def chunk_of(rows: EncodedRows, size: int) -> Chunk:
    """A chunk of `size` rows, at most all of which count."""
    import tensorflow as tf

    missing = size - len(rows)

    def filled(part: np.ndarray) -> tf.Tensor:
        return tf.constant(np.pad(part, [(0, missing), *[(0, 0)] * (part.ndim - 1)]) if missing else part)

    return Chunk(filled(rows.numbers), filled(rows.ids), filled(rows.labels), len(rows))


def share_of(rows: EncodedRows, plan: StepPlan) -> Chunk:
    """A replica's share of each batch of some rows, at most `plan.chunk_rows` of them.

    The batches are those of a training alone; the share of a last, smaller one may be smaller or nothing.
    """
    if plan.replicas == 1:
        return chunk_of(rows, plan.chunk_rows)
    places = np.arange(len(rows)) % plan.batch_size - plan.first_row
    share = rows.at(np.flatnonzero((places >= 0) & (places < plan.share)))
    return replace(chunk_of(share, plan.chunk_rows // plan.replicas), rows=len(rows))


@dataclass(frozen=True)
class Stretch:
    """Some steps in a row, all on one chunk.

    Attributes:
        chunk: The chunk.
        first: Number of the first step's batch in the chunk, from 0.
        steps: How many steps.
        rows: How many rows they see.
    """

    chunk: Chunk
    first: int
    steps: int
    rows: int


class ChunkFeed:
    """A sequence of chunks, taken step by step.

    Args:
        chunks: The chunks, each of whole batches; of the last, fewer rows may count.
        batch_size: Rows a step.
    """

    def __init__(self, chunks: Iterable[Chunk], batch_size: int) -> None:
        self._chunks = iter(chunks)
        self._batch_size = batch_size
        self._chunk: Chunk | None = None
        self._next = 0

    def take(self, steps: int) -> Iterator[Stretch]:
        """The next `steps` steps; fewer where the rows end."""
        while steps and (chunk := self._current()):
            first, start = self._next, self._next * self._batch_size
            count = min(steps, -(-(chunk.rows - start) // self._batch_size))
            self._next += count
            steps -= count
            yield Stretch(chunk, first, count, min(chunk.rows - start, count * self._batch_size))

    def _current(self) -> Chunk | None:
        """The chunk that holds the next batch."""
        if self._chunk is None or self._next * self._batch_size >= self._chunk.rows:
            self._chunk, self._next = next(self._chunks, None), 0
        return self._chunk


def training_chunks(config: TrainingConfig, plan: StepPlan, table: Table, step: int) -> Ahead[Chunk]:
    """The chunks of a training, made ahead of it.

    Args:
        config: Names the seed, the epochs, and how far ahead.
        plan: Says how large they are.
        table: The rows.
        step: How many steps were taken before.
    """
    rows = shuffled(table, config.seed, step * plan.batch_size, config.num_epochs)
    batches = config.prefetch_buffer_size
    count = -(-batches * plan.batch_size // plan.chunk_rows) if batches else CHUNKS_AHEAD
    return Ahead((share_of(piece, plan) for piece in recut(rows, plan.chunk_rows)), count)


class EvaluationChunks:
    """The chunks of an evaluation, for any number of them: made once where the rows are held.

    Args:
        table: The rows, of which the first `table.rows` are taken.
        widest: The most numbers that a row becomes on its way through the network.
    """

    def __init__(self, table: Table, widest: int) -> None:
        self._table = table
        self._size = piece_rows(widest)
        self._held = list(self._make()) if table.held is not None else None

    def __iter__(self) -> Iterator[Chunk]:
        return self._make() if self._held is None else iter(self._held)

    def _make(self) -> Iterator[Chunk]:
        for piece in recut(first_rows(self._table.pieces(), self._table.rows), self._size):
            yield chunk_of(piece, len(piece))

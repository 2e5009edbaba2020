"""The training rows in two parts: those to learn, and those that are held out and watched instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trainer.config import TrainingConfig
from trainer.tables import Rows
from trainer.tables.growing_array import GrowingArray
from trainer.tables.holdout import Holdout, HoldoutDraw
from trainer.tables.row_store import RowStore
from trainer.training.encoded_rows import encode_rows, joined
from trainer.training.input_pipeline import Table


class HeldOutRows:
    """Draws the rows to hold out while the training tables are read, and parts the table by them.

    Whether rows are held in memory or read anew, the same ones are held out.

    Args:
        config: Says how many, and the seed.
        classes: How many classes there are.
        store: Where the rows go; once it has let go of them, nothing is kept of each row here either.
    """

    def __init__(self, config: TrainingConfig, classes: int, store: RowStore) -> None:
        self._draw = HoldoutDraw(config.holdout, config.seed, classes)
        self._store = store
        self._bits = GrowingArray(np.uint64)

    def add(self, rows: Rows) -> None:
        """Takes in some more rows, and gives them to the store."""
        self._store.add(rows)
        bits = self._draw.add(rows)
        if self._store.overflowed:
            self._bits.clear()
        else:
            self._bits.extend(bits)

    def part(self, table: Table) -> tuple[Table, Table]:
        """The rows to learn and the rows held out, of which there may be none.

        Args:
            table: All the rows that were taken in.
        """
        holdout = self._draw.drawn()
        if table.held is None:
            return _parted_by_reading(table, holdout)
        apart = holdout.holds_bits(self._bits.take_out(), table.held.labels)
        learned, held_out = (table.held.at(np.flatnonzero(which)) for which in (~apart, apart))
        return (
            replace(table, rows=len(learned), held=learned, window_rows=len(learned)),
            replace(table, rows=len(held_out), held=held_out),
        )


def _parted_by_reading(table: Table, holdout: Holdout) -> tuple[Table, Table]:
    found = [encode_rows(rows, table.encoder).at(np.flatnonzero(holdout.holds(rows))) for rows in table.read()]
    held_out = joined(found)
    rows = table.rows - len(held_out)
    return (
        replace(table, rows=rows, window_rows=min(rows, table.window_rows), without=holdout),
        replace(table, rows=len(held_out), held=held_out),
    )

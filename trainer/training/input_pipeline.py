"""The rows of a table in the order of training: shuffled whole where they are held, otherwise in wide windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from trainer.contract import Contract
from trainer.model.features import FeatureEncoder
from trainer.tables import Rows, read_rows
from trainer.tables.ahead import Ahead
from trainer.tables.holdout import Holdout
from trainer.tables.reader import PARSING_THREADS
from trainer.tables.row_store import NUMBER_BYTES, RowStore, row_bytes
from trainer.training.encoded_rows import EncodedRows, encode_rows, encode_stored, recut

# Rows that are handed on at a time, at most: enough of them that the handing costs nothing a row.
PIECE_ROWS = 65_536
# What they may take of memory, where a row has many columns.
PIECE_MIB = 8
# Shuffled windows are this large at least, and a part of the memory granted where that is more: three of them exist at
# a time, one being dealt out, one ready, one being read.
LEAST_WINDOW_MIB = 32
WINDOW_SHARE = 8

# Which of some rows belong to a table, bool [n].
Part = Callable[[Rows], np.ndarray]


@dataclass(frozen=True)
class Table:
    """Checked rows: the files, and the rows themselves where they fit in memory.

    Attributes:
        urls: The CSV files, in order.
        contract: Their data contract.
        encoder: Encodes their rows.
        rows: How many rows they hold.
        held: All the rows, or None where they are read from the files anew for each pass.
        window_rows: Rows that are shuffled among each other.
        threads: Threads that parse the files.
        without: Rows of the table that are left out where they are read; None where none are.
        part: Which rows of the files are the table's; None where all are.
    """

    urls: tuple[str, ...]
    contract: Contract
    encoder: FeatureEncoder
    rows: int
    held: EncodedRows | None
    window_rows: int
    threads: int = PARSING_THREADS
    without: Holdout | None = None
    part: Part | None = None

    def read(self) -> Iterator[Rows]:
        """The rows as the files have them, those left out among them."""
        for rows in read_rows(self.urls, self.contract, threads=self.threads):
            yield rows if self.part is None else rows.at(np.flatnonzero(self.part(rows)))

    def pieces(self) -> Iterator[EncodedRows]:
        """The rows in the order of the files."""
        if self.held is not None:
            yield self.held
        else:
            for rows in self.read():
                encoded = encode_rows(rows, self.encoder)
                yield encoded if self.without is None else encoded.at(np.flatnonzero(~self.without.holds(rows)))

    def windows(self) -> Iterator[EncodedRows]:
        """The rows in the order of the files, in the pieces that are shuffled."""
        if self.held is not None:
            yield self.held
            return
        with closing(Ahead(recut(self.pieces(), self.window_rows), 1)) as windows:
            yield from windows


def open_table(
    urls: Sequence[str],
    contract: Contract,
    encoder: FeatureEncoder,
    rows: int,
    store: RowStore,
    threads: int = PARSING_THREADS,
    part: Part | None = None,
) -> Table:
    """A table of files that were found to hold `rows` good rows.

    Args:
        urls: The CSV files.
        contract: Their data contract.
        encoder: Encodes their rows.
        rows: The rows that there are, or the first so many of them.
        store: Holds them, unless they were too many; it is emptied. Where they were, windows take a part of its limit.
        threads: Threads that parse the files, where they are read anew.
        part: Which rows of the files are the table's, and were given to the store; None where all are.
    """
    if not store.overflowed:
        return Table(tuple(urls), contract, encoder, rows, encode_stored(store, encoder), rows, threads, part=part)
    window_bytes = max(LEAST_WINDOW_MIB << 20, store.limit_bytes // WINDOW_SHARE)
    window_rows = min(rows, max(1, window_bytes // row_bytes(len(contract.features))))
    return Table(tuple(urls), contract, encoder, rows, None, window_rows, threads, part=part)


def piece_rows(numbers: int) -> int:
    """How many rows are handed on at a time, at most, where each takes so many numbers of four bytes."""
    return max(1, min(PIECE_ROWS, (PIECE_MIB << 20) // (NUMBER_BYTES * numbers)))


def shuffled(table: Table, seed: int, first_row: int = 0, epochs: int = 0) -> Iterator[EncodedRows]:
    """The training rows, epoch after epoch, from the `first_row`-th on.

    The order is a function of `seed`, of the epoch and of the window alone, so that training that was stopped after so
    many rows goes on with the very rows that an uninterrupted one would have seen.

    Args:
        table: The rows. Held rows are shuffled whole; others in windows of `table.window_rows`.
        seed: Decides the order.
        first_row: How many rows of the sequence to leave out.
        epochs: How many epochs there are; 0 for no end.

    Yields:
        Pieces of any size up to `PIECE_ROWS`.
    """
    size = piece_rows(len(table.contract.features))
    epoch, skip = divmod(first_row, table.rows)
    while not epochs or epoch < epochs:
        for place, window in enumerate(table.windows()):
            if skip < len(window):
                order = np.arange(len(window), dtype=np.int32)
                np.random.default_rng([seed, epoch, place]).shuffle(order)
                for start in range(skip, len(window), size):
                    yield window.at(order[start : start + size])
            skip = max(0, skip - len(window))
        epoch += 1

"""Tables as the model reads them: batches of checked rows, streamed from one or many CSV files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.contract import Contract
from trainer.table_files import expand
from trainer.tables.problems import NOWHERE, Problems
from trainer.tables.reader import PARSING_THREADS, TableReader
from trainer.tables.rows import Rows
from trainer.tables.words import Words

__all__ = ["Batch", "Rows", "expand", "read_batches", "read_rows"]


@dataclass(frozen=True)
class Batch:
    """Some rows of a table, every cell of which keeps the contract.

    Attributes:
        features: By column name. Numeric: float32 [n], NaN for a missing value that the contract imputes.
            Categorical and date: object array of str [n], "" for one.
        labels: int64 [n], class ids.
    """

    features: dict[str, np.ndarray]
    labels: np.ndarray


def read_batches(urls: Sequence[str], contract: Contract, *, block_mib: int = 8) -> Iterator[Batch]:
    """Streams tables in constant memory.

    Args:
        urls: Files as `expand` returns them; each has a header of its own.
        contract: What they must hold.
        block_mib: How many MiB to read at a time, which sets the size of the batches.

    Yields:
        Batches in the order of the files, until a problem is found.

    Raises:
        DataError: The tables break the contract, or hold no rows. It is raised when all files have been read
            through, so that every problem is counted.
    """
    for rows in read_rows(urls, contract, block_mib=block_mib):
        yield Batch({name: _plain(values) for name, values in rows.features.items()}, rows.labels)


def read_rows(
    urls: Sequence[str], contract: Contract, *, block_mib: int = 8, threads: int = PARSING_THREADS
) -> Iterator[Rows]:
    """As `read_batches`, but names each distinct word of a block once; `threads` threads parse."""
    problems = Problems()
    found = False
    for position, url in enumerate(urls):
        for rows in TableReader(url, position, contract, problems, block_mib, threads).rows():
            found |= len(rows.labels) > 0
            if problems.total == 0 and len(rows.labels):
                yield rows
    if not found and not problems.total:
        problems.add(NOWHERE, NOWHERE, 0, lambda: no_rows(urls))
    problems.raise_if_any()


def no_rows(urls: Sequence[str]) -> str:
    """The sentence for tables without a row."""
    return f"{', '.join(urls) or 'The table'} holds no rows. Give at least one row of each class."


def _plain(values: np.ndarray | Words) -> np.ndarray:
    return values.to_array() if isinstance(values, Words) else values

"""Which rows of a table are for evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from trainer.errors import UsageError, quoted


def key_of(text: str, seed: int) -> int:
    """A number of 64 bits that a text and a seed decide, the same everywhere and always."""
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=seed.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big")


def drawn(keys: np.ndarray, classes: np.ndarray, share: float) -> np.ndarray:
    """Draws rows so that each class has its share of them, and rows of one key are never parted.

    Keys are looked at in their own order, which is as good as any at random. All rows of a key are taken where that
    brings the evaluation rows nearer to the share of each class; training keeps a row of each class in any case.

    Args:
        keys: uint64 [n], of `key_of`.
        classes: int64 [n], class ids from 0.
        share: The share of the rows to take, 0 to 1.

    Returns:
        Whether each row is for evaluation, bool [n].
    """
    _, place = np.unique(keys, return_inverse=True)
    whole = np.bincount(classes)
    wanted = np.where(whole > 1, np.maximum(share * whole, 1.0), 0.0)
    taken = np.zeros(len(whole))
    # The rows of each key beside each other, the keys in their order.
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    is_taken = np.zeros(len(starts), bool)
    ordered = classes[order]
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(order)], strict=True)):
        of_key = np.bincount(ordered[begin:end], minlength=len(whole)) if end - begin > 1 else ordered[begin]
        if _comes_nearer(of_key, taken, wanted, whole):
            is_taken[number] = True
            taken += of_key if end - begin > 1 else np.arange(len(whole)) == of_key
    return is_taken[place]


def _comes_nearer(of_key: np.ndarray | np.int64, taken: np.ndarray, wanted: np.ndarray, whole: np.ndarray) -> bool:
    """Whether the rows of a key bring the counts nearer to those wanted: counts [classes], or the class of one row."""
    if isinstance(of_key, np.ndarray):
        there = of_key > 0
        counts, have, want, most = of_key[there], taken[there], wanted[there], whole[there]
        if (have + counts >= most).any() or not want.all():
            return False
        return bool((counts * (2 * (have - want) + counts) / want).sum() < 0)
    have, want = taken[of_key], wanted[of_key]
    return bool(have + 1 < whole[of_key] and 2 * (have - want) + 1 < 0)


def latest(moments: np.ndarray, share: float) -> np.ndarray:
    """Takes the latest rows; those of one moment are never parted.

    Args:
        moments: float64 [n].
        share: The share of the rows to take, 0 to 1; at least as many are taken, unless they are all of one moment.

    Returns:
        Whether each row is for evaluation, bool [n]; none where all are of one moment.
    """
    ordered = np.sort(moments)
    cut = ordered[min(len(ordered) - 1, int(np.ceil((1 - share) * len(ordered))))]
    taken: np.ndarray = moments >= cut if cut > ordered[0] else moments > ordered[0]
    return taken


def moments_of(cells: Sequence[str], column: str) -> np.ndarray:
    """Cells of times as numbers that grow with time, float64 [n].

    Args:
        cells: Numbers, or dates and times of ISO 8601 such as 2024-05-31 or 2024-05-31T12:00.
        column: What messages call the column.

    Raises:
        UsageError: A cell is neither.
    """
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array([_moment(row, cell, column) for row, cell in enumerate(cells, 1)])


def _moment(row: int, cell: str, column: str) -> float:
    try:
        moment = datetime.fromisoformat(cell.strip())
    except ValueError as error:
        raise UsageError(
            f"`--time {column}`: row {row} holds {quoted(cell)}, which is no time that can be ordered. Write numbers, "
            "or dates such as 2024-05-31, in all rows."
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

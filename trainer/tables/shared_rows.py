"""How many rows of one table also stand in another, in bounded memory."""

from __future__ import annotations

import hashlib

import numpy as np

from trainer.tables.rows import Rows
from trainer.tables.words import Words

_MOST_ROWS = 1 << 22
# A sieve has so many places for each row, so that few rows of another table fall into a place that is taken.
_SIEVE_PLACES = 16
_SIEVE_BITS = (12, 25)


class RowSample:
    """Rows of one table, each reduced to 64 bits, and which of them another table holds.

    Beyond `_MOST_ROWS` a part is kept, drawn by the rows' own bits: the other table's rows are drawn alike,
    so that the share stays right.
    """

    def __init__(self) -> None:
        self._mask = np.uint64(0)
        self._chunks: list[np.ndarray] = []
        self._kept = 0
        self._rows = np.empty(0, np.uint64)
        self._counts = np.empty(0, np.int64)
        self._found = np.empty(0, bool)
        self._sieve = np.empty(0, bool)
        self._shift = np.uint64(0)

    def add(self, rows: np.ndarray) -> None:
        """Takes in the fingerprints of rows, uint64 [n]."""
        self._chunks.append(self._drawn(rows))
        self._kept += len(self._chunks[-1])
        while self._kept > _MOST_ROWS:
            self._mask = self._mask * np.uint64(2) + np.uint64(1)
            self._chunks = [self._drawn(np.concatenate(self._chunks))]
            self._kept = len(self._chunks[0])

    def look_up(self, rows: np.ndarray) -> None:
        """Notes which of the rows taken in occur among other rows, uint64 [n]."""
        if self._chunks:
            self._sort()
        if len(self._rows):
            rows = self._drawn(rows)
            rows = rows[np.take(self._sieve, rows >> self._shift)]
            places = np.minimum(np.searchsorted(self._rows, rows), len(self._rows) - 1)
            self._found[places[self._rows[places] == rows]] = True

    @property
    def share(self) -> float:
        """The share of the rows taken in, 0 to 1, that were found."""
        total = int(self._counts.sum())
        return int(self._counts[self._found].sum()) / total if total else 0.0

    @property
    def repeated(self) -> float:
        """The share of the rows taken in, 0 to 1, that are there more than once."""
        if self._chunks:
            self._sort()
        total = int(self._counts.sum())
        return int(self._counts[self._counts > 1].sum()) / total if total else 0.0

    def _sort(self) -> None:
        self._rows, self._counts = np.unique(np.concatenate(self._chunks), return_counts=True)
        self._found = np.zeros(len(self._rows), bool)
        self._chunks = []
        bits = np.clip((len(self._rows) * _SIEVE_PLACES).bit_length(), *_SIEVE_BITS)
        self._shift = np.uint64(64 - bits)
        self._sieve = np.zeros(1 << int(bits), bool)
        self._sieve[self._rows >> self._shift] = True

    def _drawn(self, rows: np.ndarray) -> np.ndarray:
        return rows[rows & self._mask == 0] if self._mask else rows


def fingerprints(rows: Rows) -> np.ndarray:
    """64 bits for each row, uint64 [n]: equal for rows that the model cannot tell apart."""
    result = mixed(rows.labels.astype(np.uint64))
    for values in rows.features.values():
        if isinstance(values, Words):
            known = [hashlib.blake2b(word.encode(), digest_size=8).digest() for word in values.vocabulary]
            bits = np.frombuffer(b"".join(known) or bytes(8), np.uint64)[values.codes]
        else:
            bits = (values + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0.0 becomes 0.0
        result = mixed(result + bits)
    return result


def mixed(bits: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))

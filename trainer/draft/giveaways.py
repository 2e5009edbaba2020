"""Columns that give the label away: each of their values goes with one class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from pyarrow import compute

# So seldom may chance alone say it of any column of a table.
_CHANCE = 1e-6


class Giveaways:
    """Watches columns until they are at odds with the label; most are so soon."""

    def __init__(self) -> None:
        self._left: set[int] | None = None
        self._class_of_word: dict[int, dict[str, int]] = {}
        self._ranges: dict[int, dict[int, tuple[float, float]]] = {}

    def add(self, columns: Mapping[int, Any], classes: np.ndarray) -> None:
        """Takes in a block.

        Args:
            columns: By position, as arrow arrays of strings or of float64; each always of the one type.
            classes: int64 [n], the class of each row; at least one.
        """
        self._left = set(columns) if self._left is None else self._left
        order = np.argsort(classes, kind="stable")
        present, starts = np.unique(classes[order], return_index=True)
        for i in sorted(self._left):
            if columns[i].type == "double":
                kept = self._add_numbers(i, columns[i], order, present, starts)
            else:
                kept = self._add_words(i, columns[i], classes)
            if not kept:
                self._left.discard(i)

    def found(self, class_counts: Mapping[int, int]) -> dict[int, dict[str, int] | None]:
        """The columns that agree with the label throughout, where chance would hardly have it so.

        Args:
            class_counts: Rows of each class.

        Returns:
            By position: the class of each word, or None for a column of numbers, in which the classes lie apart.
        """
        left = sorted(self._left or ())
        enough = -math.log(_CHANCE / max(1, len(left)))
        rows = sum(class_counts.values())
        orders = math.lgamma(rows + 1) - sum(math.lgamma(count + 1) for count in class_counts.values())
        apart = orders - math.lgamma(len(class_counts) + 1)
        surprise = -math.log(max(class_counts.values()) / rows) if len(class_counts) > 1 else 0.0
        result: dict[int, dict[str, int] | None] = {}
        for i in left:
            words = self._class_of_word.get(i)
            if words is not None and surprise * (rows - len(words)) >= enough and len(set(words.values())) > 1:
                result[i] = words
            elif len(self._ranges.get(i, ())) == len(class_counts) and apart >= enough:
                result[i] = None
        return result

    def _add_words(self, i: int, column: Any, classes: np.ndarray) -> bool:
        encoded = compute.dictionary_encode(compute.utf8_trim_whitespace(column))
        words, many = encoded.dictionary.to_pylist(), int(classes.max()) + 1
        known = self._class_of_word.setdefault(i, {})
        pairs = np.unique(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) * many + classes).tolist()
        return all(known.setdefault(words[pair // many], pair % many) == pair % many for pair in pairs)

    def _add_numbers(self, i: int, column: Any, order: np.ndarray, present: np.ndarray, starts: np.ndarray) -> bool:
        values = column.to_numpy(zero_copy_only=False)[order]
        lows, highs = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
        known = self._ranges.setdefault(i, {})
        for class_id, low, high in zip(present.tolist(), lows.tolist(), highs.tolist(), strict=True):
            if not math.isnan(low):
                before = known.get(class_id, (low, high))
                known[class_id] = (min(low, before[0]), max(high, before[1]))
        ranges = sorted(known.values())
        return all(left[1] < right[0] for left, right in pairwise(ranges))

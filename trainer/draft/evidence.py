"""What a column of an unknown table holds, gathered block by block."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from trainer.contract.cell_text import NUMBER
from trainer.tables.cells import LARGEST
from trainer.tables.statistics import MOST_WORDS

MOST_CLASSES = 1000
# What stands in many tables for a number that is not known. Zero is among them, but nobody can tell it from a zero.
CODES = frozenset([0.0, -9.0, *(sign * float("9" * digits) for sign in (1, -1) for digits in range(2, 8))])
# Beyond it float32 leaves integers out.
LARGEST_EXACT = float(1 << 24)
_MOST_STRAYS = 1000
_MOST_SHAPES = 1000
_ZEROS = r"^[+-]?0[0-9]"


class Evidence:
    """The cells of one column, blank ones apart.

    Attributes:
        cells: How many cells there are.
        blank: How many are blank, or hold what the gathering takes for a missing value.
        numbers: How many hold a number.
        whole: Whether all numbers are integers.
        counting: Whether the cells count up by one from row to row.
        low: The smallest number.
        high: The largest.
        usual_low: The smallest, `CODES` left out where they are the outermost numbers of a block.
        usual_high: The largest, likewise.
        codes: How often each of those codes occurs there.
        values: How often each number occurs; beyond `MOST_WORDS` no more are taken in.
        words: How often each cell occurs as it is written, numbers too; beyond `MOST_WORDS` no more are taken in.
        complete: Whether `words` holds every cell.
        skimmed: Whether cells were taken in as numbers, so that nothing is known of how they are written.
        strays: How often each cell occurs that is no number, the first ones.
        zeros: How often each number occurs that begins with a zero too many, the first ones.
    """

    def __init__(self) -> None:
        self.cells = self.blank = self.numbers = 0
        self.whole = self.counting = self.complete = True
        self.skimmed = False
        self.low = self.usual_low = math.inf
        self.high = self.usual_high = -math.inf
        self.codes: Counter[float] = Counter()
        self.values: Counter[float] = Counter()
        self.words: Counter[str] = Counter()
        self.strays: Counter[str] = Counter()
        self.zeros: Counter[str] = Counter()
        self._shapes: dict[str, str] = {}
        self._of_shape: Counter[str] = Counter()
        self._last: float | None = None

    @property
    def samples(self) -> Counter[str]:
        """Cells with their counts: each as it is written or, of very many, one of each shape that digits make."""
        if self.complete:
            return self.words
        return self.words + Counter({self._shapes[shape]: count for shape, count in self._of_shape.items()})

    @property
    def present(self) -> int:
        """How many cells are not blank."""
        return self.cells - self.blank

    @property
    def different(self) -> int:
        """How many different numbers there are, as far as they are counted."""
        return len(self.values.keys() | self.codes.keys())

    def add_numbers(self, column: Any) -> bool:
        """Takes in an arrow array of float64, null where blank; nothing, and says False, if one is not finite."""
        present = (column.drop_null() if column.null_count else column).to_numpy()
        if len(present) and not max(abs(low := float(present.min())), abs(high := float(present.max()))) <= LARGEST:
            return False
        self.cells += len(column)
        self.blank += column.null_count
        self.complete, self.skimmed = False, True
        if len(present):
            self.numbers += len(present)
            self._add_finite(present, low, high)
            self._watch(present if not column.null_count else None)
        return True

    def add_texts(self, column: Any) -> None:
        """Takes in an arrow array of strings."""
        counted = compute.value_counts(compute.utf8_trim_whitespace(column))
        words, counts = counted.field("values"), counted.field("counts")
        self.cells += len(column)
        is_number = compute.match_substring_regex(words, f"^(?:{NUMBER})$")
        numbers = compute.cast(words.filter(is_number), pa.float64()).to_numpy(zero_copy_only=False)
        fits = np.abs(numbers) <= LARGEST
        of_numbers = counts.filter(is_number).to_numpy(zero_copy_only=False)
        self.numbers += int(of_numbers[fits].sum())
        if fits.any():
            found = np.repeat(numbers[fits], of_numbers[fits]) if len(numbers) < len(column) else numbers[fits]
            self._add_finite(found, float(found.min()), float(found.max()))
        self._add_strays(words.filter(compute.invert(is_number)), counts.filter(compute.invert(is_number)))
        for word, count in zip(words.filter(is_number).filter(~fits).to_pylist(), of_numbers[~fits], strict=True):
            self.strays[word] += int(count)
        whole_column = bool(fits.all()) and len(numbers) == len(words)
        self._watch(
            compute.cast(compute.utf8_trim_whitespace(column), pa.float64()).to_numpy() if whole_column else None
        )
        self._add_zeros(words.filter(is_number), of_numbers)
        self._add_words(words, counts)

    def _add_finite(self, numbers: np.ndarray, low: float, high: float) -> None:
        self.low, self.high = min(self.low, low), max(self.high, high)
        if self.whole:
            self.whole = bool((numbers == np.rint(numbers)).all())
        if low in CODES or high in CODES:
            coded = np.isin(numbers, list(CODES))
            self.codes.update(numbers[coded].tolist())
            numbers = numbers[~coded]
        if len(numbers):
            usual = (float(numbers.min()), float(numbers.max())) if self.codes else (low, high)
            self.usual_low, self.usual_high = min(self.usual_low, usual[0]), max(self.usual_high, usual[1])
            if len(self.values) <= (MOST_WORDS if self.whole else MOST_CLASSES):
                found, counts = np.unique(numbers, return_counts=True)
                self.values.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    def _add_strays(self, words: Any, counts: Any) -> None:
        for word, count in _stripped(words, counts):
            if not word:
                self.blank += count
            elif word in self.strays or len(self.strays) < _MOST_STRAYS:
                self.strays[word] += count

    def _add_zeros(self, words: Any, counts: np.ndarray) -> None:
        padded = compute.match_substring_regex(words, _ZEROS).to_numpy(zero_copy_only=False)
        if padded.any():
            self.zeros.update(dict(zip(words.filter(padded).to_pylist(), counts[padded].tolist(), strict=True)))

    def _add_words(self, words: Any, counts: Any) -> None:
        room = MOST_WORDS + 1 - len(self.words)
        for word, count in _stripped(words[: max(0, room)], counts[: max(0, room)]):
            if word:
                self.words[word] += count
        if len(words) <= room:
            return
        self.complete = False
        rest = words[max(0, room) :]
        shapes = compute.replace_substring_regex(rest, "[0-9]", "9")
        for shape, word in zip(shapes.to_pylist(), rest.to_pylist(), strict=True):
            if shape in self._shapes or len(self._shapes) < _MOST_SHAPES:
                self._shapes.setdefault(shape, word)
                self._of_shape[shape] += 1

    def _watch(self, numbers: np.ndarray | None) -> None:
        if numbers is None:
            self.counting = False
        elif self.counting:
            steps = np.diff(numbers) if self._last is None else np.diff(numbers, prepend=self._last)
            self.counting = bool((steps == 1).all())
            self._last = float(numbers[-1])


def _stripped(words: Any, counts: Any) -> Iterable[tuple[str, int]]:
    """Words of an arrow array, stripped of more than arrow knows as white space, with their counts."""
    return zip(map(str.strip, words.to_pylist()), counts.to_pylist(), strict=True)

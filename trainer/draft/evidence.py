"""What a column of an unknown table holds, gathered block by block."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from trainer.draft.format import TableFormat
from trainer.tables.blocks import Block, Fault, read_blocks, split_header
from trainer.tables.cells import LARGEST, is_number
from trainer.tables.rows import read_records
from trainer.tables.statistics import MOST_WORDS

MOST_CLASSES = 1000
_MOST_STRAYS = 1000


class Evidence:
    """The cells of one column, blank ones apart.

    Attributes:
        cells: How many cells there are.
        blank: How many are blank.
        numbers: How many hold a number.
        whole: Whether all numbers are integers.
        counting: Whether the cells count up by one from row to row.
        low: The smallest number.
        high: The largest.
        words: How often each cell occurs, numbers too; beyond `MOST_WORDS` no more are taken in.
        strays: How often each cell occurs that is no number, the first ones.
    """

    def __init__(self) -> None:
        self.cells = self.blank = self.numbers = 0
        self.whole = self.counting = True
        self.low, self.high = math.inf, -math.inf
        self.words: Counter[str] = Counter()
        self.strays: Counter[str] = Counter()
        self._last: float | None = None

    def add(self, column: Any) -> None:
        """Takes in the cells of an arrow array of strings."""
        trimmed = compute.utf8_trim_whitespace(column)
        counted = compute.value_counts(trimmed)
        words, counts = counted.field("values"), counted.field("counts").to_numpy()
        self.cells += len(trimmed)
        numbers = _numbers(words)
        self._add_words(words, counts)
        if numbers is None:
            self._add_mixed(words.to_pylist(), counts.tolist())
        else:
            self.numbers += int(counts.sum())
            self._add_numbers(numbers)
            self._watch(_numbers(trimmed))

    def _add_words(self, words: Any, counts: np.ndarray) -> None:
        room = 1 + (MOST_WORDS if self.strays or self.whole else MOST_CLASSES)
        if len(self.words) < room:
            for word, count in zip(words[:room].to_pylist(), counts[:room].tolist(), strict=True):
                if stripped := word.strip():  # of more than arrow knows as white space
                    self.words[stripped] += count

    def _add_mixed(self, words: Sequence[str], counts: Sequence[int]) -> None:
        self.counting = False
        found = []
        for word, count in zip(map(str.strip, words), counts, strict=True):
            if not word:
                self.blank += count
            elif is_number(word) and abs(float(word)) <= LARGEST:
                self.numbers += count
                found.append(float(word))
            elif word in self.strays or len(self.strays) < _MOST_STRAYS:
                self.strays[word] += count
        if found:
            self._add_numbers(np.array(found))

    def _add_numbers(self, numbers: np.ndarray) -> None:
        self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        self.whole &= bool((numbers == np.rint(numbers)).all())

    def _watch(self, numbers: np.ndarray | None) -> None:
        if numbers is not None and self.counting:
            steps = np.diff(numbers) if self._last is None else np.diff(numbers, prepend=self._last)
            self.counting = bool((steps == 1).all())
            self._last = float(numbers[-1])


def gather(stream: IO[bytes], form: TableFormat, size: int = 8 << 20) -> list[Evidence]:
    """Reads a table and gathers each of its columns; records of another width are passed over.

    Args:
        stream: The table's bytes.
        form: How it is written.
        size: How many bytes to read at a time.
    """
    columns = [Evidence() for _ in form.names]
    header = form.header != "none"
    for block in read_blocks(stream, form.encoding, form.delimiter, size):
        if isinstance(block, Fault):
            continue
        rows = split_header(block, form.delimiter)[-1] if header else block
        header = False
        for column, array in zip(columns, _arrays(rows, form), strict=False):
            column.add(array)
    return columns


def _arrays(block: Block, form: TableFormat) -> Sequence[Any]:
    """A block's columns as arrow arrays of strings; none where it holds no rows."""
    parsed = _parsed(block.data, form)
    if parsed is not None:
        return [column.combine_chunks() for column in parsed.columns] if parsed.num_rows else []
    records = [record for _, record in read_records(block, form.delimiter) if len(record) == len(form.names)]
    return [pa.array(column, pa.string()) for column in zip(*records, strict=True)]


def _parsed(data: bytes, form: TableFormat) -> Any:
    """A block as an arrow table of strings, or None if a record in it has another width."""
    names = [str(i) for i in range(len(form.names))]
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=b'"' in data),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None


def _numbers(words: Any) -> np.ndarray | None:
    """The words as numbers, or None if one of them is not a number that float32 can hold."""
    try:
        numbers: np.ndarray = compute.cast(words, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return numbers if len(numbers) and np.abs(numbers).max() <= LARGEST else None

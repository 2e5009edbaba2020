"""One pass over an unknown table, from its first byte to its last: what each column holds, and what the rows do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from trainer.contract.cell_text import NUMBER
from trainer.draft.evidence import MOST_CLASSES, Evidence
from trainer.draft.format import BLOCK_BYTES, TableFormat
from trainer.draft.giveaways import Giveaways
from trainer.tables.ahead import worked_on
from trainer.tables.blocks import Block, Fault, read_blocks, split_header
from trainer.tables.cells import LOOKS_MISSING
from trainer.tables.problems import Problems
from trainer.tables.reader import PARSING_THREADS, width_problem
from trainer.tables.rows import Rows, read_records
from trainer.tables.shared_rows import RowSample, fingerprints
from trainer.tables.words import Words

# Rows that differ in as many columns of many values differ; only where they do not are all columns compared.
_MOST_COMPARED = 16
# So many rows tell what a column holds; to read more of them as texts takes long where there are hundreds of columns.
_FIRST_ROWS = 1000


@dataclass
class Gathered:
    """What a pass over a table found.

    Attributes:
        columns: What each column holds.
        problems: Ill-shaped records, and what is wrong with the text itself.
        clean: Whether all blocks were whole tables to arrow too.
        giveaways: By position, columns each value of which goes with one class: the class of each word, or None for a
            column of numbers.
        compared: Positions of the columns by which rows were compared.
        repeated: The share of rows, 0 to 1, that stand there more than once by those columns and the label.
    """

    columns: list[Evidence]
    problems: Problems = field(default_factory=Problems)
    clean: bool = True
    giveaways: dict[int, dict[str, str] | None] = field(default_factory=dict)
    compared: tuple[int, ...] = ()
    repeated: float = 0.0


class Gathering:
    """Reads a table's blocks: columns that hold numbers as numbers, which is quick, the others as texts.

    The first rows, read as texts alone, decide which is which; a block that does not go with that is read as texts
    again.

    Args:
        url: What messages call the file.
        form: How it is written.
        texts: Positions of columns that are to be read as texts throughout.
        compared: Positions of the columns by which to compare rows; None for those of the most values.
    """

    def __init__(
        self, url: str, form: TableFormat, texts: frozenset[int] = frozenset(), compared: tuple[int, ...] | None = None
    ) -> None:
        self._url = url
        self._form = form
        self._texts = texts | {form.label}
        self._numeric: frozenset[int] | None = None
        self._missing: tuple[str, ...] = ("",)
        self._compared = compared
        self._classes: dict[str, int] = {}
        self._giveaways, self._rows = Giveaways(), RowSample()
        self._found = Gathered([Evidence() for _ in form.names])

    def read(self, stream: IO[bytes]) -> Gathered:
        """Gathers everything; records of another width are passed over, and told."""
        blocks = self._blocks(stream)
        for block in blocks:
            if self._begin(block):
                break
        for block, parsed in worked_on(self._parse, blocks, PARSING_THREADS):
            columns = self._records(block) if parsed is None else parsed
            if columns and len(columns[0]):
                self._add(block, columns)
        found = self._found
        counts = found.columns[self._form.label].words
        if 1 < len(counts) <= MOST_CLASSES:
            names = {class_id: word for word, class_id in self._classes.items()}
            given_away = self._giveaways.found({self._classes[word]: counts[word] for word in counts})
            found.giveaways = {
                i: None if words is None else {word: names[class_id] for word, class_id in words.items()}
                for i, words in given_away.items()
            }
        found.compared, found.repeated = self._compared or (), self._rows.repeated
        return found

    def _blocks(self, stream: IO[bytes]) -> Iterator[Block]:
        header = self._form.header != "none"
        for block in read_blocks(stream, self._form.encoding, self._form.delimiter, BLOCK_BYTES):
            if isinstance(block, Fault):
                self._report(block.line, block.sentence)
                continue
            self._found.clean &= not block.replaced
            yield split_header(block, self._form.delimiter)[-1] if header else block
            header = False

    def _report(self, line: int, sentence: str) -> None:
        where = f"{self._url}, line {line}: " if line else f"{self._url} "
        self._found.problems.add(0, line, -1, lambda: f"{where}{sentence}.")

    def _begin(self, block: Block) -> bool:
        """Settles by the first rows on how to read all others; False, and nothing is done, if a block holds no row."""
        parsed = self._parsed(block.data, frozenset(), ())
        texts = self._records(block) if parsed is None else parsed
        if not texts or not len(texts[0]):
            return False
        first = [column.slice(0, _FIRST_ROWS) for column in texts]
        for evidence, column in zip(self._found.columns, first, strict=True):
            evidence.add_texts(column)
        self._decide()
        self._hold_together(first)
        if len(texts[0]) > _FIRST_ROWS:
            again = texts if parsed is None else self._parse(block) or texts
            self._add(block, [column.slice(_FIRST_ROWS) for column in again], skipped=_FIRST_ROWS)
        return True

    def _parse(self, block: Block) -> Sequence[Any] | None:
        """A block's columns as arrow arrays of strings or numbers; None if it needs a closer look."""
        if self._numeric:
            numbers = self._parsed(block.data, self._numeric, self._missing)
            if numbers is not None:
                return numbers
        return self._parsed(block.data, frozenset(), ())

    def _parsed(self, data: bytes, numeric: frozenset[int], missing: Sequence[str]) -> Sequence[Any] | None:
        names = [str(i) for i in range(len(self._form.names))]
        if b"\0" in data:
            return None
        try:
            table = csv.read_csv(
                pa.BufferReader(data),
                csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
                csv.ParseOptions(delimiter=self._form.delimiter, newlines_in_values=b'"' in data),
                csv.ConvertOptions(
                    check_utf8=False,
                    column_types={name: pa.float64() if i in numeric else pa.string() for i, name in enumerate(names)},
                    null_values=[*missing, *(f" {word}" for word in missing)],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        return [column.combine_chunks() for column in table.columns]

    def _records(self, block: Block) -> Sequence[Any]:
        """The columns of a block that arrow takes for no table, without the records that are ill-shaped."""
        self._found.clean = False
        names, delimiter = self._form.names, self._form.delimiter
        records = []
        for line, record in read_records(block, delimiter):
            if len(record) == len(names):
                records.append(record)
            else:
                self._report(line, width_problem(record, len(names), delimiter))
        return [pa.array(column, pa.string()) for column in zip(*records, strict=True)]

    def _add(self, block: Block, columns: Sequence[Any], skipped: int = 0) -> None:
        """Takes in a block's columns, without so many of its first rows."""
        self._hold_together(self._looked_at(block, columns, skipped))

    def _hold_together(self, columns: Sequence[Any]) -> None:
        """Looks at what columns tell of each other, and rows of each other."""
        numeric = self._numeric or frozenset()
        typed = {i: _numbers(column) if i in numeric else column for i, column in enumerate(columns)}
        label = compute.dictionary_encode(compute.utf8_trim_whitespace(typed.pop(self._form.label)))
        ids = [self._classes.setdefault(word.strip(), len(self._classes)) for word in label.dictionary.to_pylist()]
        classes = np.array(ids, np.int64)[label.indices.to_numpy(zero_copy_only=False)]
        if len(self._classes) <= MOST_CLASSES:
            self._giveaways.add(typed, classes)
        features = {str(i): _comparable(typed[i]) for i in self._compared or ()}
        self._rows.add(fingerprints(Rows(features, classes)))

    def _looked_at(self, block: Block, columns: Sequence[Any], skipped: int) -> Sequence[Any]:
        """The columns once their evidence is taken, read anew as texts where numbers would hide something."""
        numeric = self._numeric or frozenset()
        may_be_codes = any(self._found.columns[i].whole and columns[i].type == "double" for i in numeric)
        hidden = may_be_codes and self._hides_zeros(block, columns)
        texts = self._as_texts(block, skipped) if hidden else []
        looked_at = []
        for i, (evidence, column) in enumerate(zip(self._found.columns, texts or columns, strict=True)):
            seen = column
            if column.type == "double" and not evidence.add_numbers(column):
                texts = texts or self._as_texts(block, skipped)
                seen = texts[i]
            if seen.type != "double":
                evidence.add_texts(seen)
            looked_at.append(seen)
        if any(looked_at[i].type != "double" for i in numeric):
            self._learn_missing(numeric)
        return looked_at

    def _as_texts(self, block: Block, skipped: int) -> list[Any]:
        """The columns of a block that is a table to arrow, as texts."""
        return [column.slice(skipped) for column in self._parsed(block.data, frozenset(), ()) or ()]

    def _learn_missing(self, numeric: Iterable[int]) -> None:
        """Takes the words of columns of numbers that look like missing values for such in the blocks that follow."""
        words = {word for i in numeric for word in self._found.columns[i].strays if word.lower() in LOOKS_MISSING}
        self._missing = ("", *sorted(words))

    def _decide(self) -> None:
        """Settles on how to read the blocks that follow."""
        evidence = self._found.columns
        self._numeric = frozenset(
            i for i, column in enumerate(evidence) if i not in self._texts and _holds_numbers(column)
        )
        self._learn_missing(self._numeric)
        if self._compared is None:
            telling = [
                i for i, column in enumerate(evidence) if i != self._form.label and not _tells_rows_apart(column)
            ]
            telling.sort(key=lambda i: -len(evidence[i].words))
            self._compared = tuple(sorted(telling[:_MOST_COMPARED]))

    def _hides_zeros(self, block: Block, columns: Sequence[Any]) -> bool:
        """Whether a cell that is read as a number may begin with a zero too many."""
        codes = np.frombuffer(block.data, np.uint8)
        zero = codes[:-1] == ord("0")
        zero &= (codes[1:] - ord("0")) < 10
        places = np.flatnonzero(zero)
        before = codes[places[places > 0] - 1]
        begins = int(np.isin(before, np.frombuffer(f'{self._form.delimiter}\n\r" '.encode(), np.uint8)).sum())
        begins += int(len(places) > 0 and places[0] == 0)
        if not begins:
            return False
        texts = [column for column in columns if column.type != "double"]
        told = sum(compute.sum(compute.count_substring_regex(text, r"(?:^|[ ])0[0-9]")).as_py() or 0 for text in texts)
        return begins > told


def _holds_numbers(column: Evidence) -> bool:
    return column.numbers > 0 and not column.zeros and all(word.lower() in LOOKS_MISSING for word in column.strays)


def _tells_rows_apart(column: Evidence) -> bool:
    """Whether a column numbers the rows or holds another word in each, so that it is going to be ignored."""
    unique = len(column.words) >= column.cells - column.blank
    return column.counting or (unique and not column.numbers)


def _numbers(column: Any) -> Any:
    """A column as arrow's numbers, null where a text is none."""
    if column.type == "double":
        return column
    texts = compute.utf8_trim_whitespace(column)
    is_number = compute.match_substring_regex(texts, f"^(?:{NUMBER})$")
    return compute.cast(compute.if_else(is_number, texts, None), pa.float64())


def _comparable(column: Any) -> np.ndarray | Words:
    """A column as rows are compared by it."""
    if column.type == "double":
        values: np.ndarray = column.to_numpy(zero_copy_only=False).astype(np.float32)
        return values
    encoded = compute.dictionary_encode(compute.utf8_trim_whitespace(column))
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Words(codes, tuple(encoded.dictionary.to_pylist()))

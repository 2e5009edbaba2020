"""One table's rows: a clean block is converted whole, a suspect one is examined cell by cell."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from trainer.contract import Contract
from trainer.problems import NOWHERE, Problems
from trainer.table_blocks import Block, Fault, csv_reader, line_breaks, read_blocks
from trainer.table_checks import Cells, LabelCells, Words, cells_of, quoted
from trainer.table_files import UnreadableFile, open_table
from trainer.table_headers import Layout, read_layout

_EXAMINED_CELLS = 1 << 18


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes:
        features: By column name: float32 [n], NaN for a missing or bad cell, or `Words`.
        labels: int64 [n], class ids; -1 for a bad cell.
    """

    features: dict[str, np.ndarray | Words]
    labels: np.ndarray


class Table:
    """A file that is read once, row by row, and what is wrong with it.

    Args:
        url: A local path or any fsspec URL.
        position: The file's place among those read, by which problems are sorted.
        contract: What the file must hold.
        problems: Where its problems go.
        block_mib: How many MiB to read at a time.
    """

    def __init__(self, url: str, position: int, contract: Contract, problems: Problems, block_mib: int = 8) -> None:
        self._url = url
        self._position = position
        self._contract = contract
        self._problems = problems
        self._size = block_mib << 20
        self._cells = cells_of(contract)
        self._records = 0
        self.labels_complete = True
        """Whether every label of the file could be read, as far as it has been."""

    def rows(self, digests: Sequence[Any] = ()) -> Iterator[Rows]:
        """Reads the file to its end; rows with bad cells are among those yielded, ill-shaped records are not.

        Args:
            digests: hashlib objects that are fed the file's bytes.
        """
        try:
            with open_table(self._url, digests) as stream:
                yield from self._read(stream)
        except UnreadableFile as error:
            sentence = str(error)
            self._fault(0, lambda: sentence)

    def _read(self, stream: Any) -> Iterator[Rows]:
        file = self._contract.file
        layout: Layout | None = None
        header_line = 0
        for block in read_blocks(stream, file.encoding, file.delimiter, self._size):
            if isinstance(block, Fault):
                self._report(block.line, block.sentence)
                if block.fatal:
                    return
                continue
            if layout is None:
                start = _start(block, file.delimiter)
                if start is None:
                    continue
                header_line = start.line
                layout = read_layout(start.first, start.second, self._contract)
                for sentence in layout.problems:
                    self._report(header_line, sentence, complete=not layout.fatal)
                if layout.fatal:
                    return
                if layout.header:
                    block = start.rest
            rows = self._convert(block, layout)
            if rows is None:
                yield from self._examine(block, layout)
            else:
                self._records += len(rows.labels)
                yield rows
        self._check_end(layout, header_line)

    def _check_end(self, layout: Layout | None, header_line: int) -> None:
        if layout is None:
            self._report(0, "is empty. Give a file that holds rows, or leave it out")
        elif layout.claimed_rows not in (None, self._records):
            self._report(
                header_line,
                f"the count line says {layout.claimed_rows} rows, but the file holds {self._records}. "
                "Restore the rows or correct the count line",
                complete=True,
            )

    def _convert(self, block: Block, layout: Layout) -> Rows | None:
        """The rows of a block without any trouble in it, otherwise None."""
        if block.replaced or b"\0" in block.data:
            return None
        read = {str(i): self._cells[name] for i, name in enumerate(layout.names) if name in self._cells}
        missing = ("", *self._contract.file.missing)
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(block.data),
                arrow_csv.ReadOptions(
                    use_threads=False,
                    block_size=len(block.data) + 1,
                    column_names=[str(i) for i in range(len(layout.names))],
                ),
                arrow_csv.ParseOptions(delimiter=self._contract.file.delimiter, newlines_in_values=b'"' in block.data),
                arrow_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={i: cells.arrow_type for i, cells in read.items()},
                    include_columns=list(read),
                    null_values=[*missing, *(f" {word}" for word in missing)],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        values = {}
        for i, cells in read.items():
            column = table.column(i)
            value = cells.convert(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())
            if value is None:
                return None
            values[layout.names[int(i)]] = value
        return self._gather(values)

    def _examine(self, block: Block, layout: Layout) -> Iterator[Rows]:
        """The rows of a block, record by record; every problem in it is reported."""
        width = len(layout.names)
        lines: list[int] = []
        records: list[list[str]] = []
        for line, record in self._records_of(block):
            self._records += 1
            if len(record) != width:
                self._report_width(line, record, width)
            elif not any(cell.strip() for cell in record):
                self._report(line, "every cell is blank. Take the line out")
            else:
                lines.append(line)
                records.append(record)
            if len(records) * width > _EXAMINED_CELLS:
                yield self._check(lines, records, layout, block.replaced)
                lines, records = [], []
        if records:
            yield self._check(lines, records, layout, block.replaced)

    def _records_of(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        text = io.StringIO(block.data.decode(), newline="")
        reader = csv_reader(text, self._contract.file.delimiter)
        line = block.line
        for record in reader:
            if len(record) > 1 or any(cell.strip() for cell in record):
                yield line, record
            line = block.line + reader.line_num

    def _check(self, lines: list[int], records: list[list[str]], layout: Layout, replaced: bool) -> Rows:
        columns = list(zip(*records, strict=True))
        bad = np.zeros((len(records), len(columns)), bool)
        values = {}
        for i, name in enumerate(layout.names):
            if name in self._cells:
                values[name], bad[:, i] = self._cells[name].parse(columns[i])
            bad[:, i] |= ["\0" in cell for cell in columns[i]]
            if isinstance(self._cells.get(name or ""), LabelCells) and bad[:, i].any():
                self.labels_complete = False
            if replaced:
                bad[:, i] &= ["\ufffd" not in cell for cell in columns[i]]
        rows, positions = np.nonzero(bad)
        for row, i in zip(rows.tolist()[:20], positions.tolist()[:20], strict=True):
            self._report_cell(lines[row], records[row], i, layout)
        self._problems.count(max(0, len(rows) - 20))
        return self._gather(values)

    def _gather(self, values: dict[Any, Any]) -> Rows:
        labels = values.pop(self._contract.label.name)
        return Rows({column.name: values[column.name] for column in self._contract.features}, labels)

    def _report_cell(self, line: int, record: list[str], i: int, layout: Layout) -> None:
        line += sum(line_breaks(cell.encode()) for cell in record[:i])
        name, cell = layout.names[i], record[i]

        def sentence() -> str:
            where = f"{self._url}, line {line}, column " + (f'"{name}"' if name else str(i + 1))
            if "\0" in cell:
                return f"{where}: received {quoted(cell)}, which holds a NUL byte. Delete it, or save the file as text."
            return f"{where}: {self._cells[name or ''].explain(cell)}."

        self._problems.add(self._position, line, i, sentence)

    def _report_width(self, line: int, record: list[str], width: int) -> None:
        delimiter = self._contract.file.delimiter
        self._report(
            line,
            f"holds {len(record)} cells, but the table has {width} columns. Received: {quoted(delimiter.join(record))}. "
            f"Complete the line; a cell that holds {quoted(delimiter)} must stand in quotes",
        )

    def _report(self, line: int, sentence: str, complete: bool = False) -> None:
        where = f"{self._url}, line {line}: " if line else f"{self._url} "
        self._fault(line, lambda: f"{where}{sentence}.", complete)

    def _fault(self, line: int, sentence: Any, complete: bool = False) -> None:
        self.labels_complete &= complete
        self._problems.add(self._position, line, -1, sentence)


@dataclass(frozen=True)
class _Start:
    first: str
    second: str
    line: int
    rest: Block


def _start(block: Block, delimiter: str) -> _Start | None:
    """The text of a block's first two records that are not blank, and what lies behind the first."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(block.data.decode(), newline=""):
            taken.append(line)
            yield line

    found: list[tuple[int, int]] = []
    begin = 0
    for record in csv_reader(lines(), delimiter):
        if any(cell.strip() for cell in record):
            found.append((begin, len(taken)))
        begin = len(taken)
        if len(found) == 2:
            break
    if not found:
        return None
    first, second = ("".join(taken[slice(*span)]) for span in (*found, (0, 0))[:2])
    begin, end = found[0]
    behind = len("".join(taken[:end]).encode())
    return _Start(first, second, block.line + begin, Block(block.data[behind:], block.line + end, block.replaced))

"""One table, read once from its first byte to its last, with every problem in it put into a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np

from trainer.contract import Contract
from trainer.contract.cell_text import NUL
from trainer.errors import PROBLEMS_SHOWN, quoted
from trainer.table_files import UnreadableFileError, open_table
from trainer.tables.ahead import worked_on
from trainer.tables.blocks import WHOLE_FILE, Block, Fault, line_breaks, read_blocks, split_header
from trainer.tables.cells import LabelCells, explain_nul
from trainer.tables.headers import Layout, read_layout
from trainer.tables.problems import Problems
from trainer.tables.rows import RowConverter, Rows, read_records

_CELLS_AT_ONCE = 1 << 18
# While one thread reads, hashes and sums up, more than two that parse find little to do.
PARSING_THREADS = 2


class TableReader:
    """Reads one file of rows.

    Args:
        url: A local path or any fsspec URL.
        position: The file's place among those read, by which problems are sorted.
        contract: What the file must hold.
        problems: Where its problems go.
        block_mib: How many MiB to read at a time.
        threads: Threads that parse.

    Attributes:
        labels_complete: Whether the label of every record read so far is known.
    """

    def __init__(
        self,
        url: str,
        position: int,
        contract: Contract,
        problems: Problems,
        block_mib: int = 8,
        threads: int = PARSING_THREADS,
    ) -> None:
        self.labels_complete = True
        self._url = url
        self._position = position
        self._contract = contract
        self._problems = problems
        self._block_bytes = block_mib << 20
        self._threads = threads
        self._records = 0
        self._readable = True
        self._header_line = 0
        self._layout: Layout | None = None
        self._converter: RowConverter  # there is one once the header is read

    def rows(self, digests: Sequence[Any] = ()) -> Iterator[Rows]:
        """Reads the file to its end.

        Args:
            digests: hashlib objects that are fed the file's bytes.

        Yields:
            Rows, those with bad cells among them; records of a wrong length are left out.
        """
        try:
            with open_table(self._url, digests) as stream:
                yield from self._read(stream)
        except UnreadableFileError as error:
            self._report(WHOLE_FILE, str(error))

    def _read(self, stream: IO[bytes]) -> Iterator[Rows]:
        for block, rows in worked_on(self._convert, self._blocks(stream), self._threads):
            if rows is None:
                yield from self._examine(block)
            else:
                self._records += len(rows.labels)
                yield rows
        if self._readable:
            self._check_end()

    def _convert(self, block: Block) -> Rows | None:
        return self._converter.convert(block)

    def _blocks(self, stream: IO[bytes]) -> Iterator[Block]:
        """The blocks of rows behind the header, which is read on the way."""
        file = self._contract.file
        for found in read_blocks(stream, file.encoding, file.delimiter, self._block_bytes):
            if isinstance(found, Fault):
                self._report(found.line, found.sentence)
                self._readable &= not found.fatal
                continue
            block = found
            if self._layout is None:
                first, second, self._header_line, rest = split_header(block, file.delimiter)
                if not first:
                    continue
                layout = read_layout(first, second, self._contract)
                if not self._accept(layout, mangled=block.replaced and "\ufffd" in first):
                    return
                self._layout, self._converter = layout, RowConverter(self._contract, layout.names)
                block = rest if layout.header else block
            yield block

    def _accept(self, layout: Layout, mangled: bool) -> bool:
        """Reports a header's problems, unless it could not be decoded, and says whether rows can be read."""
        if mangled and layout.problems:
            self.labels_complete = self._readable = False
            return False
        for sentence in layout.problems:
            self._report(self._header_line, sentence, labels_complete=layout.readable)
        self._readable = layout.readable
        return layout.readable

    def _examine(self, block: Block) -> Iterator[Rows]:
        """Reads a block record by record and reports every problem in it."""
        width = len(self._converter.names)
        lines: list[int] = []
        records: list[list[str]] = []
        for line, record in read_records(block, self._contract.file.delimiter):
            self._records += 1
            if len(record) != width:
                self._report(line, width_problem(record, width, self._contract.file.delimiter))
            elif not any(cell.strip() for cell in record):
                self._report(line, "every cell is blank. Take the line out")
            else:
                lines.append(line)
                records.append(record)
            if len(records) * width >= _CELLS_AT_ONCE:
                yield self._check(lines, records, block.replaced)
                lines, records = [], []
        if records:
            yield self._check(lines, records, block.replaced)

    def _check(self, lines: list[int], records: list[list[str]], replaced: bool) -> Rows:
        rows, bad = self._converter.check(records)
        if bad[:, [isinstance(self._converter.cells.get(i), LabelCells) for i in range(bad.shape[1])]].any():
            self.labels_complete = False
        if replaced:  # what could not be decoded is a problem already
            bad &= [["\ufffd" not in cell for cell in record] for record in records]
        places = np.argwhere(bad)
        for row, i in places[:PROBLEMS_SHOWN].tolist():
            self._report_cell(lines[row], records[row], i)
        self._problems.count(max(0, len(places) - PROBLEMS_SHOWN))
        return rows

    def _check_end(self) -> None:
        if self._layout is None:
            self._report(WHOLE_FILE, "is empty. Give a file that holds rows, or leave it out")
        elif self._layout.claimed_rows not in (None, self._records):
            self._report(
                self._header_line,
                f"the count line says {self._layout.claimed_rows} rows, but the file holds {self._records}. "
                "Restore the rows, or correct the count line",
                labels_complete=True,
            )

    def _report_cell(self, line: int, record: list[str], i: int) -> None:
        line += sum(line_breaks(cell.encode()) for cell in record[:i])
        cell = record[i]

        def sentence() -> str:
            where = f"{self._url}, line {line}, column {quoted(self._converter.names[i] or str(i + 1))}"
            return f"{where}: {explain_nul(cell) if NUL in cell else self._converter.cells[i].explain(cell)}."

        self._problems.add(self._position, line, i, sentence)

    def _report(self, line: int, sentence: str, labels_complete: bool = False) -> None:
        self.labels_complete &= labels_complete
        where = f"{self._url} " if line == WHOLE_FILE else f"{self._url}, line {line}: "
        self._problems.add(self._position, line, -1, lambda: f"{where}{sentence}.")


def width_problem(record: Sequence[str], width: int, delimiter: str) -> str:
    """What is wrong with a record that has more or fewer cells than its table has columns, without a full stop."""
    held = f"holds {len(record)} cell{'s' * (len(record) != 1)} where the table has {width} columns"
    received = f"Received: {quoted(delimiter.join(record))}"
    if len(record) > width and not any(cell.strip() for cell in record[width:]):
        return f"{held}. {received}. Take the {quoted(delimiter)} at its end out, or name the columns that it opens"
    return f"{held}. {received}. Complete the line; a cell that holds {quoted(delimiter)} must stand in quotes"

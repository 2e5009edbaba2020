"""One table, read once from its first byte to its last, with every problem in it put into a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np

from trainer.contract import Contract
from trainer.errors import PROBLEMS_SHOWN, quoted
from trainer.tables.blocks import WHOLE_FILE, Block, Fault, line_breaks, read_blocks, split_header
from trainer.tables.cells import LabelCells
from trainer.tables.files import UnreadableFileError, open_table
from trainer.tables.headers import Layout, read_layout
from trainer.tables.problems import Problems
from trainer.tables.rows import RowConverter, Rows, read_records

_CELLS_AT_ONCE = 1 << 18


class TableReader:
    """Reads one file of rows.

    Args:
        url: A local path or any fsspec URL.
        position: The file's place among those read, by which problems are sorted.
        contract: What the file must hold.
        problems: Where its problems go.
        block_mib: How many MiB to read at a time.

    Attributes:
        labels_complete: Whether the label of every record read so far is known.
    """

    def __init__(self, url: str, position: int, contract: Contract, problems: Problems, block_mib: int = 8) -> None:
        self.labels_complete = True
        self._url = url
        self._position = position
        self._contract = contract
        self._problems = problems
        self._block_bytes = block_mib << 20
        self._records = 0

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
        file = self._contract.file
        layout: Layout | None = None
        header_line = 0
        for found in read_blocks(stream, file.encoding, file.delimiter, self._block_bytes):
            block: Block | None
            if isinstance(found, Fault):
                self._report(found.line, found.sentence)
                if found.fatal:
                    return
                continue
            block = found
            if layout is None:
                first, second, header_line, rest = split_header(block, file.delimiter)
                if not first:
                    continue
                layout = read_layout(first, second, self._contract)
                if not self._accept(layout, header_line, mangled=block.replaced and "\ufffd" in first):
                    return
                block = rest if layout.header else block
                converter = RowConverter(self._contract, layout.names)
            rows = converter.convert(block)
            if rows is None:
                yield from self._examine(block, converter, layout)
            else:
                self._records += len(rows.labels)
                yield rows
        self._check_end(layout, header_line)

    def _accept(self, layout: Layout, line: int, mangled: bool) -> bool:
        """Reports a header's problems, unless it could not be decoded, and says whether rows can be read."""
        if mangled and layout.problems:
            self.labels_complete = False
            return False
        for sentence in layout.problems:
            self._report(line, sentence, labels_complete=layout.readable)
        return layout.readable

    def _examine(self, block: Block, converter: RowConverter, layout: Layout) -> Iterator[Rows]:
        """Reads a block record by record and reports every problem in it."""
        width = len(layout.names)
        lines: list[int] = []
        records: list[list[str]] = []
        for line, record in read_records(block, self._contract.file.delimiter):
            self._records += 1
            if len(record) != width:
                self._report_width(line, record, width)
            elif not any(cell.strip() for cell in record):
                self._report(line, "every cell is blank. Take the line out")
            else:
                lines.append(line)
                records.append(record)
            if len(records) * width >= _CELLS_AT_ONCE:
                yield self._check(lines, records, converter, layout, block.replaced)
                lines, records = [], []
        if records:
            yield self._check(lines, records, converter, layout, block.replaced)

    def _check(
        self,
        lines: list[int],
        records: list[list[str]],
        converter: RowConverter,
        layout: Layout,
        replaced: bool,
    ) -> Rows:
        rows, bad = converter.check(records)
        if bad[:, [isinstance(converter.cells.get(i), LabelCells) for i in range(bad.shape[1])]].any():
            self.labels_complete = False
        if replaced:  # what could not be decoded is a problem already
            bad &= [["\ufffd" not in cell for cell in record] for record in records]
        places = np.argwhere(bad)
        for row, i in places[:PROBLEMS_SHOWN].tolist():
            self._report_cell(lines[row], records[row], i, converter, layout)
        self._problems.count(max(0, len(places) - PROBLEMS_SHOWN))
        return rows

    def _check_end(self, layout: Layout | None, header_line: int) -> None:
        if layout is None:
            self._report(WHOLE_FILE, "is empty. Give a file that holds rows, or leave it out")
        elif layout.claimed_rows not in (None, self._records):
            self._report(
                header_line,
                f"the count line says {layout.claimed_rows} rows, but the file holds {self._records}. "
                "Restore the rows, or correct the count line",
                labels_complete=True,
            )

    def _report_cell(self, line: int, record: list[str], i: int, converter: RowConverter, layout: Layout) -> None:
        line += sum(line_breaks(cell.encode()) for cell in record[:i])
        cell = record[i]

        def sentence() -> str:
            where = f"{self._url}, line {line}, column {quoted(layout.names[i] or str(i + 1))}"
            if "\0" in cell:
                return f"{where}: received {quoted(cell)}, which holds a NUL byte. Take it out."
            return f"{where}: {converter.cells[i].explain(cell)}."

        self._problems.add(self._position, line, i, sentence)

    def _report_width(self, line: int, record: list[str], width: int) -> None:
        delimiter = self._contract.file.delimiter
        self._report(
            line,
            f"holds {len(record)} cell{'s' * (len(record) != 1)} where the table has {width} columns. "
            f"Received: {quoted(delimiter.join(record))}. "
            f"Complete the line; a cell that holds {quoted(delimiter)} must stand in quotes",
        )

    def _report(self, line: int, sentence: str, labels_complete: bool = False) -> None:
        self.labels_complete &= labels_complete
        where = f"{self._url} " if line == WHOLE_FILE else f"{self._url}, line {line}: "
        self._problems.add(self._position, line, -1, lambda: f"{where}{sentence}.")

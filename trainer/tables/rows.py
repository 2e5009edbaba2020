"""Blocks of a table to rows: a clean block is converted whole, a suspect one record by record."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from trainer.contract import Contract
from trainer.tables.blocks import Block, csv_reader
from trainer.tables.cells import Cells, cells_of
from trainer.tables.words import Words


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes:
        features: By column name, in the order of the contract: float32 [n], NaN for a missing or
            bad cell, or `Words`, of which `Dates` are a kind.
        labels: int64 [n], class ids; -1 for a bad cell.
    """

    features: dict[str, np.ndarray | Words]
    labels: np.ndarray

    def at(self, places: np.ndarray) -> Rows:
        """The rows at some places, in the order of the places."""
        return Rows({name: _at(values, places) for name, values in self.features.items()}, self.labels[places])


def _at(values: np.ndarray | Words, places: np.ndarray) -> np.ndarray | Words:
    return replace(values, codes=values.codes[places]) if isinstance(values, Words) else values[places]


class RowConverter:
    """Turns blocks of a file into rows.

    Args:
        contract: What the file must hold.
        names: The contract's column at each position of a record; None for one that the contract lacks.

    Attributes:
        names: As given.
        cells: How the cells at each position are read, where the model sees them.
    """

    def __init__(self, contract: Contract, names: Sequence[str | None]) -> None:
        self._contract = contract
        self.names = names
        known = cells_of(contract)
        self.cells: dict[int, Cells] = {i: known[name] for i, name in enumerate(names) if name in known}

    def convert(self, block: Block) -> Rows | None:
        """The rows of a block, or None if there may be a bad cell or an ill-shaped record in it."""
        if block.replaced or b"\0" in block.data:
            return None
        try:
            table = self._parse(block.data)
        except pa.ArrowInvalid:
            return None
        values = {}
        for i, cells in self.cells.items():
            converted = cells.convert(table.column(str(i)).combine_chunks())
            if converted is None:
                return None
            values[i] = converted
        return self._rows(values)

    def check(self, records: Sequence[Sequence[str]]) -> tuple[Rows, np.ndarray]:
        """Reads records cell by cell.

        Args:
            records: At least one, each with a cell at every position.

        Returns:
            Their rows, and which cells are bad, bool [n, positions].
        """
        columns = list(zip(*records, strict=True))
        bad = np.array([["\0" in cell for cell in column] for column in columns], bool).T
        values: dict[int, np.ndarray | Words] = {}
        for i, cells in self.cells.items():
            values[i], misfits = cells.parse(columns[i])
            bad[:, i] |= misfits
        return self._rows(values), bad

    def _parse(self, data: bytes) -> Any:
        missing = ("", *self._contract.file.missing)
        return csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(
                use_threads=False,
                block_size=len(data) + 1,
                column_names=[str(i) for i in range(len(self.names))],
            ),
            csv.ParseOptions(delimiter=self._contract.file.delimiter, newlines_in_values=b'"' in data),
            csv.ConvertOptions(
                check_utf8=False,
                column_types={str(i): cells.arrow_type for i, cells in self.cells.items()},
                include_columns=[str(i) for i in self.cells],
                null_values=[*missing, *(f" {word}" for word in missing)],
                strings_can_be_null=False,
            ),
        )

    def _rows(self, values: Mapping[int, Any]) -> Rows:
        by_name = {self.names[i]: column for i, column in values.items()}
        labels = by_name[self._contract.label.name]
        return Rows({column.name: by_name[column.name] for column in self._contract.features}, labels)


def read_records(block: Block, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a block that are not blank lines, each with the physical line on which it begins."""
    reader = csv_reader(io.StringIO(block.data.decode(), newline=""), delimiter)
    line = block.line
    for record in reader:
        if len(record) > 1 or any(cell.strip() for cell in record):
            yield line, record
        line = block.line + reader.line_num

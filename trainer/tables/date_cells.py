"""The cells of a date column: read once for each distinct text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from trainer.contract import DateColumn
from trainer.contract.date_format import DateFormat
from trainer.errors import quoted
from trainer.tables.words import Dates, spread


class DateCells:
    """Reads the cells of a date column.

    Attributes:
        missing: The texts that mean a missing value.
    """

    arrow_type = pa.dictionary(pa.int32(), pa.string())

    def __init__(self, column: DateColumn, missing: Sequence[str]) -> None:
        self.column = column
        self._format = DateFormat.of(column.format)
        self.missing = {"", *missing}

    def convert(self, array: Any) -> Dates | None:
        """Dates of a parsed column of an arrow table, or None if a cell may not stand there."""
        cells = array.dictionary.to_pylist()
        dates = self._dates(cells)
        return None if None in dates else self._column(spread(range(len(cells)), array), cells, dates)

    def convert_json(self, values: Sequence[Any]) -> Dates | None:
        """JSON's values as `parse` would read them, or None if one needs a closer look."""
        if set(map(type, values)) != {str}:
            return None
        dates, bad = self.parse(values)
        return None if bad.any() else dates

    def parse(self, cells: Sequence[str]) -> tuple[Dates, np.ndarray]:
        """Dates of cells, NaN where there is none, and which of the cells are bad."""
        different = list(dict.fromkeys(cells))
        dates = self._dates(different)
        places = {cell: place for place, cell in enumerate(different)}
        codes = np.array([places[cell] for cell in cells], np.int64)
        bad = np.array([date is None for date in dates], bool)
        return self._column(codes, different, dates), bad[codes] if len(codes) else np.zeros(0, bool)

    def explain(self, cell: str) -> str:
        """Why `cell` is bad and what to do."""
        text = cell.strip()
        if text in self.missing:
            received = f"received {quoted(text)}, a missing value" if text else "is blank"
            return f'{received}. Write a date, or let the contract fill it in with impute = "mean"'
        example = f"{quoted(self._format.example)}, as format = {quoted(self.column.format)} has it"
        return f"received {quoted(text)}, which is no such date. Write one such as {example}"

    def _dates(self, cells: Sequence[str]) -> list[float | None]:
        """The days of texts, NaN for a missing date, None for a bad one."""
        absent = None if self.column.impute is None else math.nan
        texts = (cell.strip() for cell in cells)
        return [absent if text in self.missing else self._format.days(text) for text in texts]

    @staticmethod
    def _column(codes: np.ndarray, cells: Sequence[str], dates: Sequence[float | None]) -> Dates:
        texts = [
            "" if date is None or math.isnan(date) else cell.strip() for cell, date in zip(cells, dates, strict=True)
        ]
        return Dates(codes, tuple(texts), np.array(dates, np.float64).astype(np.float32))

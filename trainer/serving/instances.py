"""Prediction instances checked as tables are: the same contract, the same checks, the same words."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from trainer.contract import Contract, Feature, NumericColumn
from trainer.contract.number_format import NumberFormat
from trainer.errors import DataError, nearest, quoted
from trainer.tables.blocks import read_record
from trainer.tables.cells import Cells, FeatureCells, LabelCells, cells_of
from trainer.tables.problems import Problems
from trainer.tables.words import Words

# Far more than a 1.5 MB request of the narrowest table holds; it bounds the work of one answer.
MOST_INSTANCES = 100_000
# Likewise: each instance is asked for each feature, also one that holds none of them.
MOST_CELLS = 2_000_000
_MOST_NAMED = 20
_WHOLE = -1


class InstanceReader:
    """Turns the instances of a prediction request into arrays for the model.

    Args:
        contract: What the instances must keep. The label and ignored columns are no part of an instance.
    """

    def __init__(self, contract: Contract) -> None:
        self._delimiter = contract.file.delimiter
        self._features = {column.name: column for column in contract.features}
        self._named, self._ordered = _some(self._features, ", "), _some(self._features, self._delimiter)
        self._places = {name: place for place, name in enumerate(self._features)}
        self._cells: dict[str, FeatureCells] = {
            name: cells for name, cells in cells_of(contract).items() if not isinstance(cells, LabelCells)
        }

    def read(self, instances: Any) -> dict[str, np.ndarray]:
        """Checks instances.

        Args:
            instances: A list; each is an object of values by column name, or a text of comma-separated values with
                the features in the order of the files.

        Returns:
            An array [N] for each feature: float32 with NaN, or object array of str (words and dates) with "", for a
            missing value that the contract imputes.

        Raises:
            DataError: Instances that cannot be answered, each by its number from 1, with what was expected.
        """
        if not isinstance(instances, list) or not instances:
            raise DataError([f"`instances` must be a list of at least one instance. Received: {_shown(instances)}."])
        if len(instances) > MOST_INSTANCES:
            raise DataError(
                [f"A request may hold at most {MOST_INSTANCES} instances. Received: {len(instances)}. Send fewer."]
            )
        if len(instances) * len(self._features) > MOST_CELLS:
            most = max(1, MOST_CELLS // len(self._features))
            limit = f"A request may hold at most {most} instances of {len(self._features)} features."
            raise DataError([f"{limit} Received: {len(instances)}. Send fewer."])
        arrays = self._whole_columns(instances)
        return self._cell_by_cell(instances) if arrays is None else arrays

    def _whole_columns(self, instances: Sequence[Any]) -> dict[str, np.ndarray] | None:
        """The arrays, where each instance has all features, nothing else, and no cell that needs a closer look."""
        if set(map(type, instances)) != {dict} or any(instance.keys() != self._cells.keys() for instance in instances):
            return None
        arrays = {}
        for name, reader in self._cells.items():
            values = reader.convert_json([instance[name] for instance in instances])
            if values is None:
                return None
            arrays[name] = values.to_array() if isinstance(values, Words) else values
        return arrays

    def _cell_by_cell(self, instances: Sequence[Any]) -> dict[str, np.ndarray]:
        problems = Problems()
        rows = [self._row(number, instance, problems) for number, instance in enumerate(instances, 1)]
        arrays = {name: self._column(name, [row.get(name) for row in rows], problems) for name in self._features}
        problems.raise_if_any()
        return arrays

    def _row(self, number: int, instance: Any, problems: Problems) -> dict[str, str]:
        """The cells of an instance by column, as a table would hold them, without those that were found bad."""
        if isinstance(instance, str):
            return self._csv_row(number, instance, problems)
        if not isinstance(instance, Mapping):
            expected = f"an object with {self._named}, or a text of {len(self._features)} values"
            _report(problems, number, _WHOLE, lambda: f"received {_shown(instance)}. Send {expected}")
            return {}
        for key in instance:
            if key not in self._features:
                _report(problems, number, _WHOLE, partial(self._stranger, str(key)))
        row = {}
        for name, column in self._features.items():
            cell = _cell(column, instance.get(name), self._cells[name].missing)
            if cell is None:
                _report(problems, number, self._places[name], partial(_wrong_type, column, instance[name]))
            elif name in instance or column.impute is not None:
                row[name] = cell
            else:
                _report(problems, number, self._places[name], partial(_missing, name))
        return row

    def _stranger(self, key: str) -> str:
        return f"{quoted(key)} is no feature of the contract.{nearest(key, self._features)} Leave it out"

    def _csv_row(self, number: int, text: str, problems: Problems) -> dict[str, str]:
        try:
            cells = read_record(text, self._delimiter)
        except ValueError as error:
            fault = str(error)
            _report(problems, number, _WHOLE, lambda: f"received {_shown(text)}, which is no row of values: {fault}")
            return {}
        if len(cells) != len(self._features):
            wanted = f"{len(self._features)}: {self._ordered}"
            _report(problems, number, _WHOLE, lambda: f"received {len(cells)} values in {_shown(text)}. Send {wanted}")
            return {}
        return dict(zip(self._features, cells, strict=True))

    def _column(self, name: str, cells: Sequence[str | None], problems: Problems) -> np.ndarray:
        reader = self._cells[name]
        values, bad = reader.parse([cell or "" for cell in cells])
        for number in (np.flatnonzero(bad) + 1).tolist():
            if (cell := cells[number - 1]) is not None:
                _report(problems, number, self._places[name], partial(_bad_cell, name, reader, cell))
        return values.to_array() if isinstance(values, Words) else values


def _some(names: Collection[str], separator: str) -> str:
    """Names for a sentence, the first ones of many."""
    listed = separator.join(list(names)[:_MOST_NAMED])
    return listed if len(names) <= _MOST_NAMED else f"{listed} ... ({len(names)} in all)"


def _cell(column: Feature, value: Any, missing: Collection[str]) -> str | None:
    """A JSON value as a table would hold it; null as a blank cell; None where it is of the wrong type.

    A text is taken for a number where it means a missing one: a row of a table, as an object, may hold `NA`.
    """
    if value is None:
        return ""
    if isinstance(column, NumericColumn) and not (isinstance(value, str) and value.strip() in missing):
        form = None if column.format is None else NumberFormat.of(column.format)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value) if form is None else form.written(value)
        return value if form is not None and isinstance(value, str) else None
    return value if isinstance(value, str) else None


def _report(problems: Problems, number: int, column: int, sentence: Callable[[], str]) -> None:
    problems.add(0, number, column, lambda: f"instance {number}: {sentence()}.")


def _wrong_type(column: Feature, value: Any) -> str:
    wanted = "a number" if isinstance(column, NumericColumn) else "a text"
    if isinstance(column, NumericColumn) and column.format is not None:
        wanted += f", or a text such as {quoted(NumberFormat.of(column.format).example)}"
    return f'column "{column.name}": received {_shown(value)}. Send {wanted}'


def _missing(name: str) -> str:
    return f'column "{name}" is missing. Send a value for it'


def _bad_cell(name: str, reader: Cells, cell: str) -> str:
    return f'column "{name}": {reader.explain(cell)}'


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:80]}..."

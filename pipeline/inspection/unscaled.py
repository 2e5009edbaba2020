"""Columns whose numbers are of another size than a network learns well from, and that nothing scales."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.runs.record import RunRecord
from trainer import storage
from trainer.contract import Contract, NumericColumn, parse_contract
from trainer.errors import ContractError, quoted
from trainer.tables.datasets import STATISTICS_FILE

# The root of the mean square of a column's numbers: about one is what the weights of a fresh network are drawn for.
_SMALLEST, _LARGEST = 0.1, 10.0
_NAMED = 4


def unscaled_columns(run: RunRecord) -> list[str]:
    """The numeric columns that a run was trained on as they are, though they are large or small, the worst first.

    Returns:
        Each with its range, for a sentence: `"body_mass_g" (2700 to 6300)`; none where that cannot be told.
    """
    contracts, tables = run.outputs("contract"), run.outputs("train_dataset")
    if not contracts or not tables:
        return []
    try:
        contract = parse_contract(storage.read_bytes(contracts[-1].uri), "The data contract")
        statistics = tables[-1].metadata.get("columns")
        if not isinstance(statistics, list):
            statistics = json.loads(storage.read_bytes(storage.join(tables[-1].uri, STATISTICS_FILE)))["columns"]
    except (OSError, ValueError, KeyError, ContractError):
        return []
    return told(contract, statistics)


def told(contract: Contract, statistics: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same from a contract and what its training table holds.

    Args:
        contract: The contract.
        statistics: `ColumnProfile.to_dict()` of each feature.
    """
    by_name = {str(column.get("name")): column for column in statistics}
    raw = [column.name for column in contract.features if isinstance(column, NumericColumn) and not column.standardise]
    sizes = {name: _size(by_name[name]) for name in raw if name in by_name}
    odd = [name for name, size in sizes.items() if size and not _SMALLEST <= size <= _LARGEST]
    worst = sorted(odd, key=lambda name: -abs(math.log(sizes[name])))
    shown = [f"{quoted(name)} ({by_name[name]['minimum']:g} to {by_name[name]['maximum']:g})" for name in worst]
    return shown if len(shown) <= _NAMED else [*shown[:_NAMED], f"and {len(shown) - _NAMED} more"]


def _size(column: Mapping[str, Any]) -> float:
    return math.hypot(column.get("mean") or 0.0, column.get("deviation") or 0.0)

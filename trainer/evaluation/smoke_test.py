"""The smoke test of a model: a few rows of each class, with the answers that its evaluation saw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainer.contract import Contract
from trainer.tables import Batch

ROWS_OF_A_CLASS = 2
CLASSES = 20


class SmokeTest:
    """Picks the first `ROWS_OF_A_CLASS` rows of each of the first `CLASSES` classes out of a table as it passes.

    Args:
        contract: Of the table.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._classes = contract.label.classes
        self._picked: list[list[tuple[dict[str, Any], dict[str, float]]]] = [[] for _ in self._classes[:CLASSES]]

    def see(self, batch: Batch, probabilities: np.ndarray) -> None:
        """Looks through the next rows.

        Args:
            batch: The rows.
            probabilities: What the model answered to them, float32 [n, C].
        """
        for place, picked in enumerate(self._picked):
            if len(picked) < ROWS_OF_A_CLASS:
                rows = np.flatnonzero(batch.labels == place)[: ROWS_OF_A_CLASS - len(picked)]
                picked.extend(
                    zip(instances_of(self._contract, batch, rows), self._by_class(probabilities[rows]), strict=True)
                )

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """`instances`, by class, and for each the `probabilities` by class: plain JSON values."""
        found = [one for picked in self._picked for one in picked]
        return {"instances": [instance for instance, _ in found], "probabilities": [answer for _, answer in found]}

    def _by_class(self, probabilities: np.ndarray) -> list[dict[str, float]]:
        return [dict(zip(self._classes, row, strict=True)) for row in probabilities.tolist()]


def instances_of(contract: Contract, batch: Batch, rows: np.ndarray) -> list[dict[str, Any]]:
    """Rows as prediction instances: an object of values by column, null where the contract imputes.

    Args:
        contract: Of the batch.
        batch: Holds the rows.
        rows: Their places in it, integers [n].
    """
    names = [column.name for column in contract.features]
    columns = [batch.features[name][rows].tolist() for name in names]
    return [dict(zip(names, map(_json_value, row), strict=True)) for row in zip(*columns, strict=True)]


def _json_value(value: Any) -> Any:
    missing = value == "" or (isinstance(value, float) and math.isnan(value))
    return None if missing else value

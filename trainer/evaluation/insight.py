"""What a model leans on, where it is wrong and how sure it is, beside how good it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from trainer.evaluation.calibration import Calibration
from trainer.evaluation.importance import Importance
from trainer.evaluation.worst_rows import WorstRow

# Of a wide table, the record has the columns that matter most, and of its worst rows as much as a reader takes in.
COLUMNS_SHOWN = 50
CELLS_SHOWN = 12


@dataclass(frozen=True)
class Insight:
    """What is told of a model whose answers are finite.

    Attributes:
        importance: By column.
        worst_rows: The rows that it is most wrong about, the worst one first.
        calibration: Confidence against accuracy.
    """

    importance: Importance
    worst_rows: tuple[WorstRow, ...]
    calibration: Calibration

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: `COLUMNS_SHOWN` columns, and of the worst rows the values of the first `CELLS_SHOWN`."""
        plain = dataclasses.asdict(self)
        plain["importance"]["columns"] = plain["importance"]["columns"][:COLUMNS_SHOWN]
        leading = [one.column for one in self.importance.columns[:CELLS_SHOWN]]
        for row in plain["worst_rows"]:
            row["instance"] = {name: row["instance"][name] for name in leading}
        return plain

"""What a model leans on: how much worse it answers where the values of one column are shuffled (Breiman, 2001)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainer.contract import Contract
from trainer.evaluation.gate_metric import GateMetric
from trainer.evaluation.measurement import row_values
from trainer.evaluation.scores import row_losses
from trainer.tables import Batch

REPEATS = 5
MOST_ROWS = 2000
LEAST_ROWS = 100
# Wide tables are asked with fewer rows, so that one question stays a matter of milliseconds.
CELLS_ASKED = 2_000_000
BUDGET_S = 20.0


@dataclass(frozen=True)
class ColumnImportance:
    """What shuffling one column costs.

    Attributes:
        column: Its name.
        loss: Mean rise of the log loss in nats, over the repeats.
        deviation: Standard deviation of that rise between the repeats.
        metric: By how much the gate's metric gets worse, in its own unit.
    """

    column: str
    loss: float
    deviation: float
    metric: float


@dataclass(frozen=True)
class Importance:
    """What a model leans on.

    Attributes:
        rows: How many rows were shuffled.
        left_out: Columns that the time did not suffice for.
        columns: The others, the most important one first.
    """

    rows: int
    left_out: int
    columns: tuple[ColumnImportance, ...]


class RowSample:
    """Draws rows at random out of a table as it passes, each with the same chance.

    Args:
        contract: Of the table.
        seed: Of the drawing.
    """

    def __init__(self, contract: Contract, seed: int = 0) -> None:
        self._most = min(MOST_ROWS, max(LEAST_ROWS, CELLS_ASKED // (REPEATS * len(contract.features))))
        self._random = np.random.default_rng(seed)
        self._lots = np.empty(0)
        self._rows: Batch | None = None

    def see(self, batch: Batch, probabilities: np.ndarray) -> None:  # noqa: ARG002 - what watches a table is shown both
        """Draws among the next rows."""
        lots = self._random.random(len(batch.labels))
        drawn = np.flatnonzero(lots < (self._lots.max() if len(self._lots) == self._most else 1.0))
        self._lots = np.concatenate([self._lots, lots[drawn]])
        kept = np.sort(np.argsort(self._lots, kind="stable")[: self._most])
        self._lots = self._lots[kept]
        before = self._rows or Batch({name: values[:0] for name, values in batch.features.items()}, batch.labels[:0])
        self._rows = Batch(
            {
                name: np.concatenate([values, batch.features[name][drawn]])[kept]
                for name, values in before.features.items()
            },
            np.concatenate([before.labels, batch.labels[drawn]])[kept],
        )

    def rows(self) -> Batch:
        """The rows, in the table's order."""
        if self._rows is None:
            raise ValueError("no rows have passed")
        return self._rows


def permutation_importance(
    ask: Callable[[dict[str, np.ndarray]], np.ndarray],
    rows: Batch,
    metric: GateMetric,
    place: int = 0,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Importance:
    """Shuffles the columns, one after the other, `REPEATS` times each, until `BUDGET_S` is spent.

    Args:
        ask: Answers rows by column with probabilities, finite, float32 [n, C].
        rows: Some rows of the evaluation.
        metric: The gate's.
        place: The id of the metric's class, where it is one of a class.
        seed: Of the shuffling, which is the same for a column whatever the time sufficed for.
        clock: Tells the time in seconds.
    """
    deadline, count = clock() + BUDGET_S, len(rows.labels)
    labels = np.tile(rows.labels, REPEATS)
    features = {name: np.tile(values, REPEATS) for name, values in rows.features.items()}

    def asked(changed: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss and value of the metric, of each repeat."""
        answers = ask({**features, **changed})
        scored = (row_values(metric, rows.labels, part, place).mean() for part in np.split(answers, REPEATS))
        losses = row_losses(labels, answers).reshape(REPEATS, count).mean(axis=1, dtype=np.float64)
        return losses, np.array([*scored])

    loss, score = asked({})
    found, sign = [], 1 if metric.less_is_better else -1
    for number, column in enumerate(rows.features):
        if clock() >= deadline:
            break
        random = np.random.default_rng([seed, number])
        shuffled = np.concatenate([random.permutation(rows.features[column]) for _ in range(REPEATS)])
        losses, scores = asked({column: shuffled})
        rise, worse = losses - loss, sign * (scores - score)
        found.append(ColumnImportance(column, float(rise.mean()), float(rise.std()), float(worse.mean())))
    ranked = sorted(found, key=lambda one: -one.loss)
    return Importance(count, len(rows.features) - len(found), tuple(ranked))

"""Challenger against champion on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract import Contract
from trainer.evaluation.gate_metric import ACCURACY, GateMetric
from trainer.evaluation.intervals import bootstrap_of_mean
from trainer.evaluation.measurement import row_values


@dataclass(frozen=True)
class Comparison:
    """Both models' answers to the same rows, held against each other.

    Attributes:
        version: The champion's version.
        value: The champion's value of the gate's metric.
        gain: By how much the challenger's is better; negative where it is worse.
        low: Lower end of the gain's interval, `CONFIDENCE` by a paired bootstrap.
        high: Upper end.
    """

    version: str
    value: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class NoComparison:
    """Why there is nothing to compare with.

    Attributes:
        sentence: The reason, and what follows from it.
        passes: Whether a challenger may go on all the same.
    """

    sentence: str
    passes: bool


NO_CHAMPION = NoComparison("There is no champion yet: the first model needs none to beat.", passes=True)

NOT_FINITE = NoComparison("The model answers with NaN: it is not held against a champion.", passes=False)


def other_contract(version: str) -> NoComparison:
    """The champion was trained on other columns or classes."""
    return NoComparison(
        f"The champion, version {version}, was trained under another data contract and cannot answer these rows: "
        "the other rules decide.",
        passes=True,
    )


def broken_champion(version: str, reason: str) -> NoComparison:
    """The champion cannot be loaded or asked."""
    return NoComparison(
        f"The champion, version {version}, cannot be evaluated: {reason} Nothing replaces it unseen. "
        "Move the alias `champion` to a version that works, or take it away, and run again.",
        passes=False,
    )


def same_contract(one: Contract, other: Contract) -> bool:
    """Whether two models answer the same rows with the same classes."""
    return [_essence(column) for column in one.columns] == [_essence(column) for column in other.columns]


def _essence(column: object) -> dict[str, object]:
    plain: dict[str, object] = column.model_dump(exclude={"description", "unit"})  # type: ignore[attr-defined]
    return plain


def compare(
    labels: np.ndarray,
    challenger: np.ndarray,
    champion: np.ndarray,
    version: str,
    metric: GateMetric = ACCURACY,
    place: int = 0,
) -> Comparison:
    """Compares two models' answers to the same rows.

    Args:
        labels: True class ids, integers [N].
        challenger: Its probabilities, finite, float [N, C].
        champion: Likewise.
        version: The champion's version.
        metric: What they are compared by.
        place: The id of the metric's class, where it is one of a class.
    """
    ours, theirs = (row_values(metric, labels, answers, place) for answers in (challenger, champion))
    gains = theirs - ours if metric.less_is_better else ours - theirs
    return Comparison(version, float(theirs.mean()), float(gains.mean()), *bootstrap_of_mean(gains))

"""Challenger against champion on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract import Contract

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """Both models' answers to the same rows, held against each other.

    Attributes:
        version: The champion's version.
        accuracy: The champion's accuracy, 0 to 1.
        gain: Accuracy of the challenger less the champion's, -1 to 1.
        low: Lower end of the gain's interval, `CONFIDENCE` by a paired bootstrap.
        high: Upper end.
    """

    version: str
    accuracy: float
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
    labels: np.ndarray, challenger: np.ndarray, champion: np.ndarray, version: str, seed: int = 0
) -> Comparison:
    """Compares two models' answers to the same rows.

    Args:
        labels: True class ids, integers [N].
        challenger: Its probabilities, float [N, C].
        champion: Likewise.
        version: The champion's version.
        seed: Of the resampling.
    """
    right = challenger.argmax(axis=1) == labels
    champion_right = champion.argmax(axis=1) == labels
    difference = right.astype(np.int64) - champion_right
    # Resampling rows with replacement and adding up is drawing how often each kind of difference comes up.
    counts = np.array([(difference == kind).sum() for kind in (-1, 0, 1)])
    drawn = np.random.default_rng(seed).multinomial(len(labels), counts / len(labels), size=RESAMPLES)
    gains = (drawn[:, 2] - drawn[:, 0]) / len(labels)
    low, high = np.quantile(gains, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(version, float(champion_right.mean()), float(difference.mean()), float(low), float(high))

"""The rows that a model is most wrong about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.contract import Contract
from trainer.evaluation.scores import row_losses
from trainer.evaluation.smoke_test import instances_of
from trainer.tables import Batch

MOST = 10


@dataclass(frozen=True)
class WorstRow:
    """A row and what the model made of it.

    Attributes:
        row: Its number among the evaluation rows, from 1 on, headers and blank lines not counted.
        loss: Its cross-entropy in nats.
        label: Its class.
        probability: What the model gave to that class.
        answer: The class that the model answered.
        confidence: What the model gave to that one.
        instance: Its values by column, null where the contract imputes.
    """

    row: int
    loss: float
    label: str
    probability: float
    answer: str
    confidence: float
    instance: dict[str, Any]


class WorstRows:
    """Keeps the `MOST` rows of the highest loss out of a table as it passes.

    Args:
        contract: Of the table.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._passed = 0
        self._kept: list[WorstRow] = []

    def see(self, batch: Batch, probabilities: np.ndarray) -> None:
        """Looks through the next rows.

        Args:
            batch: The rows.
            probabilities: What the model answered to them, float32 [n, C].
        """
        losses = row_losses(batch.labels, probabilities)
        places = np.argsort(-losses, kind="stable")[:MOST]
        classes, answers = self._contract.label.classes, probabilities.argmax(axis=1)
        for place, instance in zip(places, instances_of(self._contract, batch, places), strict=True):
            label, answer = batch.labels[place], answers[place]
            one = WorstRow(
                row=self._passed + int(place) + 1,
                loss=float(losses[place]),
                label=classes[label],
                probability=float(probabilities[place, label]),
                answer=classes[answer],
                confidence=float(probabilities[place, answer]),
                instance=instance,
            )
            self._kept.append(one)
        self._kept = sorted(self._kept, key=lambda one: -one.loss)[:MOST]
        self._passed += len(losses)

    def found(self) -> tuple[WorstRow, ...]:
        """The rows, the worst one first."""
        return tuple(self._kept)

"""A model's evaluation with what was decided on it: the record, the page for a reader, the smoke test for a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.errors import ProjectError
from trainer.evaluation import comparison
from trainer.evaluation.comparison import Comparison, NoComparison
from trainer.evaluation.decision import Decision, Gate, decide
from trainer.evaluation.report import render_report
from trainer.evaluation.scores import Evaluation, answers, score
from trainer.evaluation.smoke_test import SmokeTest
from trainer.model.saved_model import SavedModel


@dataclass(frozen=True)
class Champion:
    """The version that is to be beaten.

    Attributes:
        version: Its number in the registry.
        url: Its SavedModel.
    """

    version: str
    url: str


@dataclass(frozen=True)
class Assessment:
    """What is known of one exported model on one table.

    Attributes:
        model: The name in its contract.
        record: What it was made of.
        evaluation: Its scores.
        comparison: How it does against the champion.
        decision: The gate's outcome.
        smoke: `instances`, with the `probabilities` by class that the model gave for each.
    """

    model: str
    record: dict[str, Any]
    evaluation: Evaluation
    comparison: Comparison | NoComparison
    decision: Decision
    smoke: dict[str, list[dict[str, Any]]]

    def to_dict(self) -> dict[str, Any]:
        """The decision record: plain JSON values."""
        classes, confusion = self.evaluation.confusion_matrix()
        return {
            **self.decision.to_dict(),
            "rows": self.evaluation.rows,
            "metrics": self.evaluation.scalars(),
            "classes": classes,
            "confusion_matrix": confusion,
            "champion": vars(self.comparison),
            "model": {"name": self.model, **self.record},
        }

    def report(self) -> str:
        """The evaluation as one self-contained HTML page."""
        made_of = f"Trained for {self.record['steps']} steps by trainer {self.record['trainer']}."
        return render_report(self.model, made_of, self.evaluation, self.decision)


def assess_model(
    model_url: str, data_urls: Sequence[str], batch_size: int, gate: Gate, champion: Champion | None
) -> Assessment:
    """Evaluates an exported model, and the champion on the same rows, under the model's own contract, and decides.

    Args:
        model_url: The SavedModel that would be deployed.
        data_urls: CSV files.
        batch_size: Rows asked at a time.
        gate: What is asked of the model.
        champion: The version to beat, if there is one.

    Raises:
        DataError: A table does not keep the model's contract.
        ProjectError: There is no whole model at `model_url`.
    """
    model = SavedModel(model_url)
    smoke = SmokeTest(model.contract)
    labels, probabilities = answers(model, data_urls, model.contract, batch_size, smoke.see)
    evaluation = score(labels, probabilities, model.contract.label.classes)
    against = _compare(model, labels, probabilities, data_urls, batch_size, champion)
    return Assessment(
        model.contract.name,
        model.record,
        evaluation,
        against,
        decide(evaluation, against, gate),
        smoke.to_dict(),
    )


def _compare(
    model: SavedModel,
    labels: np.ndarray,
    probabilities: np.ndarray,
    data_urls: Sequence[str],
    batch_size: int,
    champion: Champion | None,
) -> Comparison | NoComparison:
    if champion is None:
        return comparison.NO_CHAMPION
    try:
        other = SavedModel(champion.url)
        if not comparison.same_contract(model.contract, other.contract):
            return comparison.other_contract(champion.version)
        _, theirs = answers(other, data_urls, model.contract, batch_size)
    except (ProjectError, OSError, ValueError, RuntimeError) as error:
        return comparison.broken_champion(champion.version, str(error).rstrip(".") + ".")
    if not np.isfinite(theirs).all():
        return comparison.broken_champion(champion.version, "it answers with NaN.")
    return comparison.compare(labels, probabilities, theirs, champion.version)

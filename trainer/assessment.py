"""A model's evaluation with what was decided on it: the record, and the page for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.decision import Decision, decide
from trainer.evaluation import Evaluation, evaluate
from trainer.report import render_report
from trainer.saved_model import SavedModel


@dataclass(frozen=True)
class Assessment:
    """What is known of one exported model on one table.

    Attributes:
        model: The name in its contract.
        record: What it was made of.
        evaluation: Its scores.
        decision: The gate's outcome.
    """

    model: str
    record: dict[str, Any]
    evaluation: Evaluation
    decision: Decision

    def to_dict(self) -> dict[str, Any]:
        """The decision record: plain JSON values."""
        classes, confusion = self.evaluation.confusion_matrix()
        return {
            **self.decision.to_dict(),
            "rows": self.evaluation.rows,
            "metrics": self.evaluation.scalars(),
            "classes": classes,
            "confusion_matrix": confusion,
            "model": {"name": self.model, **self.record},
        }

    def report(self) -> str:
        """The evaluation as one self-contained HTML page."""
        made_of = f"Trained for {self.record['steps']} steps by trainer {self.record['trainer']}."
        return render_report(self.model, made_of, self.evaluation, self.decision)


def assess_model(model_url: str, data_urls: Sequence[str], batch_size: int, min_accuracy: float) -> Assessment:
    """Evaluates an exported model on tables under its own contract, and decides.

    Args:
        model_url: The SavedModel that would be deployed.
        data_urls: CSV files.
        batch_size: Rows asked at a time.
        min_accuracy: The gate's floor, 0 to 1.

    Raises:
        DataError: A table does not keep the model's contract.
        ProjectError: There is no whole model at `model_url`.
    """
    model = SavedModel(model_url)
    evaluation = evaluate(model, data_urls, model.contract, batch_size)
    return Assessment(model.contract.name, model.record, evaluation, decide(evaluation, min_accuracy))

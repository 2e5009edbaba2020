"""A model's evaluation with what was decided on it: the record, the page for a reader, the smoke test for a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.errors import ProjectError
from trainer.evaluation import comparison
from trainer.evaluation.calibration import calibration
from trainer.evaluation.comparison import Comparison, NoComparison
from trainer.evaluation.decision import Decision, Gate, decide
from trainer.evaluation.gate_metric import GateMetric
from trainer.evaluation.importance import RowSample, permutation_importance
from trainer.evaluation.insight import Insight
from trainer.evaluation.measurement import measure
from trainer.evaluation.report import render_report
from trainer.evaluation.scores import Evaluation, answers, score
from trainer.evaluation.smoke_test import SmokeTest
from trainer.evaluation.worst_rows import WorstRows
from trainer.model.saved_model import SavedModel
from trainer.tables import Batch


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
        insight: What it leans on, where it is wrong, how sure it is. None where its answers are not finite.
        smoke: `instances`, with the `probabilities` by class that the model gave for each.
    """

    model: str
    record: dict[str, Any]
    evaluation: Evaluation
    comparison: Comparison | NoComparison
    decision: Decision
    insight: Insight | None
    smoke: dict[str, list[dict[str, Any]]]

    def scalars(self) -> dict[str, float]:
        """The finite numbers by name, for the metrics of a run."""
        told = {} if self.insight is None else {"calibration_error": self.insight.calibration.error}
        return {**self.evaluation.scalars(), **told}

    def to_dict(self) -> dict[str, Any]:
        """The decision record: plain JSON values."""
        classes, confusion = self.evaluation.confusion_matrix()
        return {
            **self.decision.to_dict(),
            "rows": self.evaluation.rows,
            "metrics": self.scalars(),
            "classes": classes,
            "confusion_matrix": confusion,
            "champion": vars(self.comparison),
            **({} if self.insight is None else self.insight.to_dict()),
            "model": {"name": self.model, **self.record},
        }

    def report(self) -> str:
        """The evaluation as one self-contained HTML page."""
        made_of = f"Trained for {self.record['steps']} steps by trainer {self.record['trainer']}."
        if "temperature" in self.record:
            made_of += f" Its logits are divided by the temperature {self.record['temperature']:.4f}."
        return render_report(self.model, made_of, self.evaluation, self.decision, self.insight)


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
        UsageError: The gate's metric is of a class that the model does not know.
    """
    model = SavedModel(model_url)
    place = gate.metric.place_in(model.contract.label.classes)
    smoke, worst, sample = SmokeTest(model.contract), WorstRows(model.contract), RowSample(model.contract)

    def see(batch: Batch, probabilities: np.ndarray) -> None:
        for one in (smoke, worst, sample):
            one.see(batch, probabilities)

    labels, probabilities = answers(model, data_urls, model.contract, batch_size, see)
    evaluation = score(labels, probabilities, model.contract.label.classes)
    measured = measure(gate.metric, evaluation, labels, probabilities)
    against: Comparison | NoComparison = comparison.NOT_FINITE
    insight = None
    if np.isfinite(probabilities).all():
        against = _compare(model, labels, probabilities, data_urls, batch_size, champion, gate.metric)
        importance = permutation_importance(_asker(model), sample.rows(), gate.metric, place)
        insight = Insight(importance, worst.found(), calibration(labels, probabilities))
    decision = decide(evaluation, measured, against, gate)
    return Assessment(model.contract.name, model.record, evaluation, against, decision, insight, smoke.to_dict())


def _asker(model: SavedModel) -> Callable[[Mapping[str, np.ndarray]], np.ndarray]:
    return lambda features: model.predict(features, ["probabilities"])["probabilities"]


def _compare(
    model: SavedModel,
    labels: np.ndarray,
    probabilities: np.ndarray,
    data_urls: Sequence[str],
    batch_size: int,
    champion: Champion | None,
    metric: GateMetric,
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
    place = metric.place_in(model.contract.label.classes)
    return comparison.compare(labels, probabilities, theirs, champion.version, metric, place)

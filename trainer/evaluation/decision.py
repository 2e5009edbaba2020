"""Whether a model may go on: rules with their numbers, as a record that a person can read later."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from trainer.evaluation.comparison import CONFIDENCE, Comparison, NoComparison
from trainer.evaluation.scores import Evaluation


@dataclass(frozen=True)
class Rule:
    """One condition and how it came out.

    Attributes:
        name: What the rule is called.
        passed: Whether the model keeps it.
        value: The model's number; None where it is not finite.
        comparison: `>=` or `>`, or `is` for a property.
        threshold: What the number is held against; None for a property.
        sentence: The outcome in words.
    """

    name: str
    passed: bool
    value: float | None
    comparison: str
    threshold: float | None
    sentence: str


@dataclass(frozen=True)
class Decision:
    """The outcome of all rules.

    Attributes:
        passed: Whether every rule is kept.
        summary: The outcome in one sentence, naming the rules that closed the gate.
        rules: Every rule, in the order of weight.
    """

    passed: bool
    summary: str
    rules: tuple[Rule, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Gate:
    """What is asked of a challenger.

    Attributes:
        min_accuracy: The least accuracy, 0 to 1.
        min_gain: The least gain in accuracy over the champion, -1 to 1.
        promote_on_tie: Whether a challenger as good as the champion may replace it.
    """

    min_accuracy: float
    min_gain: float = 0.0
    promote_on_tie: bool = False


def decide(evaluation: Evaluation, comparison: Comparison | NoComparison, gate: Gate) -> Decision:
    """Holds an evaluation against the gate's rules.

    Args:
        evaluation: The scores of the model that would be deployed.
        comparison: How it does against the champion on the same rows.
        gate: What is asked.
    """
    rules = (
        _finite(evaluation),
        _floor(evaluation, gate.min_accuracy),
        _better_than_constant(evaluation),
        _champion(comparison, gate),
    )
    broken = [rule for rule in rules if not rule.passed]
    if not broken:
        return Decision(True, f"Passed all {len(rules)} rules on {evaluation.rows} rows.", rules)
    return Decision(False, "Kept back. " + " ".join(rule.sentence for rule in broken), rules)


def _champion(comparison: Comparison | NoComparison, gate: Gate) -> Rule:
    if isinstance(comparison, NoComparison):
        return Rule("champion", comparison.passes, None, "is", None, comparison.sentence)
    gain = comparison.gain
    tie = gain == 0 and not gate.promote_on_tie
    passed = gain >= gate.min_gain and not tie
    measured = (
        f"Accuracy is {gain:+.4f} against the {comparison.accuracy:.4f} of the champion (version {comparison.version}) "
        f"on the same rows, {CONFIDENCE:.0%} interval {comparison.low:+.4f} to {comparison.high:+.4f}"
    )
    if tie and gain >= gate.min_gain:
        sentence = f"{measured}: a tie, which keeps the champion unless promote_on_tie is set."
    else:
        asked = f"at least {gate.min_gain:+.4f}"
        sentence = f"{measured}; {asked + ' was asked' if passed else 'it must be ' + asked}."
    return Rule("champion", passed, gain, ">=", gate.min_gain, sentence)


def _finite(evaluation: Evaluation) -> Rule:
    numbers = {"accuracy": evaluation.accuracy, "loss": evaluation.loss}
    spoilt = [name for name, value in numbers.items() if not math.isfinite(value)]
    if spoilt:
        sentence = f"The {' and '.join(spoilt)} of the model is NaN or infinite: it does not answer with probabilities."
    else:
        sentence = "Accuracy and loss are finite."
    loss = None if spoilt else evaluation.loss
    return Rule("finite", not spoilt, loss, "is", None, sentence)


def _floor(evaluation: Evaluation, min_accuracy: float) -> Rule:
    accuracy = evaluation.accuracy
    passed = accuracy >= min_accuracy
    correct = round(accuracy * evaluation.rows) if math.isfinite(accuracy) else 0
    sentence = (
        f"Accuracy is {accuracy:.4f} ({correct} of {evaluation.rows} rows); "
        f"{'at least' if passed else 'it must be at least'} {min_accuracy:.4f}{' was asked' if passed else ''}."
    )
    return Rule("floor", passed, _plain(accuracy), ">=", min_accuracy, sentence)


def _better_than_constant(evaluation: Evaluation) -> Rule:
    constant = 1 / sum(score.rows > 0 for score in evaluation.classes)
    recall = evaluation.mean_recall
    passed = recall > constant
    sentence = (
        f"Mean recall over the classes is {recall:.4f}; a model that always answers one class has {constant:.4f}."
    )
    return Rule("better_than_constant", passed, _plain(recall), ">", constant, sentence)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""Whether a model may go on: rules with their numbers, as a record that a person can read later."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from trainer.evaluation.comparison import Comparison, NoComparison
from trainer.evaluation.gate_metric import ACCURACY, GateMetric
from trainer.evaluation.intervals import CONFIDENCE
from trainer.evaluation.measurement import Measurement
from trainer.evaluation.scores import Evaluation


@dataclass(frozen=True)
class Rule:
    """One condition and how it came out.

    Attributes:
        name: What the rule is called.
        passed: Whether the model keeps it.
        value: The model's number; None where it is not finite.
        comparison: `>=`, `>`, `<=` or `<`, or `is` for a property.
        threshold: What the number is held against; None for a property.
        sentence: The outcome in words.
        low: Lower end of the number's interval; None where none is known.
        high: Upper end.
    """

    name: str
    passed: bool
    value: float | None
    comparison: str
    threshold: float | None
    sentence: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Decision:
    """The outcome of all rules.

    Attributes:
        passed: Whether every rule is kept.
        summary: The outcome in one sentence, naming the rules that closed the gate.
        rules: Every rule, in the order of weight.
        gate_metric: What the model was judged by, as `GateMetric` spells it.
    """

    passed: bool
    summary: str
    rules: tuple[Rule, ...]
    gate_metric: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Gate:
    """What is asked of a challenger.

    Attributes:
        threshold: What the metric must reach: at least, or at most where less is better. 0 asks for nothing.
        min_gain: The least gain over the champion, in the metric.
        promote_on_tie: Whether a challenger as good as the champion may replace it.
        metric: What the model is judged by.
    """

    threshold: float
    min_gain: float = 0.0
    promote_on_tie: bool = False
    metric: GateMetric = ACCURACY


def decide(
    evaluation: Evaluation, measured: Measurement, comparison: Comparison | NoComparison, gate: Gate
) -> Decision:
    """Holds an evaluation against the gate's rules.

    Args:
        evaluation: The scores of the model that would be deployed.
        measured: Its value of the gate's metric.
        comparison: How it does against the champion on the same rows.
        gate: What is asked.
    """
    rules = (
        _finite(evaluation),
        _floor(measured, gate.threshold),
        _better_than_constant(evaluation, measured),
        _champion(comparison, gate),
    )
    broken = [rule for rule in rules if not rule.passed]
    if not broken:
        summary = f"Passed all {len(rules)} rules on {evaluation.rows} rows."
    else:
        summary = "Kept back. " + " ".join(rule.sentence for rule in broken)
    return Decision(not broken, summary, rules, str(gate.metric))


def _champion(comparison: Comparison | NoComparison, gate: Gate) -> Rule:
    if isinstance(comparison, NoComparison):
        return Rule("champion", comparison.passes, None, "is", None, comparison.sentence)
    gain = comparison.gain
    tie = gain == 0 and not gate.promote_on_tie
    passed = gain >= gate.min_gain and not tie
    measured = (
        f"{gate.metric.title} is {'better by ' * gate.metric.less_is_better}{gain:+.4f} against the "
        f"{comparison.value:.4f} of the champion (version {comparison.version}) "
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


def _floor(measured: Measurement, threshold: float) -> Rule:
    metric, value = measured.metric, measured.value
    if not math.isfinite(value):
        sentence = f"{metric.title} cannot be told: {_why_unknown(metric)}"
        return Rule("floor", False, None, "is", None, sentence)
    sense, words = ("<=", "at most") if metric.less_is_better else (">=", "at least")
    passed = not threshold or (value <= threshold if metric.less_is_better else value >= threshold)
    low, high = measured.interval or (None, None)
    told = [measured.counted, f"{CONFIDENCE * 100:.0f} %: {low:.2f} to {high:.2f}" if measured.interval else ""]
    detail = "; ".join(filter(None, told))
    if not threshold:
        asked = "nothing was asked of it"
    else:
        asked = f"{words} {threshold:.4f} was asked" if passed else f"it must be {words} {threshold:.4f}"
    sentence = f"{metric.title} is {value:.4f}{f' ({detail})' if detail else ''}; {asked}."
    return Rule("floor", passed, value, sense, threshold or None, sentence, low, high)


def _why_unknown(metric: GateMetric) -> str:
    if metric.of_class:
        return "no evaluation row has this class. Evaluate on rows of each class."
    return "the model does not answer with probabilities, or all evaluation rows have one class."


def _better_than_constant(evaluation: Evaluation, measured: Measurement) -> Rule:
    """By the measure that a constant answer does badly in: it may have the best of accuracies, or of one recall."""
    rows = [score.rows for score in evaluation.classes if score.rows]
    if measured.metric.name == "log_loss":
        constant = -sum(count / evaluation.rows * math.log(count / evaluation.rows) for count in rows)
        value, sense, title = measured.value, "<", "Log loss"
        answer = "a model that always answers with the shares of the classes"
    elif measured.metric.name == "auc":
        constant, value, sense, title = 0.5, measured.value, ">", "AUC"
        answer = "a model that answers every row alike"
    else:
        constant, value, sense, title = 1 / len(rows), evaluation.mean_recall, ">", "Mean recall over the classes"
        answer = "a model that always answers one class"
    passed = value < constant if sense == "<" else value > constant
    sentence = f"{title} is {value:.4f}; {answer} has {constant:.4f}."
    return Rule("better_than_constant", passed, _plain(value), sense, constant, sentence)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None

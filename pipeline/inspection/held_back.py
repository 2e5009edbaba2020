"""Which rules of the gate held a model back, by how much, and what would have let it pass."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.inspection.remedies import Finding, advice_for

_MOST_CONFUSIONS = 3


def findings_of(decision: Mapping[str, Any], facts: Mapping[str, str], is_local: bool) -> list[Finding]:
    """A finding for each rule that a model has not kept.

    Args:
        decision: The decision record that the evaluation has written.
        facts: What may stand in the advice, by name.
        is_local: Whether the run is one of this machine.
    """
    return [_finding(rule, decision, facts, is_local) for rule in decision.get("rules") or [] if not rule.get("passed")]


def _finding(rule: Mapping[str, Any], decision: Mapping[str, Any], facts: Mapping[str, str], is_local: bool) -> Finding:
    subject, sentence = f"Rule {rule['name']}", str(rule["sentence"])
    value, threshold = rule.get("value"), rule.get("threshold")
    if not isinstance(value, int | float) or not isinstance(threshold, int | float):
        # A loss that is not finite is a failure of the training, against which there is a remedy.
        return Finding(subject, sentence, advice_for(sentence, facts, is_local))
    numbers = _numbers(rule, value, threshold, decision)
    return Finding(subject, "\n".join([sentence, *numbers]), tuple(_advice(rule["name"], value, threshold, decision)))


def _numbers(rule: Mapping[str, Any], value: float, threshold: float, decision: Mapping[str, Any]) -> Iterator[str]:
    """By how much the rule is broken, and what shows why."""
    is_accuracy = _metric_of(decision) == "accuracy" and rule["name"] != "better_than_constant"
    rows = int(decision.get("rows") or 0) if is_accuracy else 0
    if rule["name"] != "champion":
        yield _excess(value, threshold) if "<" in str(rule.get("comparison")) else _shortfall(value, threshold, rows)
        yield from _confusions(decision)
    elif value < threshold:
        yield _shortfall(value, threshold, rows)
    measured = (decision.get("champion") or {}) if rule["name"] == "champion" else rule
    low, high = measured.get("low"), measured.get("high")
    if (
        isinstance(low, int | float)
        and isinstance(high, int | float)
        and low <= threshold <= high
        and value != threshold
    ):
        yield "That may be chance: the interval holds what was asked. More evaluation rows would tell."


def _advice(rule: str, value: float, threshold: float, decision: Mapping[str, Any]) -> Iterator[str]:
    if rule == "champion":
        passing = "--promote-on-tie" if value >= threshold else f"--min-gain {_rounded_down(value):.4f}"
        version = (decision.get("champion") or {}).get("version", "")
        yield f"`{passing}` would have let it pass."
        yield (
            f"`python -m pipeline models` tells which run made version {version}, and `python -m pipeline diff RUN "
            "RUN` what this one did otherwise."
        )
        return
    yield "Train longer (`--train-steps`), with another `--learning-rate`, or on more rows of the classes it confuses."
    if rule == "floor" and _metric_of(decision) == "log_loss":
        yield f"`--gate-threshold {-_rounded_down(-value):.4f}` would have let it pass."
    elif rule == "floor":
        option = "--min-accuracy" if _metric_of(decision) == "accuracy" else "--gate-threshold"
        yield f"`{option} {_rounded_down(value):.4f}` would have let it pass."


def _metric_of(decision: Mapping[str, Any]) -> str:
    """What the model was judged by; records of before there was a choice do not say."""
    return str(decision.get("gate_metric", "accuracy"))


def _excess(value: float, threshold: float) -> str:
    return f"It exceeds {threshold:.4f} by {value - threshold:.4f}."


def _shortfall(value: float, threshold: float, rows: int) -> str:
    gap = threshold - value
    if not gap:
        return f"It must lie above {threshold:.4f}, which it only reaches."
    # The gap of a whole number of rows must not become one more by rounding.
    missing = math.ceil(gap * rows - 1e-6)
    counted = f": {missing} more right {'answer' if missing == 1 else 'answers'} in {rows} rows" if rows else ""
    return f"It fell short of {threshold:.4f} by {gap:.4f}{counted}."


def _confusions(decision: Mapping[str, Any]) -> Iterator[str]:
    """The classes that are most often taken for others."""
    classes, matrix = decision.get("classes") or [], decision.get("confusion_matrix") or []
    wrong = [
        (count, sum(row), true, answered)
        for true, row in zip(classes, matrix, strict=False)
        for answered, count in zip(classes, row, strict=False)
        if count and answered != true
    ]
    most = sorted(wrong, key=lambda one: -one[0])[:_MOST_CONFUSIONS]
    if most:
        told = "; ".join(f"{count} of {rows} {true} taken for {answered}" for count, rows, true, answered in most)
        yield f"Wrong answers: {told}{'.' if len(most) == len(wrong) else ', and others.'}"


def _rounded_down(value: float) -> float:
    return math.floor(value * 10_000) / 10_000

"""The record of a gate's decision: a JSON artifact with rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.console.insight import Insight, parse_insight


@dataclass(frozen=True)
class RuleView:
    """One rule, and how it came out.

    Attributes:
        value: The model's number, as text; empty where it has none.
        asked: What the number is held against: `>= 0.9`.
        sentence: The outcome in words.
    """

    name: str
    passed: bool
    value: str
    asked: str
    sentence: str


@dataclass(frozen=True)
class DecisionView:
    """A decision.

    Attributes:
        passed: Whether the model may go on.
        summary: Why, in a sentence.
        rules: What it was held against.
        rows: How many rows it was evaluated on; None where the record does not tell.
        insight: What else it tells of the model.
    """

    passed: bool
    summary: str
    rules: tuple[RuleView, ...]
    rows: int | None
    insight: Insight


def parse_decision(content: bytes) -> DecisionView | None:
    """Reads a decision record; None where the content is none.

    Args:
        content: JSON of the form `{"passed", "summary", "rows", "rules": [...]}`, each rule of the form `{"name",
            "passed", "value", "comparison", "threshold", "sentence"}`; `parse_insight` tells what else it may hold.
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, Mapping) or not isinstance(record.get("rules"), list):
        return None
    rules = tuple(_rule(rule) for rule in record["rules"] if isinstance(rule, Mapping))
    passed = record.get("passed", all(rule.passed for rule in rules))
    rows = record.get("rows")
    return DecisionView(
        bool(passed),
        str(record.get("summary", "")),
        rules,
        rows if isinstance(rows, int) else None,
        parse_insight(record),
    )


def _rule(rule: Mapping[str, Any]) -> RuleView:
    threshold = number_text(rule.get("threshold"))
    return RuleView(
        name=str(rule.get("name", "")).replace("_", " "),
        passed=bool(rule.get("passed")),
        value=number_text(rule.get("value")),
        asked=f"{rule.get('comparison', '')} {threshold}".strip() if threshold else "",
        sentence=str(rule.get("sentence", "")),
    )


def number_text(value: Any) -> str:
    """A number with up to four digits after the point; other values as they are, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value.is_integer():
        return f"{value:.0f}" if abs(value) < 1e15 else f"{value:g}"
    return f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.3g}"

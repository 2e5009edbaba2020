"""Holds what was measured against its target, in words."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.numbers import number
from benchmarks.series import Contest, Target, pair_ratio


@dataclass(frozen=True)
class Verdict:
    """What has become of a target.

    Attributes:
        target: The target in words.
        measured: What was measured, in words.
        outcome: "met", by how much it was missed, or why nobody knows.
        state: "met", "missed" or "unknown".
    """

    target: str
    measured: str
    outcome: str
    state: str


def judge(contest: Contest, target: Target) -> Verdict:
    """Holds the median of ours, or the median of its pairs with another, against a target."""
    words = in_words(contest, target)
    if not target.against:
        measured = contest.ours.median
        return _verdict(words, f"{number(measured)} {contest.unit}".strip(), measured, target)
    other = contest.find(target.against)
    if other is None:
        reason = (contest.absent or {}).get(target.against, "it did not take part")
        return Verdict(words, "", f"not measured: {reason}", "unknown")
    ratio = pair_ratio(contest.ours, other)
    said = f"{number(ratio)} of it" if target.value <= 1 and ratio < 2 else f"{number(ratio)} times"
    return _verdict(words, said, ratio, target)


def in_words(contest: Contest, target: Target) -> str:
    """A target as a phrase: "at least 0.6 of the limit", "at most 20 s"."""
    amount = number(target.value)
    if not target.against:
        return f"{target.bound} {amount} {contest.unit}".strip()
    if target.value == 1:
        return f"no {'less' if target.bound == 'at least' else 'more'} than {target.against}"
    return f"{target.bound} {amount} {'of' if target.value < 1 else 'times'} {target.against}"


def _verdict(words: str, measured: str, value: float, target: Target) -> Verdict:
    gap = target.value - value if target.bound == "at least" else value - target.value
    if gap <= 0:
        return Verdict(words, measured, "met", "met")
    return Verdict(words, measured, f"missed by {max(1, round(100 * gap / target.value))} %", "missed")

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from trainer.evaluation.comparison import NO_CHAMPION, Comparison, broken_champion, other_contract
from trainer.evaluation.decision import Decision, Gate, Rule, decide
from trainer.evaluation.scores import score

CLASSES = ("a", "b")


def decision(labels: list[int], answers: list[int], min_accuracy: float) -> Decision:
    evaluation = score(np.array(labels), np.eye(2, dtype=np.float32)[answers], CLASSES)
    return decide(evaluation, NO_CHAMPION, Gate(min_accuracy))


def against(gain: float, **gate: Any) -> Rule:
    """The rule on a champion of accuracy 0.9 that the challenger beats by `gain`."""
    evaluation = score(np.array([0, 1]), np.eye(2, dtype=np.float32), CLASSES)
    made = decide(evaluation, Comparison("3", 0.9, gain, gain - 0.1, gain + 0.1), Gate(0.5, **gate))
    assert made.passed == made.rules[-1].passed
    return made.rules[-1]


def outcome(made: Decision) -> dict[str, bool]:
    return {rule.name: rule.passed for rule in made.rules}


def test_decide_passes_a_good_model_and_says_on_how_many_rows() -> None:
    made = decision([0, 1, 1, 0], [0, 1, 1, 0], 0.9)
    assert made.passed
    assert made.summary == "Passed all 4 rules on 4 rows."


def test_decide_counts_accuracy_at_the_floor_as_enough() -> None:
    assert outcome(decision([0, 1, 1, 0], [0, 1, 1, 1], 0.75))["floor"]


def test_decide_keeps_back_below_the_floor_and_says_the_numbers() -> None:
    made = decision([0, 1, 1, 0], [0, 1, 1, 1], 0.9)
    assert not made.passed
    assert made.summary == "Kept back. Accuracy is 0.7500 (3 of 4 rows); it must be at least 0.9000."


def test_decide_keeps_back_a_constant_model_whatever_its_accuracy() -> None:
    made = decision([0] * 99 + [1], [0] * 100, 0.9)
    assert outcome(made) == {"finite": True, "floor": True, "better_than_constant": False, "champion": True}
    assert "a model that always answers one class has 0.5000" in made.summary


def test_decide_closes_the_gate_on_nan_and_says_so() -> None:
    spoilt = score(np.array([0, 1]), np.full((2, 2), math.nan, np.float32), CLASSES)
    made = decide(spoilt, NO_CHAMPION, Gate(0.0))
    assert not outcome(made)["finite"]
    assert "The loss of the model is NaN or infinite" in made.summary


@pytest.mark.parametrize("answers", [[0, 1], [1, 0], [0, 0]])
def test_decision_record_is_plain_json(answers: list[int]) -> None:
    made = decision([0, 1], answers, 0.5)
    assert json.loads(json.dumps(made.to_dict(), allow_nan=False))["passed"] == made.passed


def test_champion_that_is_worse_is_replaced() -> None:
    rule = against(0.05)
    assert rule.passed
    assert rule.sentence == (
        "Accuracy is +0.0500 against the 0.9000 of the champion (version 3) on the same rows, "
        "95% interval -0.0500 to +0.1500; at least +0.0000 was asked."
    )


def test_champion_that_is_better_stays() -> None:
    rule = against(-0.05)
    assert not rule.passed
    assert rule.sentence.endswith("it must be at least +0.0000.")


def test_champion_wins_a_tie_unless_asked_otherwise() -> None:
    rule = against(0.0)
    assert not rule.passed
    assert rule.sentence.endswith("a tie, which keeps the champion unless promote_on_tie is set.")
    assert against(0.0, promote_on_tie=True).passed


@pytest.mark.parametrize(("gain", "least", "passed"), [(0.02, 0.03, False), (0.03, 0.03, True), (-0.01, -0.02, True)])
def test_champion_must_be_beaten_by_the_gain_asked(gain: float, least: float, passed: bool) -> None:
    assert against(gain, min_gain=least).passed == passed


def test_no_comparison_has_a_clear_outcome() -> None:
    evaluation = score(np.array([0, 1]), np.eye(2, dtype=np.float32), CLASSES)
    outcomes = {
        comparison.sentence.split(".")[0]: decide(evaluation, comparison, Gate(0.5)).passed
        for comparison in (NO_CHAMPION, other_contract("3"), broken_champion("3", "It is gone."))
    }
    assert outcomes == {
        "There is no champion yet: the first model needs none to beat": True,
        "The champion, version 3, was trained under another data contract and cannot answer these rows: "
        "the other rules decide": True,
        "The champion, version 3, cannot be evaluated: It is gone": False,
    }

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from trainer.decision import Decision, decide
from trainer.evaluation import score

CLASSES = ("a", "b")


def decision(labels: list[int], answers: list[int], min_accuracy: float) -> Decision:
    return decide(score(np.array(labels), np.eye(2, dtype=np.float32)[answers], CLASSES), min_accuracy)


def outcome(made: Decision) -> dict[str, bool]:
    return {rule.name: rule.passed for rule in made.rules}


def test_decide_passes_a_good_model_and_says_on_how_many_rows() -> None:
    made = decision([0, 1, 1, 0], [0, 1, 1, 0], 0.9)
    assert made.passed
    assert made.summary == "Passed all 3 rules on 4 rows."


def test_decide_counts_accuracy_at_the_floor_as_enough() -> None:
    assert outcome(decision([0, 1, 1, 0], [0, 1, 1, 1], 0.75))["floor"]


def test_decide_keeps_back_below_the_floor_and_says_the_numbers() -> None:
    made = decision([0, 1, 1, 0], [0, 1, 1, 1], 0.9)
    assert not made.passed
    assert made.summary == "Kept back. Accuracy is 0.7500 (3 of 4 rows); it must be at least 0.9000."


def test_decide_keeps_back_a_constant_model_whatever_its_accuracy() -> None:
    made = decision([0] * 99 + [1], [0] * 100, 0.9)
    assert outcome(made) == {"finite": True, "floor": True, "better_than_constant": False}
    assert "a model that always answers one class has 0.5000" in made.summary


def test_decide_closes_the_gate_on_nan_and_says_so() -> None:
    spoilt = score(np.array([0, 1]), np.full((2, 2), math.nan, np.float32), CLASSES)
    made = decide(spoilt, 0.0)
    assert not outcome(made)["finite"]
    assert "The loss of the model is NaN or infinite" in made.summary


@pytest.mark.parametrize("answers", [[0, 1], [1, 0], [0, 0]])
def test_decision_record_is_plain_json(answers: list[int]) -> None:
    made = decision([0, 1], answers, 0.5)
    assert json.loads(json.dumps(made.to_dict(), allow_nan=False))["passed"] == made.passed

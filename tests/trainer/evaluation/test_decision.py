from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from trainer.evaluation.comparison import NO_CHAMPION, Comparison, NoComparison, broken_champion, other_contract
from trainer.evaluation.decision import Decision, Gate, Rule, decide
from trainer.evaluation.gate_metric import GateMetric, parse_gate_metric
from trainer.evaluation.measurement import measure
from trainer.evaluation.scores import score

CLASSES = ("a", "b")


def decision(labels: list[int], answers: list[int], min_accuracy: float) -> Decision:
    return judged(np.array(labels), np.eye(2, dtype=np.float32)[answers], Gate(min_accuracy))


def judged(
    labels: np.ndarray, probabilities: np.ndarray, gate: Gate, comparison: Comparison | NoComparison = NO_CHAMPION
) -> Decision:
    evaluation = score(labels, probabilities, CLASSES)
    return decide(evaluation, measure(gate.metric, evaluation, labels, probabilities), comparison, gate)


def against(gain: float, **gate: Any) -> Rule:
    """The rule on a champion of accuracy 0.9 that the challenger beats by `gain`."""
    comparison = Comparison("3", 0.9, gain, gain - 0.1, gain + 0.1)
    made = judged(np.array([0, 1]), np.eye(2, dtype=np.float32), Gate(0.5, **gate), comparison)
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
    assert (
        made.summary == "Kept back. Accuracy is 0.7500 (3 of 4 rows; 95 %: 0.30 to 0.95); it must be at least 0.9000."
    )


def test_decide_keeps_back_a_constant_model_whatever_its_accuracy() -> None:
    made = decision([0] * 99 + [1], [0] * 100, 0.9)
    assert outcome(made) == {"finite": True, "floor": True, "better_than_constant": False, "champion": True}
    assert "a model that always answers one class has 0.5000" in made.summary


def test_decide_closes_the_gate_on_nan_and_says_so() -> None:
    made = judged(np.array([0, 1]), np.full((2, 2), math.nan, np.float32), Gate(0.0))
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


LABELS = np.array([0, 0, 0, 1])
SURE = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.5, 0.5]], np.float32)


@pytest.mark.parametrize(
    ("metric", "threshold", "floor", "constant"),
    [
        ("recall:b", 0.5, "Recall of b is 0.0000 (0 of 1 rows; 95 %: 0.00 to 0.79); it must be at least 0.5000.", ""),
        ("precision:b", 0, "Precision of b is 0.0000 (0 of 0 answers); nothing was asked of it.", ""),
        ("balanced_accuracy", 0.5, "Balanced accuracy is 0.5000 (95 %: 0.22 to 0.90); at least 0.5000 was asked.", ""),
        (
            "auc",
            0.9,
            "AUC is 1.0000; at least 0.9000 was asked.",
            "AUC is 1.0000; a model that answers every row alike",
        ),
        (
            "log_loss",
            0.3,
            "Log loss is 0.3831 (95 %: 0.16 to 0.60); it must be at most 0.3000.",
            "Log loss is 0.3831; a model that always answers with the shares of the classes has 0.5623.",
        ),
    ],
)
def test_decide_judges_by_the_metric_of_the_gate(metric: str, threshold: float, floor: str, constant: str) -> None:
    made = judged(LABELS, SURE, Gate(threshold, metric=parse_gate_metric(metric)))
    assert made.gate_metric == metric
    assert made.rules[1].sentence == floor
    assert made.rules[1].passed == ("must be" not in floor)
    assert made.rules[2].sentence.startswith(constant or "Mean recall over the classes is 0.5000")
    assert made.rules[2].passed == bool(constant)


def test_decide_says_which_class_no_row_has() -> None:
    made = judged(np.zeros(4, np.int64), SURE, Gate(0.0, metric=GateMetric("recall", "b")))
    assert made.rules[1].sentence.startswith("Recall of b cannot be told: no evaluation row has this class.")
    assert not made.rules[1].passed


def test_gain_in_log_loss_is_less_of_it() -> None:
    rule = against(0.05, metric=GateMetric("log_loss"))
    assert rule.sentence.startswith("Log loss is better by +0.0500 against the 0.9000 of the champion (version 3)")


def test_no_comparison_has_a_clear_outcome() -> None:
    labels, answers = np.array([0, 1]), np.eye(2, dtype=np.float32)
    outcomes = {
        comparison.sentence.split(".")[0]: judged(labels, answers, Gate(0.5), comparison).passed
        for comparison in (NO_CHAMPION, other_contract("3"), broken_champion("3", "It is gone."))
    }
    assert outcomes == {
        "There is no champion yet: the first model needs none to beat": True,
        "The champion, version 3, was trained under another data contract and cannot answer these rows: "
        "the other rules decide": True,
        "The champion, version 3, cannot be evaluated: It is gone": False,
    }

from __future__ import annotations

from pipeline.serving.score import score_text

SURE, UNSURE = ({"class": "a", "probabilities": {"a": share, "b": 1 - share}} for share in (1.0, 0.5))


def test_score_is_told_of_the_rows_whose_class_is_known() -> None:
    assert score_text([SURE, UNSURE, UNSURE], ["a", "b", ""]) == (
        "Against the label's column: 1 of 2 right, accuracy 0.5000, log loss 0.3466.\n"
        "Wrong answers: 1 b taken for a.\n"
        "1 rows have no class in the label's column, and are not counted."
    )


def test_answer_that_was_thought_impossible_has_a_finite_loss() -> None:
    assert "log loss 34.5388." in score_text([SURE], ["b"])


def test_nothing_is_told_without_truths() -> None:
    assert score_text([SURE], []) == score_text([SURE], [""]) == score_text([[0.5]], ["a"]) == ""

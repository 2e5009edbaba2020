from __future__ import annotations

import re

import numpy as np

from trainer.evaluation.comparison import NO_CHAMPION
from trainer.evaluation.decision import Gate, decide
from trainer.evaluation.report import render_report
from trainer.evaluation.scores import Evaluation, score


def page(evaluation: Evaluation) -> str:
    return render_report("iris", "Trained for 5 steps.", evaluation, decide(evaluation, NO_CHAMPION, Gate(0.9)))


def test_report_shows_numbers_matrix_curves_and_decision() -> None:
    html = page(score(np.array([0, 1, 2, 2]), np.eye(3, dtype=np.float32)[[0, 1, 2, 1]], ("x", "y", "z")))
    assert "<b>0.7500</b>" in html
    assert "Kept back" in html
    assert "it must be at least 0.9000" in html
    assert html.count("<polyline") == 4
    assert re.search(r'">2</td>|">1</td>', html)


def test_report_needs_nothing_from_elsewhere() -> None:
    html = page(score(np.array([0, 1]), np.eye(2, dtype=np.float32), ("x", "y")))
    assert not re.search(r"(src|href)=|https?://|<script|@import|url\(", html)


def test_report_escapes_class_names() -> None:
    html = page(score(np.array([0, 1]), np.eye(2, dtype=np.float32), ("<script>alert(1)</script>", "$a & b$")))
    assert "<script>" not in html
    assert "$a &amp; b$" in html


def test_report_says_what_it_leaves_out_of_many_classes() -> None:
    def of(classes: int) -> str:
        ids = np.arange(classes)
        return page(score(ids, np.eye(classes, dtype=np.float32), [f"k{i}" for i in ids]))

    assert "The first 24 of 100 classes" in of(100)
    assert "decision record alone" not in of(100)
    assert "Of more than 100 classes, the matrix stands in the decision record alone" in of(101)
    assert len(of(101)) < len(of(100))


def test_report_of_a_class_without_rows_and_of_nan() -> None:
    assert "no curve" in page(score(np.array([0, 0]), np.eye(2, dtype=np.float32)[[0, 1]], ("x", "y")))
    assert "not finite" in page(score(np.array([0, 1]), np.full((2, 2), np.nan, np.float32), ("x", "y")))

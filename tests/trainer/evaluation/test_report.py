from __future__ import annotations

import re

import numpy as np

from trainer.evaluation.calibration import calibration
from trainer.evaluation.comparison import NO_CHAMPION
from trainer.evaluation.decision import Gate, decide
from trainer.evaluation.gate_metric import ACCURACY
from trainer.evaluation.importance import ColumnImportance, Importance
from trainer.evaluation.insight import CELLS_SHOWN, COLUMNS_SHOWN, Insight
from trainer.evaluation.measurement import measure
from trainer.evaluation.report import render_report
from trainer.evaluation.scores import Evaluation, score
from trainer.evaluation.worst_rows import WorstRow


def page(evaluation: Evaluation, insight: Insight | None = None) -> str:
    measured = measure(ACCURACY, evaluation, np.empty(0), np.empty(0))
    decision = decide(evaluation, measured, NO_CHAMPION, Gate(0.9))
    return render_report("iris", "Trained for 5 steps.", evaluation, decision, insight)


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


def insight_of(columns: int) -> Insight:
    """Of a model that leans on `columns` columns, the first one most."""
    found = tuple(ColumnImportance(f"<column {i}>", 1.0 / (i + 1), 0.1, 0.25) for i in range(columns))
    instance = {one.column: None if place else "a & b" for place, one in enumerate(found)}
    worst = WorstRow(7, 2.5, "x", 0.08, "y", 0.92, instance)
    answers = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]], np.float32)
    return Insight(Importance(3, 2, found), (worst,), calibration(np.array([0, 1, 1]), answers))


def test_report_tells_what_the_model_leans_on_where_it_is_wrong_and_how_sure_it_is() -> None:
    html = page(score(np.array([0, 1]), np.eye(2, dtype=np.float32), ("x", "y")), insight_of(2))
    assert "&lt;column 0&gt;</th><td>+1.0000</td><td>0.1000</td><td>0.2500</td>" in html
    assert "Time did not suffice for 2 more columns." in html
    assert html.count("<circle") == 2
    assert "Calibration curve, error 0.4000" in html
    assert "<td>7</td><td>x</td><td>0.0800</td><td>y</td><td>0.9200</td><td>a &amp; b</td><td></td>" in html


def test_report_and_record_of_a_wide_table_have_the_columns_that_matter() -> None:
    wide = insight_of(200).to_dict()
    assert len(wide["importance"]["columns"]) == COLUMNS_SHOWN
    assert [*wide["worst_rows"][0]["instance"]] == [f"<column {i}>" for i in range(CELLS_SHOWN)]
    page(score(np.array([0, 1]), np.eye(2, dtype=np.float32), ("x", "y")), insight_of(200))

from __future__ import annotations

from typing import Any

from pipeline.runs.insight import insight

ROW = {"row": 7, "label": "no", "probability": 0.1, "answer": "yes", "confidence": 0.9, "instance": {}}


def told(**record: Any) -> list[str]:
    return [text.plain for text in insight(record) if text]


def test_insight_tells_what_the_model_leans_on_where_it_is_wrong_and_how_sure_it_is() -> None:
    columns = [{"column": name, "loss": 0.5, "deviation": 0.1, "metric": 0.25} for name in ("age", "income")]
    assert told(
        gate_metric="recall:yes",
        importance={"columns": columns},
        worst_rows=[ROW, {**ROW, "row": 8, "answer": "no"}],
        calibration={"error": 0.03125, "bins": []},
    ) == [
        (
            "Leans on: what shuffling a column costs\n"
            "  column     loss  recall:yes lost\n"
            "  age     +0.5000          +0.2500\n"
            "  income  +0.5000          +0.2500"
        ),
        "Most wrong, by number among the evaluation rows\n  row 7: no, answered yes with 0.9000",
        "Calibration error 0.0312: the gap between how sure its answers are and how often they are right.",
    ]


def test_insight_tells_the_first_of_many_columns_and_nothing_of_a_record_without_them() -> None:
    columns = [{"column": f"c{place}", "loss": 0.5, "deviation": 0.1, "metric": 0.25} for place in range(6)]
    (text,) = told(importance={"columns": columns})
    assert "the first 5; the report has more" in text
    assert "c5" not in text
    assert told() == told(worst_rows=[], importance={"columns": []}) == []

"""The drawing of what a model leans on, where it is most wrong and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.console.charts import calibration_chart
from emulator.console.decision import number_text
from emulator.console.insight import Importance, Insight, WorstRow
from emulator.console.markup import cell, head_cell, row, scrolling, table, tag
from emulator.console.widgets import Chart

MOST_COLUMNS = 20


def show_insight(insight: Insight) -> None:
    """Puts cards into the page, one for each part that there is."""
    if insight.importance:
        _importance(insight.importance)
    if insight.calibration_error is not None and insight.calibration:
        _calibration(insight.calibration_error, insight.calibration)
    if insight.worst_rows:
        _worst_rows(insight.worst_rows)


def _importance(columns: Sequence[Importance]) -> None:
    with tag("section", classes="card"):
        tag("h2", "What the model leans on")
        more = f" The first {MOST_COLUMNS} of {len(columns)} columns." if len(columns) > MOST_COLUMNS else ""
        tag("p", f"What it costs to shuffle the values of a column.{more}", "soft small")
        with scrolling("Importance"), table("Importance", ["Column", "Loss", "Metric"], ["Loss", "Metric"]):
            for one in columns[:MOST_COLUMNS]:
                with row():
                    head_cell(one.column)
                    cell("Loss", number_text(one.loss), "number")
                    cell("Metric", number_text(one.metric), "number")


def _calibration(error: float, points: Sequence[tuple[float, float]]) -> None:
    with tag("section", classes="card"):
        tag("h2", "Calibration")
        told = f"Between how sure the answers are and how often they are right lies {number_text(error)}."
        tag("p", told, "soft small")
        Chart(calibration_chart(points), f"Calibration curve. {told}")


def _worst_rows(rows: Sequence[WorstRow]) -> None:
    with tag("section", classes="card"):
        tag("h2", "Worst rows")
        tag("p", "Those of the highest loss, by their number among the evaluation rows.", "soft small")
        titles = ["Row", "Class", "Given", "Answered", "With", *rows[0].values]
        with scrolling("Worst rows"), table("Worst rows", titles, ["Given", "With"]):
            for one in rows:
                with row():
                    head_cell(str(one.row))
                    cell("Class", one.label)
                    cell("Given", number_text(one.probability), "number")
                    cell("Answered", one.answer)
                    cell("With", number_text(one.confidence), "number")
                    for name in rows[0].values:
                        cell(name, number_text(one.values.get(name)))

"""What a run's model leans on, where it is most wrong and how sure it is, as it looks on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from pipeline.text_table import aligned

_MOST_COLUMNS = 5
_MOST_ROWS = 3


def insight(decision: Mapping[str, Any]) -> list[Text]:
    """Importance, worst rows and calibration; empty where the record has none.

    Args:
        decision: The decision record; empty where the run has written none.
    """
    return [_importance(decision), _worst_rows(decision), _calibration(decision)]


def _importance(decision: Mapping[str, Any]) -> Text:
    columns = (decision.get("importance") or {}).get("columns") or []
    if not columns:
        return Text()
    lines = [
        [Text(f"  {one['column']}"), Text(f"{one['loss']:+.4f}"), Text(f"{one['metric']:+.4f}")]
        for one in columns[:_MOST_COLUMNS]
    ]
    titles = [Text("  column"), Text("loss"), Text(f"{decision.get('gate_metric', 'metric')} lost")]
    heading = Text("Leans on: what shuffling a column costs")
    if len(columns) > _MOST_COLUMNS:
        heading.append(f", the first {_MOST_COLUMNS}; the report has more")
    return heading.append("\n").append_text(aligned([titles, *lines], first_to_the_right=1))


def _worst_rows(decision: Mapping[str, Any]) -> Text:
    rows = [one for one in decision.get("worst_rows") or [] if one["answer"] != one["label"]][:_MOST_ROWS]
    lines = [
        Text(f"  row {one['row']}: {one['label']}, answered {one['answer']} with {one['confidence']:.4f}")
        for one in rows
    ]
    return Text("\n").join([Text("Most wrong, by number among the evaluation rows"), *lines]) if lines else Text()


def _calibration(decision: Mapping[str, Any]) -> Text:
    error = (decision.get("calibration") or {}).get("error")
    if not isinstance(error, int | float):
        return Text()
    return Text(
        f"Calibration error {error:.4f}: the gap between how sure its answers are and how often they are right."
    )

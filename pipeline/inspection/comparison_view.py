"""How two runs side by side look on a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from rich.text import Text

from pipeline.digests import shortened
from pipeline.inspection.comparison import Row
from pipeline.text_table import aligned

_LONGEST = 60


def comparison_table(left: str, right: str, rows: Sequence[Row]) -> Text:
    """A row for each thing, under the ids of the two runs."""
    lines = [[Text(), Text(left, "bold"), Text(right, "bold"), Text()]]
    for section, members in groupby(rows, key=attrgetter("section")):
        lines.append([Text(section, "bold"), Text(), Text(), Text()])
        lines += [_line(row) for row in members]
    return aligned(lines)


def as_json(left: str, right: str, rows: Sequence[Row]) -> str:
    """The same for a program, values as they are."""
    document = {"runs": [left, right], "rows": [vars(row) for row in rows]}
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _line(row: Row) -> list[Text]:
    style = "yellow" if row.differs else ""
    change = "" if not row.change else f"{row.change:+.4g}{' s' if row.section == 'tasks' else ''}"
    return [Text(f"  {row.name}"), Text(_shown(row.left), style), Text(_shown(row.right), style), Text(change)]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(shortened(str(value)).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

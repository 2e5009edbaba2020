"""Elements that need a little JavaScript of their own, in assets/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui.element import Element


class LocalTime(Element, component="assets/local_time.js", esm={"console-times": "assets/times"}):
    """A time in the reader's own zone.

    Args:
        moment: The time.
    """

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.props["moment"] = moment.isoformat()


class TimeZone(Element, component="assets/time_zone.js"):
    """Says in which zone times are shown."""


class ElapsedTime(Element, component="assets/elapsed_time.js"):
    """How long something has taken so far, second by second.

    Args:
        since: When it began.
    """

    def __init__(self, since: datetime) -> None:
        super().__init__()
        self.props["since"] = since.isoformat()


class ThemeChoice(Element, component="assets/theme_choice.js"):
    """Lets the reader choose between light, dark and the system's colours."""


class Chart(Element, component="assets/chart.js"):
    """A chart.

    Args:
        options: ECharts options, with names of the style sheet's variables for colours.
        label: What it shows, in words.
    """

    def __init__(self, options: dict[str, Any], label: str) -> None:
        super().__init__()
        self.props["options"] = options
        self.props["aria-label"] = label


class LogView(Element, component="assets/log_view.js"):
    """The end of a log.

    Args:
        label: Whose log it is.
    """

    def __init__(self, label: str) -> None:
        super().__init__()
        self.props["text"] = ""
        self.props["aria-label"] = label

    def show(self, text: str) -> None:
        """Shows a text; the view stays at its end where it was there."""
        if self.props["text"] != text:
            self.props["text"] = text


class RunTable(Element, component="assets/run_table.js"):
    """The table of runs.

    Args:
        columns: Its columns, each with `key`, `title` and, where it holds numbers, `number`.
        on_sort: Called with the key of a column that is to be sorted by.
        on_choose: Called with the name of a run, and whether it was selected.
    """

    def __init__(
        self,
        columns: Sequence[Mapping[str, Any]],
        on_sort: Callable[[str], Any],
        on_choose: Callable[[str, bool], Any],
    ) -> None:
        super().__init__()
        self.props["columns"] = list(columns)
        self.props["rows"] = []
        self.on("sort", lambda event: on_sort(str(event.args)))
        self.on("choose", lambda event: on_choose(str(event.args[0]), bool(event.args[1])))

    def show(self, rows: Sequence[Mapping[str, Any]], sort: str, descending: bool) -> None:
        """Shows rows.

        Args:
            rows: As run_rows.py makes them.
            sort: The key of the column that they are sorted by.
            descending: Whether the largest comes first.
        """
        shown = {"rows": list(rows), "sort": sort, "descending": descending}
        if any(self.props.get(key) != value for key, value in shown.items()):
            self.props.update(shown)

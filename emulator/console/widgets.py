"""Elements that need a little JavaScript of their own, in assets/."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nicegui.element import Element


class LocalTime(Element, component="assets/local_time.js"):
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

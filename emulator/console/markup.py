"""Plain HTML elements. Text and attributes that others chose go in as values, never as markup or code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from emulator.console.addresses import object_page
from emulator.console.states import shown_state
from emulator.console.times import duration_text
from emulator.console.values import short_text
from emulator.console.widgets import ElapsedTime, LocalTime

Attributes = Mapping[str, Any]
DASH = "—"


def tag(name: str, text: str | None = None, classes: str = "", attributes: Attributes | None = None) -> Element:
    """An element; more can be put into it with `with`.

    Args:
        name: Its HTML tag.
        text: What it says.
        classes: Classes of the style sheet.
        attributes: Its attributes. Their names are written in this package: NiceGUI runs what begins with a colon.
    """
    element: Element = ui.element(name) if text is None else TextElement(tag=name, text=text)
    if classes:
        element.classes(classes)
    if attributes:
        element.props.update(attributes)
    return element


def link(text: str, address: str, classes: str = "") -> Element:
    """A link to a page of the console."""
    return tag("a", text, classes, {"href": address})


def state_badge(state: str) -> Element:
    """A state: its mark, its word and its colour."""
    word, mark, tone = shown_state(state)
    with tag("span", classes=f"state {tone}") as badge:
        tag("span", mark, "mark", {"aria-hidden": "true"})
        tag("span", word)
    return badge


def time(moment: datetime | None) -> None:
    """A time in the reader's zone."""
    if moment is None:
        tag("span", DASH, "soft")
    else:
        LocalTime(moment)


def duration(started: datetime | None, ended: datetime | None, is_final: bool) -> None:
    """How long something took; it counts on where it has not ended."""
    if started is None or (ended is None and is_final):
        tag("span", DASH, "soft")
    elif ended is None:
        ElapsedTime(started)
    else:
        tag("span", duration_text(max(0.0, (ended - started).total_seconds())))


def chips(labels: Mapping[str, str], most: int | None = None) -> None:
    """Labels, the first of them where there are more than `most`."""
    shown = sorted(labels.items())
    with tag("div", classes="chips"):
        for key, value in shown[:most]:
            with tag("span", classes="chip", attributes={"title": f"{key}={value}"}):
                tag("b", key)
                tag("span", short_text(value))
        if most is not None and len(shown) > most:
            rest = ", ".join(f"{key}={value}" for key, value in shown[most:])
            tag("span", f"+{len(shown) - most}", "chip", {"title": rest, "aria-label": f"and {rest}"})


def fact(name: str) -> Element:
    """One line of a list of facts; its value goes into what this returns."""
    with tag("div"):
        tag("dt", name)
        return tag("dd")


def text_fact(name: str, value: str) -> None:
    """One line of a list of facts, where its value is text."""
    with tag("div"):
        tag("dt", name)
        tag("dd", value or DASH)


def banner(text: str, tone: str = "") -> Element:
    """A message to the reader."""
    return tag("div", text, f"banner {tone}".strip(), {"role": "alert" if tone == "bad" else "note"})


def empty(title: str, text: str, command: str = "") -> None:
    """What stands where a list has nothing."""
    with tag("div", classes="empty"):
        tag("h2", title)
        tag("p", text, "soft")
        if command:
            tag("code", command)


def uri(address: str) -> None:
    """A link to what lies in the object store; plain text, where it lies elsewhere."""
    if address.startswith("gs://"):
        link(address, object_page(address), "mono wrap-anywhere")
    else:
        tag("span", address or DASH, "mono wrap-anywhere")


def crumbs(section: str, address: str, place: str) -> None:
    """Where the page stands: the list that it belongs to, and its own place."""
    with tag("nav", classes="crumbs", attributes={"aria-label": "Place"}):
        link(section, address)
        tag("span", f" / {place}")


def scrolling(label: str) -> Element:
    """A part that can be scrolled sideways, by keyboard too."""
    return tag("div", classes="scroll", attributes={"tabindex": "0", "role": "region", "aria-label": label})


def table(label: str, columns: Sequence[str], numbers: Sequence[str] = (), stacking: bool = True) -> Element:
    """A table with its head; rows go into what this returns.

    Args:
        label: What it lists.
        columns: Their heads.
        numbers: Those of the columns that hold numbers.
        stacking: Whether its rows stand as cards on a narrow screen.
    """
    # The roles are said again, since cards are no table to a browser.
    with tag(
        "table",
        classes=f"grid {'stacking' if stacking else 'pairs'}",
        attributes={"role": "table", "aria-label": label},
    ):
        with tag("thead", attributes={"role": "rowgroup"}), tag("tr", attributes={"role": "row"}):
            for column in columns:
                head_of_column(column, "number" if column in numbers else "")
        return tag("tbody", attributes={"role": "rowgroup"})


def head_of_column(text: str, classes: str = "") -> Element:
    """The head of a column; an empty cell where the column needs none."""
    if not text:
        return tag("td", attributes={"role": "cell"})
    return tag("th", text, classes, {"scope": "col", "role": "columnheader"})


def row(classes: str = "") -> Element:
    """A row of a table."""
    return tag("tr", classes=classes, attributes={"role": "row"})


def head_cell(text: str | None = None) -> Element:
    """The cell of a row that names it."""
    return tag("th", text, "main-cell", {"scope": "row", "role": "rowheader"})


def cell(label: str, text: str | None = None, classes: str = "") -> Element:
    """A cell of a row; its label stands before it on a narrow screen."""
    return tag("td", text, classes, {"data-label": label, "role": "cell"})

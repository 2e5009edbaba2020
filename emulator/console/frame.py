"""What all pages share: the menu, the place, the reader's colours, and a line that speaks up when something changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import ui
from nicegui.element import Element

from emulator.console.addresses import PREFIX, SECTIONS, page_of
from emulator.console.markup import banner, empty, link, tag
from emulator.console.reader import ReadError
from emulator.console.widgets import ThemeChoice, TimeZone

# A pipeline's graph in small: three tasks and what joins them.
BRAND = {"viewBox": "0 0 24 24", "fill": "none", "stroke": "currentColor", "stroke-width": "2", "aria-hidden": "true"}


class Frame:
    """The page around what it shows.

    Args:
        title: What the window is called.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._status: Element | None = None
        ui.page_title(f"{title} · Vertex emulator")

    def put_status(self) -> None:
        """Puts the line that speaks up into the page."""
        self._status = ui.label("").classes("unseen").props("role=status aria-live=polite")

    def announce(self, text: str, mark: str = "") -> None:
        """Tells of a change to whoever does not see it, and in the window's title."""
        if isinstance(self._status, ui.label):
            self._status.set_text(text)
        ui.page_title(f"{mark} {self._title} · Vertex emulator".strip())


@contextmanager
def framed(title: str, location: str, section: str) -> Iterator[Frame]:
    """Puts a page together.

    Args:
        title: What the window is called.
        location: The location that the menu leads to: projects/P/locations/L.
        section: The section of the menu that the page belongs to; empty for none.
    """
    frame = Frame(title)
    with ui.header(fixed=False, wrap=False, add_scroll_padding=False).classes("top"):
        link("Skip to the content", "#content", "skip")
        with tag("div", classes="top-row"):
            _brand()
            with tag("nav", classes="nav", attributes={"aria-label": "Sections"}):
                for name, collection in SECTIONS.items():
                    entry = link(name, page_of(f"{location}/{collection}"))
                    if name == section:
                        entry.props["aria-current"] = "page"
            with tag("div", classes="top-end"):
                _place(location, SECTIONS.get(section, "pipelineJobs"))
                ThemeChoice()
    with tag("div", classes="main", attributes={"id": "content", "tabindex": "-1"}):
        frame.put_status()
        yield frame
    with ui.footer(fixed=False, wrap=False).classes("bottom"), tag("div", classes="foot"):
        TimeZone()


def _brand() -> None:
    with tag("a", classes="brand", attributes={"href": PREFIX}):
        with tag("svg", classes="brand-mark", attributes=BRAND):
            tag("circle", attributes={"cx": "5", "cy": "12", "r": "3"})
            tag("circle", attributes={"cx": "19", "cy": "5", "r": "3"})
            tag("circle", attributes={"cx": "19", "cy": "19", "r": "3"})
            tag("path", attributes={"d": "M8 11l8-5M8 13l8 5"})
        tag("span", "Vertex emulator")


def _place(location: str, collection: str) -> None:
    _, project, _, region = [*location.split("/"), "", "", "", ""][:4]
    with tag("details", classes="place"):
        tag("summary", f"{project} / {region}", attributes={"title": "Project and region; choose another here"})
        with tag("div", classes="place-form"):
            project_field = ui.input("Project", value=project).props("outlined dense")
            region_field = ui.input("Region", value=region).props("outlined dense")

            def go() -> None:
                page = page_of(f"projects/{project_field.value}/locations/{region_field.value}/{collection}")
                ui.navigate.to(page.removeprefix(PREFIX))  # NiceGUI adds it

            button("Show", go, "primary")


def button(text: str, on_click: Callable[[], Any], classes: str = "") -> Element:
    """A button."""
    element = tag("button", text, f"button {classes}".strip(), {"type": "button"})
    element.on("click", lambda _: on_click(), args=[])
    return element


def choice(label: str, options: Mapping[str, str], chosen: str, on_choose: Callable[[str], Any]) -> None:
    """A list of which one entry is chosen.

    Args:
        label: What is chosen.
        options: The entries' texts, by their values.
        chosen: The value that is chosen at first.
        on_choose: Called with the value that the reader chose.
    """
    name = tag("label", label)
    with tag("select", classes="field") as entries:
        for value, text in options.items():
            tag("option", text, attributes={"value": value, **({"selected": True} if value == chosen else {})})
    name.props["for"] = entries.html_id
    entries.on("change", lambda event: on_choose(str(event.args)), js_handler="(event) => emit(event.target.value)")


def refused(error: ReadError, what: str) -> None:
    """Says that something could not be read, and marks the page as such.

    Args:
        error: Why.
        what: What it is: "run".
    """
    ui.context.client.status_code = 404 if error.is_absence else error.status
    if error.is_absence:
        ui.page_title(f"No such {what} · Vertex emulator")
        with tag("div", classes="card"):
            empty(f"There is no such {what}", str(error))
    else:
        banner(str(error), "bad")

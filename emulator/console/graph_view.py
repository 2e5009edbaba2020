"""The drawing of a run's graph: tasks as buttons, what joins them behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nicegui.element import Element

from emulator.console.graph import Node
from emulator.console.layout import Box, Drawing, Wire, lay_out
from emulator.console.markup import duration, tag
from emulator.console.states import shown_state
from emulator.console.tasks import TaskView

# What an edge waits for when it comes from a task in one of these states.
_WAITING = {"pending", "running", "not_triggered"}
_KIND_NOTES = {"condition": "if", "loop": "loop", "iteration": "iteration", "group": "part"}
# Guesses: what a reader can still find their way in, and what is laid out in a blink.
MOST_NODES = 500
MOST_EDGES = 2000
LAID_OUT_AT_ONCE = 50
_TONES = ("good", "bad", "active", "warn", "cached", "idle")


class GraphView:
    """A graph in a page. Where only states have changed, its elements stay, and with them the keyboard's place.

    Args:
        on_choose: Called with the unique name of a task that the reader chose.
    """

    def __init__(self, on_choose: Callable[[str], Any]) -> None:
        self._on_choose = on_choose
        self._place = tag("div", classes="graph-scroll")
        self._shape: Any = None
        self._boxes: dict[str, tuple[Any, Element]] = {}
        self._paths: list[Element] = []
        self._chosen = ""

    async def show(self, root: Node, tasks: Mapping[str, TaskView]) -> float:
        """Draws a graph, or brings the one that is drawn up to date; one that is too large is told of in a sentence.

        Args:
            root: The graph.
            tasks: The tasks by their unique names, for how long they took.

        Returns:
            The drawing's width in pixels.
        """
        nodes, edges = root.size()
        if nodes > MOST_NODES or edges > MOST_EDGES:
            self._tell_size(nodes, edges)
            return 0.0
        drawing = lay_out(root) if nodes <= LAID_OUT_AT_ONCE else await asyncio.to_thread(lay_out, root)
        shape = (
            [(box.node.key, box.node.title, box.x, box.y, box.width, box.height) for box in drawing.boxes],
            [wire.points for wire in drawing.wires],
        )
        if shape != self._shape:
            self._shape = shape
            self._draw(drawing, len(root.tasks()))
        for wire, path in zip(drawing.wires, self._paths, strict=True):
            path.classes(add="waiting") if wire.state in _WAITING else path.classes(remove="waiting")
        for box in drawing.boxes:
            self._bring_up_to_date(box.node, tasks.get(box.node.key))
        return drawing.width

    def _tell_size(self, nodes: int, edges: int) -> None:
        if self._shape == (nodes, edges):
            return
        self._shape = (nodes, edges)
        self._place.clear()
        self._boxes.clear()
        self._paths = []
        with self._place:
            tag("p", f"{nodes:,} tasks and groups and {edges:,} edges between them are too many to draw.", "soft")

    def choose(self, key: str) -> None:
        """Marks a task as the one that the page tells of."""
        for name in (self._chosen, key):
            if name in self._boxes and "aria-pressed" in self._boxes[name][1].props:
                self._boxes[name][1].props["aria-pressed"] = "true" if name == key else "false"
        self._chosen = key

    def _draw(self, drawing: Drawing, count: int) -> None:
        self._place.clear()
        self._boxes.clear()
        label = f"Graph of the run: {count} task{'s' if count != 1 else ''}"
        with self._place, tag("div", classes="graph", attributes={"role": "group", "aria-label": label}) as graph:
            graph.style(f"width: {drawing.width:.0f}px; height: {drawing.height:.0f}px")
            for box in drawing.boxes:
                if box.node.children:
                    self._put(box, "div", "group-box", {})
            size = {"width": f"{drawing.width:.0f}", "height": f"{drawing.height:.0f}", "aria-hidden": "true"}
            with tag("svg", attributes=size):
                self._paths = [tag("path", attributes={"d": _curve(wire)}) for wire in drawing.wires]
            for box in drawing.boxes:
                if not box.node.children:
                    pressed = "true" if box.node.key == self._chosen else "false"
                    element = self._put(box, "button", "task-box", {"type": "button", "aria-pressed": pressed})
                    element.on("click", lambda _, key=box.node.key: self._on_choose(key), args=[])

    def _put(self, box: Box, name: str, classes: str, attributes: dict[str, str]) -> Element:
        element = tag(name, classes=classes, attributes=attributes)
        element.style(f"left: {box.x:.0f}px; top: {box.y:.0f}px; width: {box.width:.0f}px; height: {box.height:.0f}px")
        self._boxes[box.node.key] = (None, element)
        return element

    def _bring_up_to_date(self, node: Node, task: TaskView | None) -> None:
        record, element = self._boxes[node.key]
        times = (task.started, task.ended) if task else (None, None)
        now = (node.state, node.note, times)
        if record == now:
            return
        self._boxes[node.key] = (now, element)
        element.classes(remove=" ".join(_TONES), add=shown_state(node.state).tone)
        element.clear()
        with element:
            if node.children:
                _fill_group(node)
            else:
                _fill_task(element, node, task)


def _fill_group(node: Node) -> None:
    word, mark, _ = shown_state(node.state)
    with tag("div"):
        tag("b", node.title)
        tag("span", f" {mark} {word}")
    note = " ".join(part for part in (_KIND_NOTES.get(node.kind, ""), node.note) if part)
    tag("div", note, attributes={"title": note})


def _fill_task(element: Element, node: Node, task: TaskView | None) -> None:
    word, mark, _ = shown_state(node.state)
    element.props["aria-label"] = f"{node.title}: {word}"
    element.props["title"] = node.title
    tag("span", node.title, "task-title")
    with tag("span", classes="task-state"):
        tag("span", mark, "mark", {"aria-hidden": "true"})
        tag("span", word)
        if task is not None and task.started is not None and node.state not in {"skipped", "not_triggered"}:
            with tag("span", classes="end"):
                duration(task.started, task.ended, task.is_final)


def _curve(wire: Wire) -> str:
    """The path of an edge: from point to point, upright at each."""
    (x, y), *rest = wire.points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        half = (next_y - y) / 2
        parts.append(f"C{x:.1f} {y + half:.1f} {next_x:.1f} {next_y - half:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return " ".join(parts)

"""The page of one run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from nicegui import ui

from emulator.console.addresses import location_of, page_of
from emulator.console.frame import Frame, button, framed, refused
from emulator.console.graph import Node, build_graph
from emulator.console.graph_view import GraphView
from emulator.console.markup import (
    banner,
    crumbs,
    state_badge,
    tag,
)
from emulator.console.polling import Poll
from emulator.console.reader import ReadError
from emulator.console.results import Results, artifacts_to_show, read_results
from emulator.console.results_view import show_reports, show_results
from emulator.console.run_facts import show_facts, show_parameters
from emulator.console.runs import RunView, parse_run
from emulator.console.services import Services
from emulator.console.states import shown_state
from emulator.console.task_panel import TaskPanel
from emulator.console.tasks import TaskView

POLL_S = 1.0
# A graph that is wider, in pixels, stands above the task instead of beside it.
WIDE = 700


async def show_run(services: Services, name: str, query: Mapping[str, str]) -> None:
    """Builds the page.

    Args:
        services: What it reads from.
        name: The run's resource name.
        query: The page's address, for which task it tells of.
    """
    location = location_of(name)
    try:
        run = parse_run(await services.reader.get(name))
    except ReadError as error:
        with framed("Run", location, "Runs"):
            refused(error, "run")
        return
    with framed(run.summary.title, location, "Runs") as frame:
        await RunPage(services, name, query.get("task", ""), frame).build(run)


class RunPage:
    """The page of one run for one reader.

    Args:
        services: What it reads from.
        name: The run's resource name.
        chosen: The unique name of the task that is told of; empty for the most telling one.
        frame: The page around it.
    """

    def __init__(self, services: Services, name: str, chosen: str, frame: Frame) -> None:
        self._services = services
        self._name = name
        self._location = location_of(name)
        self._chosen = chosen
        self._frame = frame
        self._run: RunView | None = None
        self._titles: dict[str, str] = {}

    async def build(self, run: RunView) -> None:
        """Puts the run into the page and keeps it up to date until it has ended."""
        crumbs("Runs", page_of(f"{self._location}/pipelineJobs"), run.summary.run_id)
        with tag("div", classes="heading"):
            tag("h1", run.summary.title)
            self._state = tag("span")
            with tag("div", classes="end"):
                self._cancel = button("Cancel the run", self._ask_to_cancel, "danger")
        self._message = tag("div", classes="stack")
        self._verdict = tag("div", classes="stack")
        with tag("section", classes="card", attributes={"aria-label": "Run"}):
            self._facts = tag("div")
        with tag("div", classes="run-parts") as self._parts:
            with tag("section", classes="card graph-part", attributes={"aria-label": "Graph"}):
                with tag("div", classes="heading"):
                    tag("h2", "Graph")
                    self._progress = ui.label("").classes("soft small")
                self._graph = GraphView(self._choose)
            self._panel = TaskPanel(self._services, self._location, run.own_label)
            self._results_place = tag("div", classes="stack results")
        self._reports_place = tag("div", classes="stack")
        self._results_of: object = None
        await self._show(run)
        if not run.summary.is_final:
            Poll(POLL_S, self._look)

    async def _look(self) -> bool:
        try:
            run = parse_run(await self._services.reader.get(self._name))
        except ReadError as error:
            self._message.clear()
            with self._message:
                banner(str(error), "bad")
            return True
        await self._show(run)
        return not run.summary.is_final

    async def _show(self, run: RunView) -> None:
        before = self._run
        self._run = run
        graph = build_graph(run.spec, run.tasks)
        tasks = {task.unique_name: task for task in run.tasks if task.unique_name}
        self._titles = {node.key: node.title for node in graph.tasks()}
        if before is None or before.summary != run.summary or before.error != run.error:
            self._show_head(run, before)
        width = await self._graph.show(graph, tasks)
        self._parts.classes(**({"add": "wide"} if width > WIDE else {"remove": "wide"}))
        self._show_progress(graph)
        await self._show_task(tasks)
        artifacts = artifacts_to_show(run)
        if artifacts != self._results_of:
            self._results_of = artifacts
            self._show_results(await read_results(self._services.objects, artifacts))

    def _show_head(self, run: RunView, before: RunView | None) -> None:
        summary = run.summary
        word, mark, _ = shown_state(summary.state)
        self._frame.announce(f"{summary.title}: {word}" if before else "", mark)
        self._state.clear()
        with self._state:
            state_badge(summary.state)
        self._cancel.set_visibility(not summary.is_final and summary.state != "cancelling")
        self._message.clear()
        with self._message:
            self._tell_error(run)
        self._facts.clear()
        with self._facts:
            show_facts(run)
            show_parameters(run)

    def _tell_error(self, run: RunView) -> None:
        failed = [task for task in run.tasks if task.state == "failed" and task.job]
        if not run.error and not failed:
            return
        with banner("", "bad"):
            for task in failed:
                with tag("div"):
                    title = self._titles.get(task.unique_name, task.name)
                    tag("b", f"{title} failed. ")
                    tag("span", task.error)
                if len(failed) > 1:
                    button("Show this task", partial(self._choose, task.unique_name), "compact")
            if not failed:
                tag("span", run.error)

    def _show_progress(self, graph: Node) -> None:
        counts: dict[str, int] = {}
        for node in graph.tasks():
            counts[node.state] = counts.get(node.state, 0) + 1
        self._progress.set_text(
            ", ".join(f"{count} {shown_state(state).word.lower()}" for state, count in counts.items())
        )

    async def _show_task(self, tasks: Mapping[str, TaskView]) -> None:
        key = self._chosen if self._chosen in tasks else _most_telling(tasks, self._titles)
        self._graph.choose(key)
        if key:
            await self._panel.show(tasks[key], self._titles.get(key, tasks[key].name))

    async def _choose(self, key: str) -> None:
        """Tells of a task that the reader chose."""
        self._chosen = key
        ui.navigate.history.replace(f"{page_of(self._name)}?task={key}")
        if self._run is not None:
            tasks = {task.unique_name: task for task in self._run.tasks if task.unique_name}
            if key not in tasks:
                self._graph.choose(key)
                self._panel.tell_nothing()
                return
            await self._show_task(tasks)
            self._frame.announce(f"{self._titles.get(key, key)} is shown beside the graph", self._mark())

    def _mark(self) -> str:
        return shown_state(self._run.summary.state).mark if self._run else ""

    def _show_results(self, results: Results) -> None:
        self._verdict.clear()
        with self._verdict:
            for decision in results.decisions.values():
                if not decision.passed:
                    banner(decision.summary or "Kept back.", "warn")
        self._results_place.clear()
        with self._results_place:
            show_results(results)
        self._reports_place.clear()
        with self._reports_place:
            show_reports(results)

    async def _ask_to_cancel(self) -> None:
        with ui.dialog() as dialog, tag("div", classes="card"):
            tag("h2", "Cancel this run?")
            tag("p", "Tasks under way are stopped, and nothing new begins. What is done stays.")
            with tag("div", classes="toolbar"):
                button("Cancel the run", lambda: dialog.submit(True), "danger")
                button("Let it run", lambda: dialog.submit(False))
        if await dialog:
            try:
                await self._services.reader.post(f"{self._name}:cancel", {})
            except ReadError as error:
                ui.notify(str(error), type="negative")
        dialog.delete()


def _most_telling(tasks: Mapping[str, TaskView], drawn: Mapping[str, str]) -> str:
    """The task that a reader wants to see first: one that failed, else one that runs, else the last that ended."""
    known = [task for task in tasks.values() if task.unique_name in drawn]
    for state in ("failed", "running"):
        for task in known:
            if task.state == state:
                return task.unique_name
    ended = {task.unique_name: task.ended for task in known if task.ended is not None and task.job}
    # The last one of the run's own tasks; those in loops are many and alike.
    return max(ended, key=lambda name: (-name.count("."), ended[name]), default="")

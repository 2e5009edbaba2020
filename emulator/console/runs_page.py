"""The list of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nicegui import ui

from emulator.console.addresses import comparison_of, page_of
from emulator.console.frame import Frame, button, choice, framed
from emulator.console.markup import banner, empty, link, tag
from emulator.console.polling import Poll
from emulator.console.reader import ReadError
from emulator.console.run_filter import PAGE_ROWS, SORT_KEYS, RunFilter, RunPage, parse_filter, select
from emulator.console.run_rows import COLUMNS, rows_of
from emulator.console.runs import RunSummary, now
from emulator.console.services import Services
from emulator.console.states import RUN_STATES, shown_state
from emulator.console.widgets import RunTable

POLL_S = 2.0
# Accuracies stand in the whole record of a run: so many are read between two looks at the list.
ACCURACIES_A_LOOK = 200
ACCURACIES_AT_ONCE = 25


async def show_runs(services: Services, location: str, query: Mapping[str, str]) -> None:
    """Builds the page.

    Args:
        services: What it reads from.
        location: Whose runs.
        query: The page's address, for what it shows of them.
    """
    with framed("Runs", location, "Runs") as frame:
        page = RunsPage(services, location, parse_filter(query), frame)
        await page.build()


class RunsPage:
    """The list of one reader.

    Args:
        services: What it reads from.
        location: Whose runs.
        wanted: What it shows of them.
        frame: The page around it.
    """

    def __init__(self, services: Services, location: str, wanted: RunFilter, frame: Frame) -> None:
        self._services = services
        self._location = location
        self._wanted = wanted
        self._frame = frame
        self._runs: tuple[RunSummary, ...] = ()
        self._chosen: list[str] = []

    async def build(self) -> None:
        """Puts the list into the page and keeps it up to date."""
        with tag("div", classes="heading"):
            tag("h1", "Runs")
            self._count = ui.label("").classes("soft")
        self._trouble = tag("div", classes="stack")
        self._build_toolbar()
        with tag("div", classes="card flush") as self._card:
            with tag("div", classes="scroll"):
                self._table = RunTable(COLUMNS, lambda key: self._ask(self._wanted.sorted_by(key)), self._choose)
            self._nothing = tag("div")
            with tag("div", classes="pager") as self._pager:
                self._range = ui.label("").classes("soft small")
                self._previous = button("Previous", lambda: self._turn(-1))
                self._next = button("Next", lambda: self._turn(1))
        attributes = {"role": "region", "aria-label": "Selected runs"}
        with tag("div", classes="selection-bar", attributes=attributes) as self._bar:
            self._bar_text = ui.label("")
            self._compare = link("Compare", "#", "button primary")
            button("Clear", self._clear)
        await self._read()
        Poll(POLL_S, self._look, at_once=True)

    def _build_toolbar(self) -> None:
        with tag("div", classes="toolbar", attributes={"role": "search", "aria-label": "Filter runs"}):
            field = ui.input("Filter by name, pipeline or label", value=self._wanted.text).classes("grow")
            field.props("outlined dense debounce=200 clearable")
            field.on_value_change(lambda event: self._ask(replace(self._wanted, text=event.value or "", page=1)))
            states = {"": "All states", **{state: shown_state(state).word for state in RUN_STATES}}
            with tag("div", classes="labelled"):
                choice("State", states, self._wanted.state, self._state_chosen)
            with tag("div", classes="labelled phone-only"):
                choice("Sort by", SORT_KEYS, self._wanted.sort, self._order_chosen)

    def _state_chosen(self, state: str) -> None:
        self._ask(replace(self._wanted, state=state, page=1))

    def _order_chosen(self, key: str) -> None:
        self._ask(replace(self._wanted, sort="").sorted_by(key))

    def _turn(self, pages: int) -> None:
        self._ask(replace(self._wanted, page=max(1, self._wanted.page + pages)))

    def _ask(self, wanted: RunFilter) -> None:
        """Shows what is wanted now, and says so in the page's address."""
        self._wanted = wanted
        query = wanted.query()
        ui.navigate.history.replace(f"{page_of(f'{self._location}/pipelineJobs')}{'?' if query else ''}{query}")
        self._show()

    async def _look(self) -> bool:
        """Brings the list up to date, and then the accuracies, which the list does not wait for."""
        await self._read()
        page = self._show()
        urgent = self._runs if self._wanted.sort == "accuracy" else page.rows
        for _ in range(ACCURACIES_A_LOOK // ACCURACIES_AT_ONCE):
            if not await self._services.runs.read_accuracies(urgent, ACCURACIES_AT_ONCE):
                break
            self._show()
        return True

    async def _read(self) -> None:
        self._trouble.clear()
        try:
            runs = await self._services.runs.runs(self._location)
        except ReadError as error:
            with self._trouble:
                banner(str(error), "bad")
            return
        self._tell_changes(runs)
        self._runs = runs
        self._show()

    def _tell_changes(self, runs: tuple[RunSummary, ...]) -> None:
        before = {run.name: run.state for run in self._runs}
        ended = [run for run in runs if run.is_final and before.get(run.name, run.state) != run.state]
        if ended:
            self._frame.announce(". ".join(f"{run.title}: {shown_state(run.state).word}" for run in ended[:5]))

    def _show(self) -> RunPage:
        accuracies = self._services.runs.accuracies
        page = select(self._runs, self._wanted, accuracies, now())
        self._wanted = replace(self._wanted, page=page.page)
        self._table.show(rows_of(page.rows, accuracies, self._chosen), self._wanted.sort, self._wanted.descending)
        active = sum(not run.is_final for run in self._runs)
        self._count.set_text(f"{len(self._runs):,} in all" + (f", {active} under way" if active else ""))
        self._range.set_text(f"{page.first:,} to {page.first + len(page.rows) - 1:,} of {page.found:,}")
        self._pager.set_visibility(page.found > PAGE_ROWS)
        self._previous.props.set_bool("disabled", page.page == 1)
        self._next.props.set_bool("disabled", page.page == page.pages)
        self._show_nothing(page)
        self._show_chosen()
        return page

    def _choose(self, name: str, is_chosen: bool) -> None:
        self._chosen = [*(other for other in self._chosen if other != name), *([name] if is_chosen else [])]
        self._show()

    def _clear(self) -> None:
        self._chosen = []
        self._show()

    def _show_chosen(self) -> None:
        count = len(self._chosen)
        self._bar.set_visibility(count > 0)
        self._bar_text.set_text(f"{count} selected" if count > 1 else "1 selected; select another one to compare")
        self._compare.set_visibility(count > 1)
        self._compare.props["href"] = comparison_of(self._chosen)

    def _show_nothing(self, page: RunPage) -> None:
        self._table.set_visibility(page.found > 0)
        self._nothing.set_visibility(page.found == 0)
        self._nothing.clear()
        if page.found:
            return
        with self._nothing:
            if self._runs:
                empty("No run matches", "Change the filter, or choose all states.")
            else:
                place = self._location.split("/")
                text = f"There are no runs in project {place[1]}, region {place[3]}. Start one:"
                empty("No runs yet", text, "python -m pipeline run")

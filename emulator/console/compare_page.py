"""Runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.console.addresses import collection_of, comparison_of, location_of, page_of
from emulator.console.comparison import ComparedPart, compare
from emulator.console.frame import framed, refused
from emulator.console.markup import (
    cell,
    crumbs,
    empty,
    head_cell,
    head_of_column,
    link,
    row,
    scrolling,
    state_badge,
    tag,
    time,
)
from emulator.console.reader import ReadError
from emulator.console.runs import RunView, now, parse_run
from emulator.console.services import Services

# More columns than this are no comparison any more, and each costs a call.
MOST_RUNS = 10


async def show_comparison(services: Services, names: Sequence[str]) -> None:
    """Builds the page.

    Args:
        services: What it reads from.
        names: The runs' resource names.
    """
    wanted = [name for name in dict.fromkeys(names) if collection_of(name) == "pipelineJobs"][:MOST_RUNS]
    location = location_of(wanted[0]) if wanted else services.home
    try:
        runs = [parse_run(await services.reader.get(name)) for name in wanted]
    except ReadError as error:
        with framed("Comparison", location, "Runs"):
            refused(error, "run")
        return
    with framed("Comparison", location, "Runs"):
        crumbs("Runs", page_of(f"{location}/pipelineJobs"), "comparison")
        tag("h1", f"{len(runs)} runs side by side")
        if len(runs) < 2:
            with tag("div", classes="card"):
                empty("Nothing to compare", "Select two runs or more in the list of runs, and choose Compare.")
            return
        _table(runs)


def _table(runs: Sequence[RunView]) -> None:
    with tag("label", classes="toolbar"):
        box = tag("input", classes="check", attributes={"type": "checkbox"})
        tag("span", "Show only what differs")
    columns = ["", *[run.summary.title for run in runs]]
    card = tag("div", classes="card flush")
    with card, scrolling("Comparison"), tag("table", classes="grid pairs", attributes={"aria-label": "Comparison"}):
        with tag("thead"), tag("tr"):
            for column in columns:
                head_of_column(column)
        with tag("tbody"):
            _heads(runs)
        for part in compare(runs, now()):
            _part(part, runs)

    def mark(event: Any) -> None:
        card.classes(add="only-differences") if event.args else card.classes(remove="only-differences")

    box.on("change", mark, js_handler="(event) => emit(event.target.checked)")
    if len(runs) == 2:
        link("Swap the sides", comparison_of([run.summary.name for run in reversed(runs)]), "small")


def _part(part: ComparedPart, runs: Sequence[RunView]) -> None:
    with tag("tbody"):
        with tag("tr"):
            tag("th", part.title, "part", {"scope": "rowgroup", "colspan": str(len(runs) + 1)})
        for compared in part.rows:
            with row("differs" if compared.differs else "same"):
                with head_cell():
                    tag("span", compared.name)
                    if compared.differs:
                        tag("span", " ≠", "soft", {"title": "differs", "role": "img", "aria-label": "differs"})
                for run, value in zip(runs, compared.values, strict=True):
                    cell(run.summary.title, value, "value")


def _heads(runs: Sequence[RunView]) -> None:
    with row():
        head_cell("Run")
        for run in runs:
            with cell("Run"):
                link(run.summary.run_id, page_of(run.summary.name))
    with row():
        head_cell("State")
        for run in runs:
            with cell("State"):
                state_badge(run.summary.state)
    with row():
        head_cell("Started")
        for run in runs:
            with cell("Started", classes="when"):
                time(run.summary.started or run.summary.created)

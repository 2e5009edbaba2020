"""Which of many runs a list shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from emulator.console.runs import RunSummary
from emulator.console.states import RUN_STATES

PAGE_ROWS = 50
# A guess: each word is looked for in each run.
LONGEST_TEXT = 200
# By what a list can be sorted, with what stands at the head of the column.
SORT_KEYS = {
    "started": "Started",
    "run": "Run",
    "state": "State",
    "pipeline": "Pipeline",
    "duration": "Duration",
    "accuracy": "Accuracy",
}
_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RunFilter:
    """What a reader asked of the list.

    Attributes:
        text: Words that a run must have in its names, its pipeline or its labels.
        state: As `plain_state` has it; empty for all.
        sort: One of `SORT_KEYS`.
        descending: Whether the largest comes first.
        page: From 1.
    """

    text: str = ""
    state: str = ""
    sort: str = "started"
    descending: bool = True
    page: int = 1

    def sorted_by(self, key: str) -> RunFilter:
        """The same, sorted by a column; sorted the other way round where it was sorted by that one."""
        descending = not self.descending if key == self.sort else key in {"started", "duration", "accuracy"}
        return replace(self, sort=key, descending=descending, page=1)

    def query(self) -> str:
        """The part of the page's address that says it; empty for what is shown by default."""
        default = RunFilter()
        sort = f"{'-' if self.descending else ''}{self.sort}"
        given = {"q": self.text, "state": self.state, "sort": "" if sort == f"-{default.sort}" else sort}
        given["page"] = str(self.page) if self.page > 1 else ""
        return urlencode({key: value for key, value in given.items() if value})


def parse_filter(query: Mapping[str, str]) -> RunFilter:
    """Reads a page's address; what makes no sense in it is left out."""
    sort = query.get("sort", "-started")
    state = query.get("state", "")
    page = query.get("page", "1")
    key = sort.removeprefix("-")
    return RunFilter(
        text=query.get("q", "")[:LONGEST_TEXT],
        state=state if state in RUN_STATES else "",
        sort=key if key in SORT_KEYS else "started",
        descending=sort.startswith("-") if key in SORT_KEYS else True,
        page=max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1,
    )


@dataclass(frozen=True)
class RunPage:
    """What the list shows.

    Attributes:
        rows: The runs of the page.
        found: How many pass the filter.
        first: The number of the first of them that is shown, from 1; 0 where there is none.
        page: The page, from 1.
        pages: How many there are.
    """

    rows: tuple[RunSummary, ...]
    found: int
    first: int
    page: int
    pages: int


def select(
    runs: Sequence[RunSummary], wanted: RunFilter, accuracies: Mapping[str, float | None], now: datetime
) -> RunPage:
    """Filters and sorts runs, and takes a page of them.

    Args:
        runs: All runs, newest first.
        wanted: What is asked.
        accuracies: Those that are known, by the run's name.
        now: The present time, for how long runs have taken so far.
    """
    words = wanted.text[:LONGEST_TEXT].lower().split()
    found = [run for run in runs if wanted.state in {"", run.state} and _has_all(run, words)]
    keys: dict[str, Callable[[RunSummary], Any]] = {
        "started": lambda run: run.started or run.created or _FIRST,
        "run": lambda run: run.title.lower(),
        "state": lambda run: run.state,
        "pipeline": lambda run: run.pipeline.lower(),
        "duration": lambda run: run.seconds(now),
        "accuracy": lambda run: accuracies.get(run.name),
    }
    key = keys[wanted.sort]
    known = [run for run in found if key(run) is not None]
    # What has no value comes last, whichever way the list is sorted.
    ordered = sorted(known, key=key, reverse=wanted.descending) + [run for run in found if key(run) is None]
    pages = max(1, -(-len(ordered) // PAGE_ROWS))
    page = min(wanted.page, pages)
    start = (page - 1) * PAGE_ROWS
    rows = tuple(ordered[start : start + PAGE_ROWS])
    return RunPage(rows, len(ordered), start + 1 if rows else 0, page, pages)


def _has_all(run: RunSummary, words: Sequence[str]) -> bool:
    if not words:
        return True
    labels = " ".join(f"{key}={value}" for key, value in run.labels.items())
    text = f"{run.title} {run.run_id} {run.pipeline} {labels}".lower()
    return all(word in text for word in words)

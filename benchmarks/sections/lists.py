"""Lists of many runs and of many versions, through the API."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

from benchmarks.asking import Connection
from benchmarks.emulators import LOCATION, Emulator, emulator
from benchmarks.listed_records import MODEL, add_runs, add_versions
from benchmarks.repeats import Bout, Entry, Result, in_turns, say
from benchmarks.results import Growth, Section
from benchmarks.series import Contest, Target
from benchmarks.sizes import Sizes

RUNS = "runs"
VERSIONS = "versions of a model"
_LARGEST_PAGE = 1000
_FIRST_PAGE = 100
_FIRST = "first page of {}"
_MOST_MS = 100.0
_MOST_TIMES = 2.0
# The target is for the middle one of the three amounts.
_JUDGED = 1
# What `PipelineJob.list(enable_simple_view=True)` asks for.
_MASK = (
    "name,state,displayName,pipelineSpec.pipelineInfo,createTime,startTime,endTime,updateTime,labels,templateUri,"
    "templateMetadata.version,jobDetail.pipelineRunContext,jobDetail.pipelineContext"
)
_PATHS = {
    RUNS: f"/v1/{LOCATION}/pipelineJobs?" + urlencode({"readMask": _MASK, "pageSize": _LARGEST_PAGE}),
    VERSIONS: f"/v1/{quote(MODEL)}:listVersions?pageSize={_LARGEST_PAGE}",
}


def measure(sizes: Sizes) -> Section:
    """Lists all runs and all versions of emulators that hold ever more of them."""
    bouts: dict[int, Bout] = {}
    for amount in sizes.listed:
        say(f" {amount:,} runs and versions")
        with _holding(amount) as api:
            entries = [entry for kind in _PATHS for entry in (_all_of(api, kind, amount), _first_page(api, kind))]
            in_turns(entries, 1)
            bouts[amount] = in_turns(entries, sizes.repeats)
    contests = [
        Contest(
            f"Listing {amount:,} {kind} through the API",
            "ms",
            (bout.contest("", "ms", "ms", among=[kind]).ours,),
            (Target("at most", _MOST_MS),) if amount == sizes.listed[_JUDGED] else (),
            note=f"All of them, in pages of up to {_LARGEST_PAGE:,}, with the read mask of Google's SDK."
            if kind == RUNS
            else "",
        )
        for kind in _PATHS
        for amount, bout in bouts.items()
    ]
    contests += [_first_pages(kind, bouts) for kind in _PATHS]
    growths = [
        Growth(f"listing {kind}", tuple(bouts), tuple(bout.series(kind, "ms").median / 1000 for bout in bouts.values()))
        for kind in _PATHS
    ]
    return Section("Lists", tuple(contests), tuple(growths))


def _first_pages(kind: str, bouts: dict[int, Bout]) -> Contest:
    """The first page among the most, against that among the fewest."""
    few, many = min(bouts), max(bouts)
    series = {amount: bouts[amount].series(_FIRST.format(kind), "ms") for amount in (many, few)}
    return Contest(
        f"The first page of {_FIRST_PAGE} {kind}",
        "ms",
        tuple(replace(one, who=f"among {amount:,}") for amount, one in series.items()),
        (Target("at most", _MOST_TIMES, f"among {few:,}"),),
    )


def _first_page(api: Emulator, kind: str) -> Entry:
    path = _PATHS[kind].replace(f"pageSize={_LARGEST_PAGE}", f"pageSize={_FIRST_PAGE}")
    return Entry(_FIRST.format(kind), lambda: {"ms": next(_pages(api, path))[1] * 1000})


def _all_of(api: Emulator, kind: str, amount: int) -> Entry:
    def run() -> Result:
        pages = list(_pages(api, _PATHS[kind]))
        items = sum(count for count, _ in pages)
        if items != amount:
            raise RuntimeError(f"The list must hold {amount} {kind}. Received: {items}.")
        return {"ms": sum(seconds for _, seconds in pages) * 1000}

    return Entry(kind, run)


def _pages(api: Emulator, path: str) -> Iterator[tuple[int, float]]:
    """For each page how many items it has, and the seconds until it was there."""
    connection = Connection(api.address)
    token = ""
    while True:
        request = connection.request(f"{path}&pageToken={quote(token)}", method="GET")
        begun = time.perf_counter()
        body = connection.send(request)
        seconds = time.perf_counter() - begun
        answer = json.loads(body)
        yield len(answer.get("pipelineJobs", answer.get("models", []))), seconds
        token = answer.get("nextPageToken", "")
        if not token:
            connection.close()
            return


@contextmanager
def _holding(amount: int) -> Iterator[Emulator]:
    """An emulator with so many runs and versions."""
    with tempfile.TemporaryDirectory() as temporary:
        state = Path(temporary)
        with emulator(state):
            pass
        add_runs(state, amount)
        add_versions(state, amount)
        with emulator(state) as api:
            yield api

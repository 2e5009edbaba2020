from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from emulator.console.comparison import ABSENT, compare
from emulator.console.run_filter import PAGE_ROWS, RunFilter, parse_filter, select
from emulator.console.run_rows import rows_of
from emulator.console.runs import RunSummary, parse_run
from tests.emulator.console.sample_jobs import METRICS, detail, job

NOW = datetime(2026, 1, 31, tzinfo=UTC)
LOCATION = "projects/p/locations/l"


def run(number: int, **fields: object) -> RunSummary:
    began = NOW - timedelta(minutes=number)
    summary = RunSummary(f"{LOCATION}/pipelineJobs/r{number}", f"Run {number}", "flowers", "succeeded", began, began)
    return replace(replace(summary, ended=began + timedelta(seconds=number)), **fields)  # type: ignore[arg-type]


RUNS = [
    run(0, state="running", ended=None),
    run(1, labels={"git": "abc"}),
    run(2, state="failed", pipeline="birds"),
    run(3, state="pending", started=None, ended=None),
]


def titles(wanted: RunFilter) -> list[str]:
    accuracies = {RUNS[1].name: 0.9, RUNS[2].name: 0.8, RUNS[3].name: None}
    return [row.title for row in select(RUNS, wanted, accuracies, NOW).rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["Run 0", "Run 1", "Run 2", "Run 3"]),
        (RunFilter(text="RUN 2"), ["Run 2"]),
        (RunFilter(text="git=abc flowers"), ["Run 1"]),
        (RunFilter(text="bird"), ["Run 2"]),
        (RunFilter(state="running"), ["Run 0"]),
        (RunFilter(text="nothing"), []),
        (RunFilter(sort="run", descending=False), ["Run 0", "Run 1", "Run 2", "Run 3"]),
        (RunFilter(sort="accuracy"), ["Run 1", "Run 2", "Run 0", "Run 3"]),
        (RunFilter(sort="accuracy", descending=False), ["Run 2", "Run 1", "Run 0", "Run 3"]),
        (RunFilter(sort="duration"), ["Run 2", "Run 1", "Run 0", "Run 3"]),
    ],
)
def test_select_filters_and_sorts(wanted: RunFilter, found: list[str]) -> None:
    assert titles(wanted) == found


def test_select_gives_one_page_and_never_one_behind_the_last() -> None:
    runs = [run(number) for number in range(2 * PAGE_ROWS + 1)]
    second = select(runs, RunFilter(page=2), {}, NOW)
    assert (second.first, len(second.rows), second.found, second.pages) == (PAGE_ROWS + 1, PAGE_ROWS, 101, 3)
    assert select(runs, RunFilter(page=9), {}, NOW).page == 3
    assert select([], RunFilter(page=9), {}, NOW) == select([], RunFilter(), {}, NOW)


@pytest.mark.parametrize(
    "wanted",
    [
        RunFilter(),
        RunFilter("a b&c", "failed", "accuracy", False, 3),
        RunFilter(sort="run", descending=True),
    ],
)
def test_filters_stand_in_the_address_of_the_page(wanted: RunFilter) -> None:
    pairs = dict(pair.split("=") for pair in wanted.query().split("&") if pair)
    decoded = {key: value.replace("+", " ").replace("%26", "&") for key, value in pairs.items()}
    assert parse_filter(decoded) == wanted


@pytest.mark.parametrize("query", [{"sort": "x"}, {"state": "<b>"}, {"page": "-1"}, {"page": "9" * 40}, {"sort": "-"}])
def test_addresses_that_make_no_sense_show_everything(query: dict[str, str]) -> None:
    assert parse_filter(query) == RunFilter()


def test_sorting_by_the_same_column_again_turns_it_round() -> None:
    wanted = RunFilter(page=3).sorted_by("accuracy")
    assert (wanted.sort, wanted.descending, wanted.page) == ("accuracy", True, 1)
    assert wanted.sorted_by("accuracy").descending is False
    assert wanted.sorted_by("run").descending is False


def test_rows_of_are_plain_values() -> None:
    labels = {"a": "1", "b": "2", "c": "3", "d": "4", "git": "0"}
    running, ended = rows_of([RUNS[0], replace(RUNS[1], labels=labels)], {RUNS[1].name: 0.9}, [RUNS[1].name])
    assert (running["since"], running["duration"], running["accuracy"]) == (NOW.isoformat(), "—", "")
    assert (ended["since"], ended["duration"], ended["accuracy"], ended["chosen"]) == ("", "1.0 s", "0.9000", True)
    assert ended["labels"] == [["git", "0", "git=0"], ["a", "1", "a=1"], ["b", "2", "b=2"]]
    assert (ended["more"], ended["moreCount"]) == ("c=3, d=4", 2)
    assert ended["address"] == "/console/projects/p/locations/l/pipelineJobs/r1"


def test_compare_marks_what_differs_and_tells_by_how_much() -> None:
    first = parse_run(job())
    better = {**METRICS, "metadata": {"accuracy": 1.0, "rows": 30.0}}
    details = [detail(3, "train", outputs={"metrics": {"artifacts": [better]}})]
    config = {"parameterValues": {"source": "b.csv", "steps": 100.0}}
    second = parse_run(job(jobDetail={"taskDetails": details}, runtimeConfig=config, labels={"data": "c4"}))
    parts = {part.title: {row.name: row for row in part.rows} for part in compare([first, second], NOW)}
    assert parts["Metrics"]["accuracy"].values == ("0.9667", "1 (+0.0333)")
    assert parts["Metrics"]["accuracy"].differs
    assert not parts["Metrics"]["rows"].differs
    assert parts["Parameters"]["source"].values == ("a.csv", "b.csv")
    assert not parts["Parameters"]["steps"].differs
    assert parts["Labels"]["data"].values == (ABSENT, "c4")
    assert not parts["Run"]["Duration"].differs


def test_as_many_words_are_looked_for_as_a_reader_writes() -> None:
    assert parse_filter({"q": "a " * 1000}).text == ("a " * 100)
    assert parse_filter({"q": "iris"}).text == "iris"

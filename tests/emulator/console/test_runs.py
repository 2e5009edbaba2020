from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulator.console.runs import parse_run, parse_summary
from emulator.console.states import RUN_STATES, shown_state
from emulator.console.tasks import parse_tasks
from emulator.console.times import duration_text, parse_time, seconds_between
from emulator.console.values import short_text, value_text
from tests.emulator.console.sample_jobs import NAME, job

STARTED = datetime(2026, 1, 31, 12, 0, 0, 500000, UTC)


def test_parse_run_reads_what_the_page_shows() -> None:
    run = parse_run(job(error={"code": 9, "message": "it broke"}))
    assert run.summary.name == NAME
    assert (run.summary.run_id, run.summary.title, run.summary.pipeline) == ("flowers-1", "Flowers", "flowers")
    assert (run.summary.state, run.summary.is_final, run.error) == ("succeeded", True, "it broke")
    assert run.summary.started == STARTED
    assert run.summary.seconds(STARTED) == 185.0
    assert run.summary.labels == {"git": "1d38b83"}
    assert run.parameters == {"steps": 100.0, "source": "a.csv"}
    assert run.given == {"source"}
    assert run.accuracy == 0.9667


def test_parse_summary_reads_a_run_that_waits() -> None:
    run = parse_summary({"name": NAME, "state": "PIPELINE_STATE_PENDING"})
    assert (run.title, run.state, run.is_final) == ("flowers-1", "pending", False)
    assert run.seconds(STARTED) is None


def test_parse_tasks_reads_what_goes_in_and_comes_out() -> None:
    train = next(task for task in parse_tasks(job()) if task.name == "train")
    assert (train.parent, train.job, train.is_final) == ("1", "123", True)
    assert (train.parameters, train.results) == ({"steps": 100.0}, {"passed": True})
    assert [(one.key, one.kind, one.uri) for one in train.inputs] == [("rows", "system.Dataset", "gs://b/rows")]
    assert [one.key for one in train.outputs] == ["metrics", "classification"]
    assert [(attempt.state, attempt.error) for attempt in train.history] == [
        ("running", ""),
        ("failed", "once"),
        ("succeeded", ""),
    ]


def test_parse_tasks_reads_a_run_without_tasks() -> None:
    assert parse_tasks({}) == ()


@pytest.mark.parametrize("state", RUN_STATES)
def test_every_state_has_a_word_and_a_mark_beside_its_colour(state: str) -> None:
    shown = shown_state(state)
    assert shown.word
    assert shown.mark not in {"", "?"}


def test_states_that_are_not_known_are_shown_by_their_name() -> None:
    assert shown_state("on_fire")[:2] == ("On fire", "?")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12.4, "12 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7440, "2 h 04 min"),
        (273600, "3 d 04 h"),
    ],
)
def test_duration_text(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_times_of_the_api_are_read_whatever_their_digits() -> None:
    assert parse_time("2026-01-31T12:00:00.5Z") == STARTED
    assert parse_time("2026-01-31T12:00:00.500000999Z") == STARTED
    assert parse_time("2026-01-31T13:00:00+01:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert parse_time("") is None


def test_seconds_between_needs_both_ends() -> None:
    assert seconds_between(STARTED, STARTED) == 0.0
    assert seconds_between(STARTED, None) is None
    assert seconds_between(None, STARTED) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        (100.0, "100"),
        (0.5, "0.5"),
        (True, "true"),
        (None, "null"),
        ([1.0, {"a": 2.5, "ü": []}], '[1, {"a": 2.5, "ü": []}]'),
    ],
)
def test_value_text(value: object, text: str) -> None:
    assert value_text(value) == text


def test_short_text_keeps_what_tells_digests_apart() -> None:
    assert short_text("champion") == "champion"
    assert short_text("c4c7652b14da06ba63b37f9f47d2e9aa4edced85701c9f8fce37501a1ca792e4") == "c4c7652b14da…"

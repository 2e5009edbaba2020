"""Runs as the rows of the list's table: plain values, which run_table.js shows."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from emulator.console.addresses import page_of
from emulator.console.decision import number_text
from emulator.console.runs import RunSummary
from emulator.console.states import shown_state
from emulator.console.times import duration_text, seconds_between
from emulator.console.values import short_text

LABELS_SHOWN = 3
TOLD_FIRST = ("git-sha", "git", "data-sha", "data")
COLUMNS: list[dict[str, Any]] = [
    {"key": "state", "title": "State"},
    {"key": "run", "title": "Run"},
    {"key": "pipeline", "title": "Pipeline"},
    {"key": "started", "title": "Started"},
    {"key": "duration", "title": "Duration", "number": True},
    {"key": "accuracy", "title": "Accuracy", "number": True},
]


def rows_of(
    runs: Sequence[RunSummary], accuracies: Mapping[str, float | None], chosen: Container[str]
) -> list[dict[str, Any]]:
    """The rows of a page of the list.

    Args:
        runs: The runs.
        accuracies: Those that are known, by the run's name.
        chosen: The names of the runs that the reader has selected.
    """
    return [_row(run, accuracies.get(run.name), run.name in chosen) for run in runs]


def _rank(label: tuple[str, str]) -> tuple[int, str]:
    """Where a label stands: what tells runs apart comes first."""
    key = label[0]
    return (TOLD_FIRST.index(key) if key in TOLD_FIRST else len(TOLD_FIRST), key)


def _row(run: RunSummary, accuracy: float | None, is_chosen: bool) -> dict[str, Any]:
    word, mark, tone = shown_state(run.state)
    labels = sorted(run.labels.items(), key=_rank)
    shown = run.started or run.created
    is_under_way = run.started is not None and not run.is_final
    return {
        "name": run.name,
        "address": page_of(run.name),
        "title": run.title,
        "id": run.run_id,
        "pipeline": run.pipeline,
        "word": word,
        "mark": mark,
        "tone": tone,
        "shown": shown.isoformat() if shown else "",
        "since": run.started.isoformat() if run.started and is_under_way else "",
        "duration": duration_text(seconds_between(run.started, run.ended)),
        "accuracy": "" if accuracy is None else number_text(accuracy),
        "labels": [[key, short_text(value), f"{key}={value}"] for key, value in labels[:LABELS_SHOWN]],
        "more": ", ".join(f"{key}={value}" for key, value in labels[LABELS_SHOWN:]),
        "moreCount": max(0, len(labels) - LABELS_SHOWN),
        "chosen": is_chosen,
    }

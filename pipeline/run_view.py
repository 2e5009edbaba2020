"""How runs look on a terminal: the task list, the summary at the end, the list of runs."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.run_record import RunRecord, TaskRecord

_STATES = {
    "pending": ("○", "dim", "waiting"),
    "running": ("●", "cyan", "running"),
    "succeeded": ("✓", "green", "done"),
    "skipped": ("✓", "green", "from the cache"),
    "not_triggered": ("-", "dim", "not run"),
    "failed": ("✗", "bold red", "failed"),
    "cancelled": ("■", "yellow", "stopped"),
    "cancel_pending": ("●", "yellow", "stopping"),
    "cancelling": ("●", "yellow", "stopping"),
    "stopped": ("■", "yellow", "stopped"),
}

_AT_WORK = ("running", "cancel_pending", "cancelling")


def make_console(stderr: bool = False) -> Console:
    """A console that prints names as they are: brackets in them are no markup."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[RunRecord], None]]:
    """Shows a run as it goes: a live list on a terminal, elsewhere a line for each change of a task's state.

    Yields:
        What is to be called with the run, again and again.
    """
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda run: live.update(task_list(run), refresh=True)
        return
    shown: dict[int, str] = {}

    def print_changes(run: RunRecord) -> None:
        for index, task in enumerate(run.tasks):
            if task.state != shown.get(index, "pending"):
                shown[index] = task.state
                console.print(_task_line(task), soft_wrap=True)

    yield print_changes


def task_list(run: RunRecord) -> Table:
    """Mark, name, state and time of each task."""
    table = Table.grid(padding=(0, 2))
    for task in run.tasks:
        mark, style, word = _state(_task_state(run, task))
        table.add_row(Text(mark, style), task.display_name, Text(word, style), _duration(task))
    return table


def summary(run: RunRecord) -> RenderableType:
    """What a run has come to: metrics, confusion matrix, decision, where its results lie, what to do next."""
    parts = [_metrics(run), _confusion_matrix(run), _decision(run), _links(run), _next(run)]
    return Group(*(Padding(part, (1, 0, 0, 0)) for part in parts if part))


def details(run: RunRecord) -> RenderableType:
    """A run with its tasks and whatever it has come to."""
    mark, style, word = _state(run.state)
    title = Text.assemble((f"{mark} {run.run_id}", style), f"  {word}  {_duration(run)}")
    parts: list[RenderableType] = [title, task_list(run)]
    if run.state in ("failed", "stopped"):
        parts.append(Padding(Text(failure(run)), (1, 0, 0, 0)))
    return Group(*parts, summary(run))


def failure(run: RunRecord) -> str:
    """Why a run failed: each failed task's own error, and the path of its log."""
    failed = [task for task in run.tasks if task.state == "failed"]
    if failed:
        return "\n".join(
            f"{task.display_name}: {task.error}\nIts log: {shown_path(task.log)}" for task in failed
        )
    log = shown_path(run.folder / "runner.log")
    reason = run.error or "its runner died before it had ended."
    return f"Run {run.run_id}: {reason}\nIts log: {log}"


def runs_table(runs: Sequence[RunRecord]) -> Table:
    """One line a run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Run", "State", "Started", "Duration", "Accuracy", "Decision"):
        table.add_column(column, no_wrap=True, overflow="ignore")
    for run in runs:
        mark, style, word = _state(run.state)
        accuracy = _scalars(run).get("accuracy")
        table.add_row(
            run.run_id,
            Text(f"{mark} {word}", style),
            run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if run.started else "",
            _duration(run),
            f"{accuracy:.4f}" if accuracy is not None else "",
            _verdict(_decision_record(run)),
        )
    return table


def shown_path(path: Path | str) -> str:
    """A path as a person in the current folder would write it."""
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute) if absolute.startswith(here.rstrip("/") + "/") else absolute


def _state(state: str) -> tuple[str, str, str]:
    return _STATES.get(state, ("?", "yellow", state.replace("_", " ")))


def _task_state(run: RunRecord, task: TaskRecord) -> str:
    return "stopped" if run.is_final and task.state == "running" else task.state


def _task_line(task: TaskRecord) -> Text:
    mark, style, word = _state(task.state)
    ended = f" after {_duration(task)}" if task.ended and task.started else ""
    return Text.assemble((mark, style), f" {task.display_name}: {word}{ended}")


def _duration(timed: RunRecord | TaskRecord) -> str:
    if timed.started is None or (timed.ended is None and timed.state not in _AT_WORK):
        return ""
    seconds = ((timed.ended or datetime.now(UTC)) - timed.started).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _metadata(run: RunRecord, kind: str) -> Mapping[str, Any]:
    """What was noted of the last artifact of a kind; nothing where there is none."""
    artifacts = [
        artifact for task in run.tasks for artifact in task.outputs.values() if artifact.kind == kind
    ]
    return artifacts[-1].metadata if artifacts else {}


def _scalars(run: RunRecord) -> Mapping[str, Any]:
    return _metadata(run, "system.Metrics")


def _metrics(run: RunRecord) -> Text | None:
    scalars = _scalars(run)
    known = [(name, scalars[name]) for name in ("accuracy", "loss") if name in scalars]
    if not known:
        return None
    return Text("   ").join(
        Text.assemble(f"{name.capitalize()} ", (f"{value:.4f}", "bold")) for name, value in known
    )


def _confusion_matrix(run: RunRecord) -> RenderableType | None:
    matrix = _metadata(run, "system.ClassificationMetrics").get("confusionMatrix")
    if not matrix:
        return None
    classes = [str(spec["displayName"]) for spec in matrix["annotationSpecs"]]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="")
    table.add_column()
    for name in classes:
        table.add_column(Text(name), justify="right")
    for index, (name, row) in enumerate(zip(classes, matrix["rows"], strict=True)):
        cells = [_cell(count, column == index) for column, count in enumerate(row["row"])]
        table.add_row(Text(name), *cells)
    heading = Text("Confusion matrix: a row for each class, a column for each answer")
    return Group(heading, Padding(table, (0, 0, 0, 2)))


def _cell(count: float, is_right: bool) -> Text:
    style = "green" if is_right else "red"
    return Text(f"{count:.0f}", style if count else "dim")


def _decision_record(run: RunRecord) -> Mapping[str, Any]:
    for artifact in run.outputs("decision"):
        try:
            record = json.loads(Path(artifact.uri).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict):
            return record
    return {}


def _verdict(record: Mapping[str, Any]) -> str:
    return {True: "passed", False: "kept back"}.get(record.get("passed", ""), "")


def _decision(run: RunRecord) -> Text | None:
    record = _decision_record(run)
    if not record:
        return None
    verdict = _verdict(record)
    lines = [Text.assemble("Decision: ", (verdict, "bold green" if verdict == "passed" else "bold red"))]
    for rule in record.get("rules", []):
        mark, style, _ = _state("succeeded" if rule.get("passed") else "failed")
        lines.append(Text.assemble("  ", (mark, style), f" {rule.get('sentence', '')}"))
    return Text("\n").join(lines)


def _links(run: RunRecord) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ignore")
    models = run.outputs("approved_model") or run.outputs("model")
    for label, artifacts in (("Report", run.outputs("report")), ("Model", models)):
        for artifact in artifacts[:1]:
            table.add_row(label, shown_path(artifact.uri) if "://" not in artifact.uri else artifact.uri)
    table.add_row("Logs", shown_path(run.folder / "tasks"))
    table.add_row("Run", shown_path(run.folder))
    return table


def _next(run: RunRecord) -> Text:
    logs = [shlex.quote(shown_path(log.uri)) for log in run.outputs("training_log")]
    commands = [
        f"python -m pipeline show {shlex.quote(run.run_id)}",
        *(f"python -m tensorboard.main --logdir {log}" for log in logs),
    ]
    return Text("\n").join([Text("Next"), *(Text(f"  {command}") for command in commands)])

"""How runs look on a terminal: the task list, the summary at the end, the list of all runs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipeline.durations import spoken
from pipeline.runs.custom_jobs import CustomJobRecord, replicas_text
from pipeline.runs.insight import insight
from pipeline.runs.labels import shown_labels
from pipeline.runs.links import page_of
from pipeline.runs.record import AT_WORK, RunRecord, TaskRecord
from pipeline.runs.results import look, noted_of, number_text, results, verdict_of
from pipeline.text_table import aligned

_UNTIMED = ("skipped", "not_triggered")


@contextmanager
def progress(console: Console) -> Iterator[Callable[[RunRecord], None]]:
    """Shows a run as it goes: a live list on a terminal, elsewhere a line for each change of a task's state.

    Yields:
        What is to be called with the run, again and again.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda run: live.update(task_list(run), refresh=True)
        return
    shown: dict[str, str] = {}

    def print_changes(run: RunRecord) -> None:
        for task in run.tasks:
            if task.state != shown.get(task.unique_name, "pending"):
                shown[task.unique_name] = task.state
                console.print(_task_line(task), soft_wrap=True)

    yield print_changes


def task_list(run: RunRecord) -> Text:
    """Mark, name, state and time of each task, a line each."""
    lines = []
    for task in run.tasks:
        mark, style, word = look(task.state)
        time = "" if task.state in _UNTIMED else _duration(task)
        lines.append([Text(mark, style), Text(task.display_name), Text(word, style), Text(time)])
    return aligned(lines)


def summary(run: RunRecord, decision: Mapping[str, Any], again: Sequence[str] = ()) -> Text:
    """What a run has come to: warnings, metrics, decision, version, where its results lie, and what to do next.

    Args:
        run: The run.
        decision: The decision record that it has written; empty where it has none.
        again: The options that lead a command to the run's Vertex AI.
    """
    is_kept_back = decision.get("passed") is False
    commands = ["show", *["why"] * is_kept_back, *("tensorboard" for _ in run.outputs("training_log"))]
    return _paragraphs(*results(run, decision), _next(commands, run.run_id, again))


def details(
    run: RunRecord,
    decision: Mapping[str, Any],
    again: Sequence[str] = (),
    jobs: Mapping[str, CustomJobRecord] = MappingProxyType({}),
) -> Text:
    """A run with its tasks, why it failed if it did, what it has come to, and where it comes from.

    Args:
        run: The run.
        decision: As for `summary`.
        again: As for `summary`.
        jobs: The custom jobs of its tasks, by the tasks' unique names.
    """
    mark, style, word = look(run.state)
    name = f"  {own_name(run)}" if own_name(run) else ""
    title = Text.assemble((f"{mark} {run.run_id}", style), f"{name}  {word}  {_duration(run)}".rstrip())
    reason = Text(failure(run, again) if run.state == "failed" else "")
    labels = shown_labels(run.labels)
    return _paragraphs(
        title,
        task_list(run),
        *(_job(task, jobs[task.unique_name]) for task in run.tasks if task.unique_name in jobs),
        reason,
        *results(run, decision),
        *insight(decision),
        Text(f"Labels   {labels}" if labels else ""),
    )


def _job(task: TaskRecord, job: CustomJobRecord) -> Text:
    """What a task runs on as a custom job, and how to read what its replicas write."""
    mark, style, word = look(job.state)
    title = Text.assemble(
        f"{task.display_name}: custom job {job.job_id} ({job.display_name})  ", (f"{mark} {word}", style)
    )
    lines = [f"  on        {job.machines}", f"  replicas  {replicas_text(job.pools)}"]
    return Text("\n").join([title, *map(Text, lines), *([Text(f"  error     {job.error}")] if job.error else [])])


def submitted(name: str, again: Sequence[str] = ()) -> Text:
    """What a person wants to know of a run that was just submitted.

    Args:
        name: Its resource name.
        again: As for `summary`.
    """
    run_id = name.rpartition("/")[2]
    lines = [Text(f"Submitted {run_id}."), Text(f"Console  {page_of(name)}")]
    return _paragraphs(Text("\n").join(lines), _next(["show", "logs", "cancel"], run_id, again))


def _paragraphs(*parts: Text) -> Text:
    return Text("\n\n").join([part for part in parts if part])


def failure(run: RunRecord, again: Sequence[str] = ()) -> str:
    """Why a run failed: each failed task's own error, and how to learn more.

    Args:
        run: The run.
        again: As for `summary`.
    """
    failed = [f"{task.display_name}: {task.error}" for task in run.tasks if task.state == "failed"]
    told = failed or [f"Run {run.run_id} failed: {run.error or 'Vertex AI does not say why.'}"]
    return "\n".join([*told, f"`{command_line('why', run.run_id, *again)}` tells what to try."])


def runs_list(runs: Sequence[RunRecord]) -> Text:
    """One line a run."""
    has_names = any(map(own_name, runs))
    titles = ["Run", *["Name"] * has_names, "State", "Started", "Duration", "Accuracy", "Decision"]
    lines = [[Text(title, "bold") for title in titles]]
    for run in runs:
        mark, style, word = look(run.state)
        started = run.started or run.created
        accuracy = noted_of(run, "system.Metrics").get("accuracy")
        verdicts = [verdict_of(task.output_parameters) for task in run.tasks if "passed" in task.output_parameters]
        cells = [
            started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if started else "",
            _duration(run),
            number_text(accuracy),
            verdicts[-1] if verdicts else "",
        ]
        name = [Text(own_name(run))] * has_names
        lines.append([Text(run.run_id), *name, Text(f"{mark} {word}", style), *map(Text, cells)])
    return aligned(lines)


def own_name(run: RunRecord) -> str:
    """What people call a run; empty where it has no name but its pipeline's."""
    return "" if run.display_name in (run.pipeline, run.run_id) else run.display_name


def shown_path(path: str) -> str:
    """A path as a person in the current folder would write it."""
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute) if absolute.startswith(here.rstrip("/") + "/") else absolute


def _task_line(task: TaskRecord) -> Text:
    mark, style, word = look(task.state)
    after = f" after {_duration(task)}" if task.started and task.ended and task.state not in _UNTIMED else ""
    return Text.assemble((mark, style), f" {task.display_name}: {word}{after}")


def _duration(timed: RunRecord | TaskRecord) -> str:
    if timed.started is None or (timed.ended is None and timed.state not in AT_WORK):
        return ""
    return spoken(((timed.ended or datetime.now(UTC)) - timed.started).total_seconds())


def _next(commands: Sequence[str], run_id: str, again: Sequence[str]) -> Text:
    lines = [Text(f"  {command_line(command, run_id, *again)}") for command in commands]
    return Text("\n").join([Text("Next"), *lines])


def command_line(*words: str) -> str:
    """A command of this program as a person in the current folder would write it."""
    python = shown_path(sys.executable)
    return shlex.join(["python" if os.path.isabs(python) else python, "-m", "pipeline", *words])

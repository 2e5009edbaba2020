"""How runs look on a terminal: the task list, the summary at the end, the list of all runs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipeline.durations import spoken
from pipeline.links import object_at, page_of
from pipeline.run_record import RunRecord, TaskRecord
from pipeline.text_table import aligned

_STATES = {
    "queued": ("○", "dim", "queued"),
    "pending": ("○", "dim", "waiting"),
    "running": ("●", "cyan", "running"),
    "succeeded": ("✓", "green", "done"),
    "skipped": ("✓", "green", "from the cache"),
    "not_triggered": ("-", "dim", "not run"),
    "failed": ("✗", "bold red", "failed"),
    "cancel_pending": ("●", "yellow", "stopping"),
    "cancelling": ("●", "yellow", "stopping"),
    "cancelled": ("■", "yellow", "stopped"),
    "paused": ("○", "yellow", "paused"),
}
_AT_WORK = ("running", "cancel_pending", "cancelling")
_UNTIMED = ("skipped", "not_triggered")
_MOST_CLASSES = 20


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
    shown: dict[int, str] = {}

    def print_changes(run: RunRecord) -> None:
        for index, task in enumerate(run.tasks):
            if task.state != shown.get(index, "pending"):
                shown[index] = task.state
                console.print(_task_line(task), soft_wrap=True)

    yield print_changes


def task_list(run: RunRecord) -> Text:
    """Mark, name, state and time of each task, a line each."""
    lines = []
    for task in run.tasks:
        mark, style, word = _look(task.state)
        time = "" if task.state in _UNTIMED else _duration(task)
        lines.append([Text(mark, style), Text(task.display_name), Text(word, style), Text(time)])
    return aligned(lines)


def summary(run: RunRecord, decision: Mapping[str, Any]) -> Text:
    """What a run has come to: warnings, metrics, decision, version, where its results lie, and what to do next.

    Args:
        run: The run.
        decision: The decision record that it has written; empty where it has none.
    """
    commands = [["show", run.run_id], *(["tensorboard", run.run_id] for _ in run.outputs("training_log"))]
    return _paragraphs(*_results(run, decision), _next(commands))


def details(run: RunRecord, decision: Mapping[str, Any]) -> Text:
    """A run with its tasks, why it failed if it did, and what it has come to.

    Args:
        run: The run.
        decision: As for `summary`.
    """
    mark, style, word = _look(run.state)
    title = Text.assemble((f"{mark} {run.run_id}", style), f"  {word}  {_duration(run)}".rstrip())
    reason = Text(failure(run) if run.state == "failed" else "")
    return _paragraphs(title, task_list(run), reason, *_results(run, decision))


def submitted(run_id: str, name: str) -> Text:
    """What a person wants to know of a run that was just submitted.

    Args:
        run_id: Its id.
        name: Its resource name.
    """
    lines = [Text(f"Submitted {run_id}."), Text(f"Console  {page_of(name)}")]
    return _paragraphs(Text("\n").join(lines), _next([["show", run_id], ["logs", run_id], ["cancel", run_id]]))


def _results(run: RunRecord, decision: Mapping[str, Any]) -> list[Text]:
    told = [_decision(decision), _serving(run, decision), _places(run)]
    return [_warnings(run), _metrics(run), _confusion_matrix(run), *told]


def _paragraphs(*parts: Text) -> Text:
    return Text("\n\n").join([part for part in parts if part])


def failure(run: RunRecord) -> str:
    """Why a run failed: each failed task's own error, and how to learn more."""
    failed = [f"{task.display_name}: {task.error}" for task in run.tasks if task.state == "failed"]
    told = failed or [f"Run {run.run_id} failed: {run.error or 'Vertex AI does not say why.'}"]
    more = " ".join(_command("why", run.run_id))
    return "\n".join([*told, f"`{more}` tells what to try."])


def runs_list(runs: Sequence[RunRecord]) -> Text:
    """One line a run."""
    lines = [[Text(title, "bold") for title in ("Run", "State", "Started", "Duration", "Accuracy", "Decision")]]
    for run in runs:
        mark, style, word = _look(run.state)
        started = run.started or run.created
        accuracy = _metadata(run, "system.Metrics").get("accuracy")
        verdicts = [_verdict(task.output_parameters) for task in run.tasks if "passed" in task.output_parameters]
        cells = [
            started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if started else "",
            _duration(run),
            _number(accuracy),
            verdicts[-1] if verdicts else "",
        ]
        lines.append([Text(run.run_id), Text(f"{mark} {word}", style), *map(Text, cells)])
    return aligned(lines)


def shown_path(path: str) -> str:
    """A path as a person in the current folder would write it."""
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute) if absolute.startswith(here.rstrip("/") + "/") else absolute


def _look(state: str) -> tuple[str, str, str]:
    """The mark, style and word for a state."""
    return _STATES.get(state, ("?", "yellow", state.replace("_", " ")))


def _task_line(task: TaskRecord) -> Text:
    mark, style, word = _look(task.state)
    after = f" after {_duration(task)}" if task.started and task.ended and task.state not in _UNTIMED else ""
    return Text.assemble((mark, style), f" {task.display_name}: {word}{after}")


def _duration(timed: RunRecord | TaskRecord) -> str:
    if timed.started is None or (timed.ended is None and timed.state not in _AT_WORK):
        return ""
    return spoken(((timed.ended or datetime.now(UTC)) - timed.started).total_seconds())


def _warnings(run: RunRecord) -> Text:
    """What was odd about the data, though not wrong, each once."""
    artifacts = [artifact for task in run.tasks for artifact in task.outputs.values()]
    noted = [str(warning) for artifact in artifacts for warning in artifact.metadata.get("warnings") or []]
    return Text("\n").join(Text.assemble(("! ", "yellow"), warning) for warning in dict.fromkeys(noted))


def _metadata(run: RunRecord, kind: str) -> Mapping[str, Any]:
    """What was noted of the last artifact of a kind; nothing where there is none."""
    artifacts = [artifact for task in run.tasks for artifact in task.outputs.values() if artifact.kind == kind]
    return artifacts[-1].metadata if artifacts else {}


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else ""


def _metrics(run: RunRecord) -> Text:
    scalars = _metadata(run, "system.Metrics")
    known = [(name, _number(scalars.get(name))) for name in ("accuracy", "loss")]
    return Text("   ").join(
        Text.assemble(f"{name.capitalize()} ", (number, "bold")) for name, number in known if number
    )


def _confusion_matrix(run: RunRecord) -> Text:
    matrix = _metadata(run, "system.ClassificationMetrics").get("confusionMatrix")
    if not matrix:
        return Text()
    classes = [str(spec.get("displayName", "")) for spec in matrix.get("annotationSpecs", [])]
    if len(classes) > _MOST_CLASSES:
        return Text(f"Confusion matrix: {len(classes)} classes, too many for a terminal; the report has it.")
    lines = [[Text(), *map(Text, classes)]]
    for index, (name, row) in enumerate(zip(classes, matrix.get("rows", []), strict=False)):
        cells = [_cell(count, column == index) for column, count in enumerate(row["row"])]
        lines.append([Text(f"  {name}"), *cells])
    heading = Text("Confusion matrix: a row for each class, a column for each answer\n")
    return heading.append_text(aligned(lines, first_to_the_right=1))


def _cell(count: float, is_right: bool) -> Text:
    style = "green" if is_right else "red"
    return Text(f"{count:.0f}", style if count else "dim")


def _verdict(record: Mapping[str, Any]) -> str:
    return {True: "passed", False: "kept back"}.get(record.get("passed", ""), "")


def _decision(record: Mapping[str, Any]) -> Text:
    if not record:
        return Text()
    verdict = _verdict(record)
    lines = [Text.assemble("Decision: ", (verdict, "bold green" if verdict == "passed" else "bold red"))]
    for rule in record.get("rules", []):
        mark, style, _ = _look("succeeded" if rule.get("passed") else "failed")
        lines.append(Text.assemble("  ", (mark, style), f" {rule.get('sentence', '')}"))
    return Text("\n").join(lines)


def _serving(run: RunRecord, decision: Mapping[str, Any]) -> Text:
    """Which version the run has made, and what serves since."""
    registered = [str(artifact.metadata.get("version", "")) for artifact in run.outputs("registered_model")]
    if not registered:
        is_kept_back = decision.get("passed") is False
        return Text("No version was registered; what served before still serves." if is_kept_back else "")
    traffic = [artifact.metadata.get("traffic") or {} for artifact in run.outputs("endpoint")]
    shares = sorted((traffic or [{}])[-1].items(), key=lambda share: -share[1])
    told = ", ".join(f"version {version} {percent:.0f} %" for version, percent in shares)
    return Text.assemble("Registered ", (f"version {registered[-1]}", "bold"), f". Traffic: {told}." if told else ".")


def _places(run: RunRecord) -> Text:
    places = [("Report", object_at(artifact.uri)) for artifact in run.outputs("report")]
    places += [("Model", artifact.uri) for artifact in run.outputs("registered_model") or run.outputs("model")]
    places += [("Curves", artifact.uri) for artifact in run.outputs("training_log")]
    places += [("Console", page_of(run.name))]
    return aligned([[Text(name), Text(place)] for name, place in places])


def _next(commands: Sequence[Sequence[str]]) -> Text:
    return Text("\n").join([Text("Next"), *(Text(f"  {shlex.join(_command(*command))}") for command in commands)])


def _command(*words: str) -> list[str]:
    """A command of this program as a person in the current folder would write it."""
    python = shown_path(sys.executable)
    return ["python" if os.path.isabs(python) else python, "-m", "pipeline", *words]

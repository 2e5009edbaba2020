"""Prints the logs of a run's tasks: once, or on and on while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

from pipeline.hints import repeating
from pipeline.inspection.logs import Follower, LogEntry, Logs, find_tasks, tasks_called, why_no_log
from pipeline.runs.client import Runs
from pipeline.runs.record import RunRecord, TaskRecord
from trainer.errors import UsageError, nearest, quoted

_LOCAL_POLL_S = 0.5
_CLOUD_POLL_S = 5.0
# How often nothing must have come after the end: Cloud Logging lags behind.
_CLOUD_QUIET_POLLS = 4
_OVER = ("succeeded", "failed", "cancelled", "skipped", "not_triggered")


def find_run(runs: Runs, run: str | None, task: str | None) -> tuple[RunRecord, str | None]:
    """The run and the task that a person means.

    Args:
        runs: Where runs are looked up.
        run: The id of a run, or a task of the newest run. None is the newest run.
        task: The name of a task, or None.

    Raises:
        UsageError: There is no such run, and no such task of the newest one.
    """
    try:
        return runs.find(run), task
    except UsageError as error:
        newest = None if run is None or task is not None else runs.latest()
        if newest is None or run is None:
            raise
        if tasks_called(newest, run):
            return newest, run
        if hint := nearest(run, [one.name for one in newest.tasks]):
            raise UsageError(f"There is no run {quoted(run)}, and no task of run {newest.run_id}.{hint}") from error
        raise


def show_logs(source: Logs, run: RunRecord, task: str | None, is_local: bool, again: Sequence[str] = ()) -> None:
    """Prints what tasks have written so far.

    Args:
        source: Where logs are read.
        run: The run.
        task: The name of one of its tasks; only its lines are printed then. None prints all, each under a heading.
        is_local: Whether the run is one of this machine.
        again: The options that lead a command to the run's Vertex AI.

    Raises:
        UsageError: The run has no such task.
    """
    chosen = run.tasks if task is None else find_tasks(run, task)
    has_headings = len(chosen) > 1 or task is None
    for place, one in enumerate(chosen):
        if has_headings:
            print("\n" * (place > 0) + _heading(one, run))
        lines = _print_lines(source.entries(one.job) if one.job else ())
        if not lines:
            print(repeating(why_no_log(one, run, is_local), again), file=sys.stdout if has_headings else sys.stderr)


def follow_logs(runs: Runs, source: Logs, run: RunRecord, task: str | None, is_local: bool) -> None:
    """Prints what tasks write until the run, or the one task, has ended.

    Args:
        runs: Where the run's state is read.
        source: Where logs are read.
        run: The run.
        task: The name of one of its tasks. None follows all.
        is_local: Whether the run is one of this machine.

    Raises:
        UsageError: The run has no such task.
    """
    followers: dict[str, Follower] = {}
    shown, quiet = "", 0
    while True:
        chosen = run.tasks if task is None else find_tasks(run, task)
        is_over = run.is_final or (task is not None and all(one.state in _OVER for one in chosen))
        came = 0
        for one in chosen:
            if not one.job:
                continue
            news = followers.setdefault(one.job, Follower(source, one.job)).news()
            if news and task is None and shown != one.job:
                print("\n" * bool(shown) + _heading(one, run))
                shown = one.job
            came += _print_lines(news)
        quiet = 0 if came or not is_over else quiet + 1
        if is_over and (is_local or quiet >= _CLOUD_QUIET_POLLS):
            return
        time.sleep(_LOCAL_POLL_S if is_local else _CLOUD_POLL_S)
        run = runs.get(run.name)


def _heading(task: TaskRecord, run: RunRecord) -> str:
    is_one_of_several = sum(other.name == task.name for other in run.tasks) > 1
    name = task.unique_name if is_one_of_several else task.name
    return f"== {task.display_name} ({name}): {task.state.replace('_', ' ')}"


def _print_lines(entries: Iterable[LogEntry]) -> int:
    """Prints entries as they come, and returns how many."""
    count = 0
    for entry in entries:
        print(entry.text, flush=True)
        count += 1
    return count

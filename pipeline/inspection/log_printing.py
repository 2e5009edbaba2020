"""Prints the logs of a run's tasks: once, or on and on while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from pipeline.config import Connection
from pipeline.hints import repeating
from pipeline.inspection.logs import Follower, LogEntry, Logs, find_tasks, tasks_called, why_no_log
from pipeline.runs.client import Runs
from pipeline.runs.custom_jobs import CustomJobRecord, custom_jobs_of
from pipeline.runs.record import RunRecord, TaskRecord
from trainer.errors import UsageError, nearest, quoted

_LOCAL_POLL_S = 0.5
_CLOUD_POLL_S = 5.0
# How often nothing must have come after the end: Cloud Logging lags behind.
_CLOUD_QUIET_POLLS = 4
Jobs = Mapping[str, CustomJobRecord]
"""Custom jobs by the unique names of the tasks that have started them."""
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


def show_logs(
    source: Logs, run: RunRecord, task: str | None, replica: str, config: Connection, again: Sequence[str] = ()
) -> None:
    """Prints what tasks have written so far; of a custom job, what its replicas have.

    Args:
        source: Where logs are read.
        run: The run.
        task: The name of one of its tasks; only its lines are printed then. None prints all, each under a heading.
        replica: The replica of a custom job whose lines are printed; empty for all.
        config: Names the run's Vertex AI.
        again: The options that lead a command to it.

    Raises:
        UsageError: The run has no such task, or none of the tasks has such a replica.
    """
    chosen, jobs, is_local = _chosen(run, task), custom_jobs_of(run, config), config.connection == "local"
    if replica:
        chosen = _with_replica(chosen, jobs, replica, run)
    has_headings = len(chosen) > 1 or task is None
    for place, one in enumerate(chosen):
        if has_headings:
            print("\n" * (place > 0) + _heading(one, run))
        job = jobs.get(one.unique_name)
        number = job.job_id if job else one.job
        entries = source.entries(number, replica=replica) if number else ()
        if not _print_lines(entries, shows_replica=_has_several(job, replica)):
            print(repeating(why_no_log(one, run, is_local), again), file=sys.stdout if has_headings else sys.stderr)


def follow_logs(runs: Runs, source: Logs, run: RunRecord, task: str | None, replica: str, config: Connection) -> None:
    """Prints what tasks write until the run, or the one task, has ended.

    Args:
        runs: Where the run's state is read.
        source: Where logs are read.
        run: The run.
        task: The name of one of its tasks. None follows all.
        replica: The replica of a custom job that is followed; empty for all.
        config: Names the run's Vertex AI.

    Raises:
        UsageError: The run has no such task, or none of the tasks has such a replica.
    """
    followers: dict[tuple[str, str], Follower] = {}
    shown, quiet, is_local = "", 0, config.connection == "local"
    while True:
        chosen, jobs = _chosen(run, task), custom_jobs_of(run, config)
        is_over = run.is_final or (task is not None and all(one.state in _OVER for one in chosen))
        if replica and (jobs or is_over):
            chosen = _with_replica(chosen, jobs, replica, run)
        came = 0
        for one in chosen:
            job = jobs.get(one.unique_name)
            logs = [(job.job_id, name) for name in _replicas(job, replica)] if job else [(one.job, "")] * bool(one.job)
            for log in logs:
                news = followers.setdefault(log, Follower(source, *log)).news()
                if news and task is None and shown != one.unique_name:
                    print("\n" * bool(shown) + _heading(one, run))
                    shown = one.unique_name
                came += _print_lines(news, shows_replica=_has_several(job, replica))
        quiet = 0 if came or not is_over else quiet + 1
        if is_over and (is_local or quiet >= _CLOUD_QUIET_POLLS):
            return
        time.sleep(_LOCAL_POLL_S if is_local else _CLOUD_POLL_S)
        run = runs.get(run.name)


def _chosen(run: RunRecord, task: str | None) -> Sequence[TaskRecord]:
    return run.tasks if task is None else find_tasks(run, task)


def _with_replica(tasks: Sequence[TaskRecord], jobs: Jobs, replica: str, run: RunRecord) -> Sequence[TaskRecord]:
    """Those of the tasks whose custom job has a replica of that name."""
    known = {name for one in tasks if one.unique_name in jobs for name in jobs[one.unique_name].replicas}
    if not known:
        which = f"task {tasks[0].name} of run {run.run_id} has" if len(tasks) == 1 else f"run {run.run_id} has"
        raise UsageError(f"`--replica` is for the replicas of a custom job, and {which} none. Leave it out.")
    if replica not in known:
        listed = ", ".join(sorted(known))
        raise UsageError(f"There is no replica {quoted(replica)}.{nearest(replica, known)} The replicas are {listed}.")
    return [one for one in tasks if one.unique_name in jobs and replica in jobs[one.unique_name].replicas]


def _replicas(job: CustomJobRecord, replica: str) -> Sequence[str]:
    return [replica] if replica else job.replicas


def _has_several(job: CustomJobRecord | None, replica: str) -> bool:
    return job is not None and len(_replicas(job, replica)) > 1


def _heading(task: TaskRecord, run: RunRecord) -> str:
    is_one_of_several = sum(other.name == task.name for other in run.tasks) > 1
    name = task.unique_name if is_one_of_several else task.name
    return f"== {task.display_name} ({name}): {task.state.replace('_', ' ')}"


def _print_lines(entries: Iterable[LogEntry], shows_replica: bool) -> int:
    """Prints entries as they come, each line behind the replica that wrote it if wanted; returns how many."""
    count = 0
    for entry in entries:
        before = f"{entry.replica}  " if shows_replica else ""
        print("\n".join(f"{before}{line}" for line in entry.text.split("\n")), flush=True)
        count += 1
    return count

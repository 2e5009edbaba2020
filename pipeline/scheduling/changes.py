"""Schedules made and changed: what the commands do between the options and the sentences."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.config import RunConfig
from pipeline.runs.submission import Draft, require_name
from pipeline.scheduling.client import ScheduleRecord, Schedules, Times, build_schedule, document_of
from pipeline.scheduling.difference import differences
from pipeline.scheduling.time import read_cron, read_moment
from pipeline.scheduling.view import when
from pipeline.vertex.connection import connected, require_buckets
from trainer.errors import UsageError, quoted


def read_times(cron: str, time_zone: str, start: str, end: str, max_runs: int | None) -> Times:
    """What the options say of a schedule's times.

    Raises:
        UsageError: One makes no sense.
    """
    expression = read_cron(cron, time_zone)
    first = read_moment(start, "--start", expression) if start else None
    last = read_moment(end, "--end", expression) if end else None
    if last is not None and last <= (first or datetime.now(UTC)):
        earliest = "`--start`" if first else "now"
        raise UsageError(f"`--end` must be later than {earliest}. Received: {quoted(end)}.")
    return Times(expression, first, last, max_runs)


def put_schedule(config: RunConfig, submission: Draft, name: str, times: Times) -> str:
    """Makes a schedule, or changes what differs in the one of that name, or leaves it alone.

    Args:
        config: The configuration.
        submission: What each run consists of.
        name: The schedule's display name.
        times: When it runs.

    Returns:
        What was done, for the user.

    Raises:
        UsageError: The name makes no sense.
        RegistryError: Several schedules have that name.
    """
    require_name(name)
    with connected(config, start=True):
        require_buckets(config)
        known = Schedules(config)
        present = known.find(name)
        wanted = build_schedule(config, submission, name, times)
        if present is None:
            told = f"The schedule {quoted(name)} is made: {times.cron}. {when(known.create(wanted))}"
            return f"{told} Runs start while the local services are up." if config.connection == "local" else told
        if times.max_runs is not None and times.max_runs <= present.started:
            raise UsageError(
                f"`--max-runs` must be more than the {present.started} runs that the schedule {quoted(name)} has "
                f"started already. Received: {times.max_runs}. `schedules --delete` ends it."
            )
        found = differences(present.document, document_of(wanted))
        if not found:
            return f"The schedule {quoted(name)} is there: nothing to change. {when(present)}"
        changed = known.update(present, wanted, list(dict.fromkeys(difference.field for difference in found)))
        return "\n".join([*map(str, found), f"The schedule {quoted(name)} is changed. {when(changed)}"])


def pause(known: Schedules, record: ScheduleRecord) -> str:
    """Lets a schedule start no more runs; what was done."""
    name = quoted(record.display_name)
    if record.state == "paused":
        return f"The schedule {name} is paused already."
    known.pause(record)
    return f"The schedule {name} is paused: it starts no runs until `schedules --resume`. Those at work go on."


def resume(known: Schedules, record: ScheduleRecord, catch_up: bool) -> str:
    """Lets a schedule go on; what was done."""
    name = quoted(record.display_name)
    if record.state == "active":
        return f"The schedule {name} is at work already. {when(record)}"
    return f"The schedule {name} goes on. {when(known.resume(record, catch_up))}"


def delete(known: Schedules, record: ScheduleRecord) -> str:
    """Removes a schedule; what was done."""
    known.delete(record)
    return f"The schedule {quoted(record.display_name)} is removed. The runs that it has started stay."

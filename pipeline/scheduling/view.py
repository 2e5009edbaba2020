"""How schedules look on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from pipeline.scheduling.client import ScheduleRecord
from pipeline.scheduling.time import zone_of
from pipeline.text_table import table


def schedules_table(records: Sequence[ScheduleRecord]) -> Text:
    """One schedule a row."""
    rows = [
        [
            record.display_name,
            record.state,
            record.cron,
            moment(record.next_run, record.cron) if record.state == "active" else "",
            f"{record.started} of {record.max_runs}" if record.max_runs else str(record.started),
            moment(record.end, record.cron),
        ]
        for record in records
    ]
    return table(["Schedule", "State", "Cron", "Next run", "Runs", "Ends"], rows)


def when(record: ScheduleRecord) -> str:
    """A sentence on what the schedule does next."""
    if record.state == "paused":
        return (
            "It is paused and starts no runs: "
            f"`python -m pipeline schedules --resume {shlex.quote(record.display_name)}` lets it go on."
        )
    if record.next_run is None:
        return "It starts no more runs."
    return f"Its next run is at {moment(record.next_run, record.cron)}."


def moment(time: datetime | None, cron: str) -> str:
    """A time on a schedule's own clock; empty for none."""
    return f"{time.astimezone(zone_of(cron)):%Y-%m-%d %H:%M %Z}" if time else ""

"""The commands that let the pipeline run by the clock."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.asking import require_consent
from pipeline.commands.options import CompiledFile, configured
from pipeline.config import Connection, RunConfig
from pipeline.hints import repeating
from trainer.errors import UsageError, quoted

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@configured(RunConfig)
def schedule(
    *,
    cron: Annotated[
        str, typer.Option(metavar="CRON", help='When it runs: minute, hour, day, month, weekday, such as "0 3 * * *".')
    ],
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Its clock, such as Europe/Berlin; UTC if empty.")
    ] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the schedule; the pipeline's if empty.")] = "",
    max_runs: Annotated[int | None, typer.Option(metavar="NUMBER", min=1, help="It ends after so many runs.")] = None,
    start: Annotated[str, typer.Option(metavar="TIME", help="No run before then, such as 2026-12-01T03:00.")] = "",
    end: Annotated[str, typer.Option(metavar="TIME", help="No run after then.")] = "",
    file: CompiledFile = None,
    config: RunConfig,
    sources: Mapping[str, str],
    foreign: Mapping[str, str],
) -> None:
    """Let the pipeline run by the clock, each time as `submit` would submit it now.

    The schedule of that name is made, or changed in what differs, or left alone; the difference is printed. What is
    not given of `--max-runs`, `--start` and `--end` stays as it is. A run that is due while another one of the
    schedule is at work is passed over.
    """
    from pipeline.runs.launch import drafting
    from pipeline.scheduling.changes import put_schedule, read_times

    times = read_times(cron, time_zone, start, end, max_runs)
    submission = drafting(config, sources, file, foreign)()
    print(put_schedule(config, submission, name or submission.spec.name, times))
    if config.experiment:
        print("The runs of a schedule join no experiment: `experiment` is left out.", file=sys.stderr)


@app.command()
@configured(Connection)
def schedules(
    *,
    pause: Annotated[str, typer.Option(metavar="NAME", help="Let this one start no more runs until --resume.")] = "",
    resume: Annotated[str, typer.Option(metavar="NAME", help="Let this one go on.")] = "",
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="With --resume: start the runs first that were missed.")
    ] = False,
    delete: Annotated[str, typer.Option(metavar="NAME", help="Remove this one; its runs stay.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="With --delete: do not ask.")] = False,
    config: RunConfig,
    again: Sequence[str],
) -> None:
    """List the schedules; or pause, resume or remove one."""
    from pipeline.scheduling import changes
    from pipeline.scheduling.client import Schedules
    from pipeline.scheduling.view import schedules_table, when
    from pipeline.vertex.connection import connected

    asked = [name for name in (pause, resume, delete) if name]
    if len(asked) > 1:
        raise UsageError("`schedules` takes one of `--pause`, `--resume` and `--delete` at a time.")
    if catch_up and not resume:
        raise UsageError("`--catch-up` belongs to `--resume NAME`.")
    with connected(config):
        known = Schedules(config)
        if pause:
            print(changes.pause(known, known.require(pause)))
        elif resume:
            print(changes.resume(known, known.require(resume), catch_up))
        elif delete:
            record = known.require(delete)
            require_consent(f"Remove the schedule {quoted(delete)} ({record.cron})? {when(record)} Go on?", yes)
            print(changes.delete(known, record))
        elif found := known.list():
            Console().print(schedules_table(found), soft_wrap=True)
        else:
            print(repeating("There are no schedules. `python -m pipeline schedule --cron ...` makes one.", again))

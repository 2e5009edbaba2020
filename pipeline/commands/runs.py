"""The commands that submit runs, follow them and list them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.options import CompiledFile, RunId, configured
from pipeline.config import Connection, RunConfig
from pipeline.hints import repeating
from pipeline.runs.table_choice import OwnTable
from trainer.errors import ProjectError, UsageError, nearest, quoted

INTERRUPTED = 130

_ENDED = {"succeeded": "it has succeeded", "failed": "it has failed", "cancelled": "it was cancelled"}

RunName = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help='What the run is called, such as "adam 0.01"; the pipeline\'s if empty.'
    ),
]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@configured(RunConfig)
def run(
    *,
    name: RunName = "",
    file: CompiledFile = None,
    config: RunConfig,
    sources: Mapping[str, str],
    foreign: Mapping[str, str],
    again: Sequence[str],
    typed: Sequence[str],
    table: OwnTable,
) -> None:
    """Submit a run, follow it to its end, and show what it has come to.

    With the local profile it runs on this machine, in the local services, which are started if they are down.
    Ctrl-C cancels the run.
    """
    from pipeline.interrupts import Interrupted, heard_as_flag
    from pipeline.runs.launch import drafting, submit_and_follow
    from pipeline.runs.own_table import with_own_table

    table.require_sense(sources, has_file=file is not None)
    with heard_as_flag() as interruption:
        try:
            config, sources = with_own_table(config, sources, table, print, interruption.check)
            drafted = drafting(config, sources, file, foreign, interruption.check, name=name, options=typed)
            ended = submit_and_follow(config, drafted, Console(), again, interruption)
        except Interrupted as stop:
            print(stop, file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if ended.state == "cancelled":
        raise ProjectError(f"Run {ended.run_id} was cancelled.")
    if ended.state == "failed":
        from pipeline.runs.view import failure

        raise ProjectError(failure(ended, again))


@app.command()
@configured(RunConfig)
def submit(
    *,
    name: RunName = "",
    file: CompiledFile = None,
    config: RunConfig,
    sources: Mapping[str, str],
    foreign: Mapping[str, str],
    again: Sequence[str],
    typed: Sequence[str],
    table: OwnTable,
) -> None:
    """Submit a run and return: it goes on by itself."""
    from pipeline.runs.launch import drafting, submit_only
    from pipeline.runs.own_table import with_own_table
    from pipeline.runs.view import submitted

    table.require_sense(sources, has_file=file is not None)
    config, sources = with_own_table(config, sources, table, print)
    sent = submit_only(config, drafting(config, sources, file, foreign, name=name, options=typed))
    Console().print(submitted(sent, again), soft_wrap=True)


@app.command()
@configured(Connection)
def runs(
    *,
    state: Annotated[str, typer.Option(metavar="STATE", help="running, succeeded, failed, ...; all if empty.")] = "",
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Those with this value of a parameter, such as learning_rate=0.01; repeatable."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="How many at most.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Those of other pipelines too.")] = False,
    config: RunConfig,
    again: Sequence[str],
) -> None:
    """List the runs, the newest first."""
    from pipeline.runs.client import STATES, Runs
    from pipeline.runs.filters import has_parameters, misspelt, parameters_wanted
    from pipeline.runs.view import runs_list
    from pipeline.vertex.connection import connected

    if state and state not in STATES:
        raise UsageError(f"{quoted(state)} is no state of a run.{nearest(state, STATES)} Known: {', '.join(STATES)}.")
    wanted = parameters_wanted(param or ())
    with connected(config):
        found = Runs(config).list_whole(
            state=state, everything=everything, limit=limit, is_wanted=lambda run: has_parameters(run, wanted)
        )
    if not found:
        print(repeating(f"There are no such runs.{misspelt(wanted)} `python -m pipeline run` starts one.", again))
        return
    Console().print(runs_list(found), soft_wrap=True)


@app.command()
@configured(Connection)
def show(*, run: RunId = None, config: RunConfig, again: Sequence[str]) -> None:
    """Show a run: its tasks, metrics, decision, and where its results lie."""
    from pipeline.runs.client import Runs
    from pipeline.runs.custom_jobs import custom_jobs_of
    from pipeline.runs.decision import read_decision
    from pipeline.runs.view import details
    from pipeline.vertex.connection import connected

    with connected(config):
        record = Runs(config).find(run)
        told = details(record, read_decision(record), again, custom_jobs_of(record, config))
    Console().print(told, soft_wrap=True)


@app.command()
@configured(Connection)
def cancel(
    *,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run that has not ended.")],
    config: RunConfig,
    again: Sequence[str],
) -> None:
    """Cancel a run. What it has done already stays."""
    from pipeline.runs.client import Runs
    from pipeline.runs.view import command_line
    from pipeline.vertex.connection import connected

    with connected(config):
        runs = Runs(config)
        record = runs.find(run)
        if record.is_final:
            raise UsageError(f"Run {record.run_id} has ended already: {_ENDED[record.state]}.")
        runs.cancel(record.name)
    shown = command_line("show", record.run_id, *again)
    print(f"Run {record.run_id} is being cancelled. `{shown}` tells when it is.")


@app.command()
@configured(Connection)
def tensorboard(
    *,
    run: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN...]", help="Ids of runs; the newest with curves if not given.")
    ] = None,
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="0 takes a free one.")] = 6006,
    config: RunConfig,
) -> None:
    """Show the training curves of runs in a browser, on this machine, until Ctrl-C."""
    from pipeline.runs.client import Runs
    from pipeline.runs.tensorboard import CURVES, FOLDER, fetch_curves, show_curves
    from pipeline.vertex.connection import connected

    with connected(config):
        runs = Runs(config)
        records = [runs.find(run_id) for run_id in run] if run else [runs.newest_with(CURVES) or runs.find(None)]
        fetched = fetch_curves(records)
    print(f"The curves are in {', '.join(map(str, fetched))}; Ctrl-C ends TensorBoard.", flush=True)
    show_curves(fetched[0] if len(fetched) == 1 else FOLDER, port)

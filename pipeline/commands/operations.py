"""The commands around runs: plan, doctor, clean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.options import CompiledFile, configured
from pipeline.config import Connection, RunConfig
from pipeline.vertex.connection import connected

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@configured(RunConfig)
def plan(
    *,
    file: CompiledFile = None,
    config: RunConfig,
    sources: Mapping[str, str],
    foreign: Mapping[str, str],
) -> None:
    """Show what `run` would do: each step, cached or not, its machine, image and URIs. Nothing is done."""
    from pipeline.planning.lookup import look
    from pipeline.planning.plan import make_plan
    from pipeline.planning.view import plan_text
    from pipeline.runs.launch import drafting

    draft = drafting(config, sources, file, foreign)()
    with look(config, draft.spec.name) as known:
        planned = make_plan(config, sources, draft, known)
    Console().print(plan_text(planned, config), soft_wrap=True)


@app.command()
@configured(RunConfig, needs=())
def doctor(*, config: RunConfig, sources: Mapping[str, str]) -> None:
    """Look whether all is there that a run needs, and tell how to get what is not. Nothing is changed."""
    from pipeline.doctor.report import State, report

    if config.connection == "local":
        from pipeline.doctor.local import find_on_this_machine

        findings = find_on_this_machine(config)
    else:
        from pipeline.doctor.vertex import find_on_vertex

        findings = find_on_vertex(config, sources)
    Console().print(report(findings), soft_wrap=True)
    if any(finding.state is State.FAILED for finding in findings):
        raise typer.Exit(1)


@app.command()
@configured(Connection)
def clean(
    *,
    older_than_days: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="How long ago a run must have ended, to go.")
    ] = 30,
    keep: Annotated[int, typer.Option(metavar="NUMBER", min=0, help="How many of the newest runs stay.")] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; otherwise it is only shown.")] = False,
    config: RunConfig,
    again: Sequence[str],
) -> None:
    """Show what can go, and remove it with `--yes`: endpoints that serve nothing, old local runs that nothing needs."""
    from datetime import UTC, datetime, timedelta

    from pipeline.cleaning.plan import plan_cleaning
    from pipeline.cleaning.view import cleaning_text
    from pipeline.cleaning.work import Estate, carry_out, sizes_of

    with connected(config):
        estate = Estate(config)
        cleaning = plan_cleaning(
            estate.runs(),
            estate.endpoints(),
            [*estate.origins()],
            now=datetime.now(UTC),
            older_than=timedelta(days=older_than_days),
            newest=keep,
        )
        sizes = sizes_of(cleaning, config)
        is_done = yes and not cleaning.at_work
        if is_done:
            carry_out(cleaning, estate, config)
    Console().print(cleaning_text(cleaning, sizes, config, is_done, again), soft_wrap=True)
    if yes and not is_done:
        raise typer.Exit(1)
    if not yes and (cleaning.endpoints or cleaning.runs) and not cleaning.at_work:
        print("\nNothing was removed. `--yes` does it.")

"""The commands that look into runs: logs, why, diff, console."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.options import RunId, configured
from pipeline.config import Connection, RunConfig
from pipeline.vertex.connection import connected

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@configured(Connection)
def logs(
    *,
    run: RunId = None,
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASK]",
            help="One of its tasks, such as train-model; all if not given. Given alone, it is one of the newest run.",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run, or the task, has ended.")
    ] = False,
    replica: Annotated[
        str,
        typer.Option(
            "--replica", metavar="NAME", help="Of a training as a custom job, one replica alone: workerpool1-0."
        ),
    ] = "",
    config: RunConfig,
    again: Sequence[str],
) -> None:
    """Show what a run's tasks have written."""
    from pipeline.inspection.log_printing import find_run, follow_logs, show_logs
    from pipeline.inspection.logs import Logs
    from pipeline.runs.client import Runs

    with connected(config):
        runs, source = Runs(config), Logs(config)
        record, chosen = find_run(runs, run, task)
        if follow:
            follow_logs(runs, source, record, chosen, replica, config)
        else:
            show_logs(source, record, chosen, replica, config, again)


@app.command()
@configured(Connection)
def why(*, run: RunId = None, config: RunConfig, again: Sequence[str]) -> None:
    """Tell why a run failed, or its model was held back, and what to try; or what it is at."""
    from datetime import UTC, datetime

    from pipeline.inspection.diagnosis import diagnose
    from pipeline.inspection.diagnosis_view import diagnosis_text
    from pipeline.inspection.evidence import gather
    from pipeline.runs.client import Runs
    from pipeline.runs.own_options import own_options

    with connected(config):
        record = Runs(config).find(run)
        evidence = gather(record, config)
        own = own_options(record, config)
    told = diagnosis_text(diagnose(record, config, evidence, datetime.now(UTC)), again, own)
    Console().print(told, soft_wrap=True)


@app.command()
@configured(Connection)
def diff(
    *,
    left: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run.")],
    right: Annotated[str, typer.Argument(metavar="RUN", help="Id of another one.")],
    everything: Annotated[bool, typer.Option("--all", help="Show also what is the same in both.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the values as they are.")] = False,
    config: RunConfig,
) -> None:
    """Show two runs side by side: parameters, data, image, labels, metrics, decision, tasks."""
    from pipeline.inspection import comparison_view
    from pipeline.inspection.comparison import compare_runs, differing
    from pipeline.runs.client import Runs
    from pipeline.runs.decision import read_decision

    with connected(config):
        runs = Runs(config)
        one, other = runs.find(left), runs.find(right)
        rows = compare_runs(one, other, (read_decision(one), read_decision(other)))
    shown = rows if everything else differing(rows)
    if as_json:
        print(comparison_view.as_json(one.run_id, other.run_id, shown))
    elif shown:
        Console().print(comparison_view.comparison_table(one.run_id, other.run_id, shown), soft_wrap=True)
    else:
        print(f"Runs {one.run_id} and {other.run_id} do not differ; `--all` shows what they share.", file=sys.stderr)


@app.command("console")
@configured(Connection)
def show_console(
    *,
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Id of a run; all of them if not given.")] = None,
    opens: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    config: RunConfig,
) -> None:
    """Print the address of the page that shows a run, or all runs."""
    import webbrowser

    from pipeline.runs.client import Runs
    from pipeline.runs.links import page_of, page_of_all

    with connected(config):
        page = page_of_all(config.project) if run is None else page_of(Runs(config).find(run).name)
    print(page)
    if opens and not webbrowser.open(page):
        print("There is no browser here that could be opened.", file=sys.stderr)

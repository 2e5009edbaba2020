"""The command line: run the pipeline here, look at its runs, draft a data contract."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import trainer
from pipeline import cli_inspection, cli_operations, cli_runs, cli_serving
from pipeline.cli_options import configured
from pipeline.compilation import DEFAULT_OUTPUT, compile_pipeline
from pipeline.config import RunConfig
from pipeline.config_layers import COMPILED
from trainer.command_line import exit_code_of
from trainer.errors import ProjectError, UsageError

INTERRUPTED = 130

RunsDir = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of all runs.")]

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for group in (cli_runs, cli_inspection, cli_operations, cli_serving):
    app.add_typer(group.app)
config_app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(config_app, name="config", help="Show the configuration that a run would have.")
compile_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `python -m pipeline` and returns its exit code, unless it exits by itself.

    Args:
        arguments: Those after the program's name. None takes the process's own.
    """
    return _execute(app, "python -m pipeline", arguments)


def compile_command(arguments: Sequence[str] | None = None) -> int:
    """Runs `python compile.py`, as `main`."""
    return _execute(compile_app, "python compile.py", arguments)


def _execute(commands: typer.Typer, name: str, arguments: Sequence[str] | None) -> int:
    """Runs a command line. An error is one paragraph and an exit code; `--debug` shows its traceback."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    return exit_code_of(lambda: commands(given, prog_name=name), name, debug="--debug" in given)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(trainer.__version__)
        raise typer.Exit


@app.callback()
def _top(
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Trains, evaluates and gates a DNN classifier in one pipeline."""


@app.command()
@configured(RunConfig)
def run(*, config: RunConfig, runs_dir: RunsDir = Path("runs")) -> None:
    """Compile the pipeline and run it on this machine, with the local services.

    Ctrl-C stops it. Its state, logs and results are kept in a folder of the run.
    """
    from pipeline.interrupts import interrupted_once

    if config.connection == "vertex":
        raise UsageError("`run` cannot submit to Google's Vertex AI yet. Compile the pipeline and submit the file.")

    with interrupted_once():
        try:
            from pipeline.git_commit import with_commit
            from pipeline.local_run import prepare, run_locally
            from pipeline.run_prediction import asked_of_endpoint
            from pipeline.run_view import failure, progress, shown_path, summary

            console = Console()
            prepare(config, runs_dir)
            cli_serving.connect(config, start=True)
            with progress(console) as follow:
                ended = run_locally(with_commit(config), runs_dir, follow)
        except KeyboardInterrupt:
            print("Stopped: no process of the run is left.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if ended.state == "cancelled":
        print(f"Stopped: no process of it is left. The run's folder is {shown_path(ended.folder)}.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    if ended.state == "failed":
        raise ProjectError(failure(ended))
    console.print("", summary(ended), "", asked_of_endpoint(config, ended), sep="\n", soft_wrap=True)


@app.command()
def runs(runs_dir: RunsDir = Path("runs")) -> None:
    """List the runs, the newest first."""
    from pipeline.run_record import list_runs
    from pipeline.run_view import runs_list

    found = list_runs(runs_dir)
    if not found:
        print(f"There are no runs in {runs_dir}. Start one with `python -m pipeline run`.")
        return
    Console().print(runs_list(found), soft_wrap=True)


@app.command()
def show(
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN_ID]", help="The newest run otherwise.")] = None,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Show a run: its tasks, metrics, decision, and where its results lie."""
    from pipeline.run_record import find_run
    from pipeline.run_view import details

    Console().print(details(find_run(runs_dir, run_id)), soft_wrap=True)


@config_app.command("show")
@configured(RunConfig, needs=())
def show_config(
    *,
    config: RunConfig,
    sources: Mapping[str, str],
    as_json: Annotated[bool, typer.Option("--json", help="Print an object of value and source by key.")] = False,
) -> None:
    """Show the value of each key, and where it comes from."""
    from pipeline.config_view import as_document, as_lines

    print(as_document(config, sources) if as_json else as_lines(config, sources))


@app.command()
def draft_schema(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file to describe: a path or a URL.")],
    label: Annotated[str, typer.Option(metavar="COLUMN", help="Name or number of the column of the classes.")],
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Standard output if not given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there already.")] = False,
) -> None:
    """Write a first data contract for a CSV file, and say what was guessed."""
    from trainer import draft, storage

    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} is there already. Give another --output, or --force to write over it.")
    drafted = draft.draft_schema(file, label)
    if output is None:
        print(drafted.toml, end="")
    else:
        try:
            storage.write_bytes(str(output), drafted.toml.encode())
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror}. Give another --output.") from error
        print(f"Written to {output}.", file=sys.stderr)
    print("Check what was guessed:", *drafted.guesses or ["nothing."], sep="\n  - ", file=sys.stderr)


@compile_app.command("compile")
@configured(RunConfig, needs=COMPILED)
def _compile(
    *,
    config: RunConfig,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")] = DEFAULT_OUTPUT,
    debug: Debug = False,  # noqa: ARG001 - `_execute` looks for it among the arguments
) -> None:
    """Compile the pipeline to one YAML file, the same bytes for the same options."""
    print(compile_pipeline(config, output))

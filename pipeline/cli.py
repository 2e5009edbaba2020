"""The command line: the commands of all groups, and those that belong to none."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

import trainer
from pipeline.commands import inspection, operations, runs, scheduling, serving, tables
from pipeline.commands.options import configured
from pipeline.compilation import DEFAULT_OUTPUT, compile_pipeline, compile_tuning_pipeline, tuning_file
from pipeline.config import RunConfig, Tuning
from pipeline.config_layers import COMPILED
from pipeline.interrupts import heard_by_python
from pipeline.marks import MARKS_IN_ASCII
from trainer.command_line import exit_code_of
from trainer.errors import UsageError

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for group in (runs, inspection, scheduling, operations, serving, tables):
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
            stream.reconfigure(errors=MARKS_IN_ASCII)
    return exit_code_of(lambda: commands(given, prog_name=name), name, debug="--debug" in given)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(trainer.__version__)
        raise typer.Exit


@app.callback()
def _top(
    ctx: typer.Context,
    debug: Debug = False,  # noqa: ARG001 - `_execute` looks for it among the arguments
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Trains, evaluates and gates a DNN classifier in one pipeline."""
    if ctx.invoked_subcommand != runs.run.__name__:
        heard_by_python()


@config_app.command("show")
@configured(RunConfig, Tuning, needs=())
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
    print(drafted.summary, file=sys.stderr)
    print("Check what was guessed:", *drafted.guesses or ["nothing."], sep="\n  - ", file=sys.stderr)
    given = f"--schema {shlex.quote(str(output))}" if output else f"--label {shlex.quote(label)}"
    print(f"Then: python -m pipeline run --data {shlex.quote(file)} {given}", file=sys.stderr)


@compile_app.command("compile")
@configured(RunConfig, Tuning, needs=COMPILED)
def _compile(
    *,
    config: RunConfig,
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="The file to write; that of the tuning pipeline comes beside it.")
    ] = DEFAULT_OUTPUT,
    debug: Debug = False,  # noqa: ARG001 - `_execute` looks for it among the arguments
) -> None:
    """Compile the pipeline and the tuning pipeline, each to one YAML file, the same bytes for the same options."""
    from pipeline.runs.inputs import check_gate

    check_gate(config)
    print(compile_pipeline(config, output))
    print(compile_tuning_pipeline(config, tuning_file(output)))

"""One command-line option for each field of the configuration that a command needs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from pipeline.commands.table_options import TABLE_OPTIONS, table_of
from pipeline.config import Connection, PipelineParameters, Rollout, RunConfig, Submission, TrainingJob, Tuning, key
from pipeline.config_layers import (
    CONFIG_VARIABLE,
    DEFAULT_PROFILE,
    PLACE,
    PROFILE_VARIABLE,
    SUBMITTED,
    load_config,
    pairs_of,
    said_twice,
)
from pipeline.hints import repeating
from trainer.config import Hyperparameters, flag
from trainer.errors import ProjectError, UsageError, listing

RunId = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="Id of a run, the end of it, or its name; the newest if not given."),
]
CompiledFile = Annotated[
    Path | None, typer.Option("--file", metavar="YAML", help="A compiled pipeline instead of this project's.")
]

DEFAULT_FILE = Path("pipeline.toml")

# What a command may take beside its options.
_FILLED = ("config", "sources", "foreign", "again", "typed", "table")
# The options that say where the values of the others come from.
_GENERAL = ("config_file", "profile", "param")
# A run's name is its own.
_NOT_REPEATED = ("name",)


def configured(
    *groups: type[BaseModel], needs: Collection[str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of the configuration: where it lies, and one for each field of some groups of it.

    Args:
        groups: RunConfig, or those of its bases that the command needs. The other fields keep what file and
            environment say. With RunConfig there is `--param` too, and all but the options of a search.
        needs: What must be given, and has no default, where the connection is Google's Vertex AI: `SUBMITTED` if
            RunConfig is among the groups, otherwise `PLACE`, unless something else is given.

    Returns:
        The decorator of a command that takes `config` and, if it wants to, `sources` as `load_config` returns them,
        and options of its own. One that takes `foreign` and an option `file`, a compiled pipeline, gets there what
        `--param` says of names that are no keys, where a file is given. One that takes `again` gets the words of its
        command line that lead another command to the same Vertex AI; one that takes `typed` gets all its options.
        One that takes `table` has the options for a table of the user's, and gets what they say.
        Commands that its errors name repeat them.
    """
    is_whole = RunConfig in groups
    ran = [field for field in RunConfig.model_fields if is_whole and field not in Tuning.model_fields]
    asked = {*ran, *(field for group in groups if group is not RunConfig for field in group.model_fields)}
    fields = [field for field in RunConfig.model_fields if field in asked]
    needed = needs if needs is not None else SUBMITTED if is_whole else PLACE

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        return _with_options(command, fields, is_whole, needed)

    return decorate


def _with_options(
    command: Callable[..., None], fields: Sequence[str], is_whole: bool, needs: Collection[str]
) -> Callable[..., None]:
    own = inspect.signature(command, eval_str=True).parameters

    def with_options(ctx: typer.Context, config_file: Path | None, profile: str, **given: Any) -> None:
        values = {field: given.pop(field) for field in fields}
        params: Sequence[str] = (given.pop("param") if is_whole else None) or ()
        if "table" in own:
            given["table"] = table_of(given)
        if "foreign" in own:
            params, given["foreign"] = _parted(params) if given["file"] is not None else (params, {})
        config, sources = load_config(
            config_file or (DEFAULT_FILE if DEFAULT_FILE.exists() else None),
            {key(field): value for field, value in values.items() if _is_given(ctx, field)},
            profile=profile,
            params=params,
            environment=os.environ,
            needs=needs,
        )
        if "sources" in own:
            given["sources"] = sources
        again, typed = _repeated(ctx, config_file, profile, values), _typed(ctx)
        given |= {name: words for name, words in (("again", again), ("typed", typed)) if name in own}
        try:
            command(config=config, **given)
        except ProjectError as error:
            error.args = (repeating(str(error), again, _typed(ctx, [*fields, *_GENERAL])),)
            raise

    parameters = [
        _parameter("ctx", typer.Context, inspect.Parameter.empty),
        *(parameter for name, parameter in own.items() if name not in _FILLED),
        *(_parameter(name, *option) for name, option in TABLE_OPTIONS.items() if "table" in own),
        *_general_options(is_whole),
        *(_option(field, title) for title, panel in _panels().items() for field in panel if field in fields),
    ]
    with_options.__name__ = command.__name__
    with_options.__doc__ = command.__doc__
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(with_options)["__signature__"] = inspect.Signature(parameters)
    return with_options


def _is_given(ctx: typer.Context, field: str) -> bool:
    source = ctx.get_parameter_source(field)
    return source is not None and source.name == "COMMANDLINE"


def _repeated(ctx: typer.Context, file: Path | None, profile: str, values: Mapping[str, Any]) -> list[str]:
    general = [("config_file", "--config", file), ("profile", "--profile", profile)]
    place = [(field, flag(field), values.get(field)) for field in ("connection", *PLACE)]
    given = [(name, value) for field, name, value in (*general, *place) if _is_given(ctx, field)]
    return [str(word) for option in given for word in option]


def _typed(ctx: typer.Context, names: Collection[str] | None = None) -> list[str]:
    """The options of the command line as words, but for those whose values are a run's own; those of some names."""
    words = []
    for option in ctx.command.params:
        name = str(option.name)
        is_wanted = name not in _NOT_REPEATED if names is None else name in names
        if option.param_type_name != "option" or not _is_given(ctx, name) or not is_wanted:
            continue
        value = ctx.params[name]
        if isinstance(value, bool):
            words.append(option.opts[0] if value else option.secondary_opts[0])
        else:
            given = value if isinstance(value, list | tuple) else [value]
            words += [word for one in given for word in (option.opts[0], str(one))]
    return words


def _parted(params: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """What `--param` says of keys of the configuration, and what it says of other names."""
    keys = {key(field) for field in RunConfig.model_fields}
    foreign = [(name, value) for name, value in pairs_of(params)[0] if name not in keys]
    problems = said_twice(name for name, _ in foreign)
    if problems:
        raise UsageError(listing(problems, len(problems)))
    names = {name for name, _ in foreign}
    return [param for param in params if "=" not in param or param.partition("=")[0].strip() not in names], dict(
        foreign
    )


def _panels() -> dict[str, list[str]]:
    """The fields below the headings that `--help` puts them under."""
    training, job, search, place, submission, rollout, parameters, fields = (
        list(model.model_fields)
        for model in (
            *(Hyperparameters, TrainingJob, Tuning),
            *(Connection, Submission, Rollout, PipelineParameters, RunConfig),
        )
    )
    vertex = [*place, *submission]
    return {
        "Data and gate": [field for field in parameters if field not in (*training, *vertex, *rollout)],
        "Training": training,
        "Machines of the training": job,
        "Search": search,
        "Vertex AI": vertex,
        "Rollout": rollout,
        "Compiled pipeline": [field for field in fields if field not in (*parameters, *job, *search, *vertex)],
    }


def _general_options(is_whole: bool) -> list[inspect.Parameter]:
    panel = "Configuration"
    file = typer.Option(
        "--config",
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        rich_help_panel=panel,
        help=f"TOML file of lines such as `train_steps = 1000`, and of profiles; {DEFAULT_FILE} if it is there.",
    )
    profile = typer.Option(
        "--profile",
        metavar="NAME",
        envvar=PROFILE_VARIABLE,
        rich_help_panel=panel,
        help="local, vertex, or one of the file's own. Its values win over the other lines of the file.",
    )
    options = [
        _parameter("config_file", Annotated[Path | None, file], None),
        _parameter("profile", Annotated[str, profile], DEFAULT_PROFILE),
    ]
    if is_whole:
        param = typer.Option(
            "--param",
            metavar="NAME=VALUE",
            rich_help_panel=panel,
            help="A parameter of the pipeline or a key of the configuration, such as train_steps=500; repeatable.",
        )
        options.append(_parameter("param", Annotated[list[str] | None, param], None))
    return options


def _option(field: str, panel: str) -> inspect.Parameter:
    info = RunConfig.model_fields[field]
    if info.annotation is bool:
        names = f"{flag(field)}/--no-{flag(field).removeprefix('--')}"
        switch = typer.Option(names, help=info.description, rich_help_panel=panel)
        return _parameter(field, Annotated[bool, switch], info.default)
    metavar = {int: "INTEGER", float: "NUMBER"}.get(type(info.default), "TEXT")
    declared = typer.Option(flag(field), help=info.description, metavar=metavar, rich_help_panel=panel)
    # Each value is taken as text: the configuration reads it, and tells the faults of all at once.
    return _parameter(field, Annotated[str, declared], str(info.default))


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

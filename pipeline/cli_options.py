"""One command-line option for each field of the configuration that a command needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from pipeline.config import Connection, PipelineParameters, Rollout, RunConfig, key, load_config
from trainer.config import Hyperparameters, flag


def configured(*groups: type[BaseModel]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the option `--config`, and one for each field of some groups of the configuration.

    Args:
        groups: RunConfig, or those of its bases that the command needs. The other fields keep what the file says.

    Returns:
        The decorator of a command that takes `config` and, if it wants to, `sources` as `load_config` returns them,
        and options of its own.
    """
    fields = [field for field in RunConfig.model_fields if any(field in group.model_fields for group in groups)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        return _with_options(command, fields)

    return decorate


def _with_options(command: Callable[..., None], fields: Sequence[str]) -> Callable[..., None]:
    own = inspect.signature(command, eval_str=True).parameters

    def with_options(ctx: typer.Context, config_file: Path | None, **given: Any) -> None:
        values = {field: given.pop(field) for field in fields}
        overrides = {key(field): value for field, value in values.items() if _is_given(ctx, field)}
        config, sources = load_config(config_file, overrides)
        if "sources" in own:
            given["sources"] = sources
        command(config=config, **given)

    parameters = [
        _parameter("ctx", typer.Context, inspect.Parameter.empty),
        *(parameter for name, parameter in own.items() if name not in ("config", "sources")),
        _config_option(),
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


def _panels() -> dict[str, list[str]]:
    """The fields below the headings that `--help` puts them under."""
    training, vertex, rollout, parameters, fields = (
        list(model.model_fields) for model in (Hyperparameters, Connection, Rollout, PipelineParameters, RunConfig)
    )
    return {
        "Data and gate": [field for field in parameters if field not in (*training, *vertex, *rollout)],
        "Training": training,
        "Vertex AI": vertex,
        "Rollout": rollout,
        "Compiled pipeline": [field for field in fields if field not in (*parameters, *vertex)],
    }


def _config_option() -> inspect.Parameter:
    text = "TOML file of lines such as `train_steps = 1000`. Options win over it."
    declared = typer.Option("--config", metavar="FILE", help=text)
    return _parameter("config_file", Annotated[Path | None, declared], None)


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

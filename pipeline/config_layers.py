"""Where a configuration's values come from: defaults, data contract, TOML file, its profile, environment, options."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from pipeline.config import RunConfig, Value, key
from pipeline.machines import SCALE_TIERS
from trainer.config import flag, refusals
from trainer.errors import UsageError, listing, nearest, quoted

DEFAULT = "default"
COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
PREFIX = "DNN_PIPELINE_"
DEFAULT_PROFILE = "local"
# What a command takes from these is no value of the configuration, but where to look for them.
CONFIG_VARIABLE, PROFILE_VARIABLE = f"{PREFIX}CONFIG", f"{PREFIX}PROFILE"

# With Google's Vertex AI: what a command that looks at something needs, what also a compiled pipeline needs, and what
# a submitted run needs.
PLACE = ("project", "location")
COMPILED = (*PLACE, "staging_bucket", "image")
SUBMITTED = (*COMPILED, "service_account")

_BUILT_IN = {"local": {"connection": "local"}, "vertex": {"connection": "vertex"}}
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class _Layer:
    """Values from one source.

    Attributes:
        source: What `config show` calls it.
        values: By key.
        named: What the user wrote a key as, and where.
        spell: How another key would be written there.
        beside: What may stand there beside keys.
    """

    source: str
    values: Mapping[str, Any]
    named: Callable[[str], str]
    spell: Callable[[str], str] = str
    beside: Collection[str] = ()


def load_config(
    file: Path | None,
    overrides: Mapping[str, Value],
    *,
    profile: str = DEFAULT_PROFILE,
    params: Sequence[str] = (),
    environment: Mapping[str, str] = _NOTHING,
    needs: Collection[str] = (),
) -> tuple[RunConfig, dict[str, str]]:
    """Builds the configuration: each source wins over the ones before it.

    The first of them, behind the defaults, is the `[training]` of the data contract that the others name, where it is a
    readable file of this machine. What is wrong with a contract is told by who reads the data.

    Args:
        file: A TOML file of lines such as `train_steps = 1000`, and of tables `[profiles.NAME]` which win over
            them; paths in it are relative to the current folder.
        overrides: Values of the command line's options by key; a text for a number is read as one.
        profile: `local` or `vertex`, which the file may add to, or one of the file's own.
        params: More of the command line, each KEY=VALUE.
        environment: The variables; those are read that are called DNN_PIPELINE_ and a key in capitals.
        needs: The keys that must be given, as no default can be right, where the connection is Google's.

    Returns:
        The configuration, and the source of the value of each key: `default`, the contract or the file with its table,
        `profile NAME`, `environment` or `command line`.

    Raises:
        UsageError: The file cannot be read, keys or the profile are unknown, or values make no sense or are
            missing: all of it.
    """
    document = {} if file is None else _read(file)
    tables, problems = _profiles(document.pop("profiles", {}), file)
    problems += _strays(document, file)
    if profile not in {**_BUILT_IN, **tables}:
        known = sorted({**_BUILT_IN, **tables})
        problems.append(f"There is no profile {quoted(profile)}.{nearest(profile, known)} Known: {', '.join(known)}.")
    own = {name: _file_layer(table, f"{file} [profiles.{name}]") for name, table in tables.items()}
    given, said_badly = _command_line(overrides, params)
    problems += said_badly
    built_in = _file_layer(_BUILT_IN.get(profile, {}), f"profile {profile}")
    common = replace(_file_layer(document, str(file)), beside=["profiles"])
    layers = [common, built_in, own.pop(profile, built_in), _environment(environment), given]
    for layer in (*layers, *own.values()):
        problems += _problems(layer)
    table = "vertex" if profile == DEFAULT_PROFILE else profile
    layers = [_contract(layers), _scale_tier(layers), *layers]
    return _merged(layers, problems, needs, f"[profiles.{table}] in {file or 'pipeline.toml'}")


def _merged(
    layers: Sequence[_Layer], problems: list[str], needs: Collection[str], table: str
) -> tuple[RunConfig, dict[str, str]]:
    sources = dict.fromkeys(map(key, RunConfig.model_fields), DEFAULT)
    values: dict[str, Any] = {}
    for layer in layers:
        values |= layer.values
        sources |= dict.fromkeys(layer.values, layer.source)
    if values.get("connection") == "vertex":
        problems += _missing(values, needs, table)
    if not problems:
        try:
            return RunConfig.model_validate(values), sources
        except ValidationError as error:  # of values that make no sense together
            problems = [str(item["msg"]).removeprefix("Value error, ") for item in error.errors()]
    raise UsageError(listing(problems, len(problems)))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"The configuration {file} cannot be read: {error.strerror}. Give the path of a TOML file."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The configuration {file} is not UTF-8: {error}. Save it as UTF-8.") from error
    except ValueError as error:
        raise UsageError(
            f"The configuration {file} is not TOML: {error}. Write lines such as `train_steps = 1000`."
        ) from error


def _profiles(tables: Any, file: Path | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The profiles of a file, and what is wrong with them as such."""
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        return {}, [f"`profiles` in {file} must hold tables. Write `[profiles.NAME]` over the lines of a profile."]
    problems = [
        f'The profile {quoted(name)} in {file} does not say what it connects to. Write `connection = "local"` or '
        f'`connection = "vertex"` below [profiles.{name}].'
        for name, table in tables.items()
        if name not in _BUILT_IN and "connection" not in table
    ]
    return tables, problems


def _strays(document: dict[str, Any], file: Path | None) -> list[str]:
    """What is said for all profiles and cannot hold for them."""
    if "connection" not in document:
        return []
    del document["connection"]
    return [f"`connection` in {file} belongs to a profile. Write it below [profiles.NAME], and give --profile NAME."]


def _contract(layers: Sequence[_Layer]) -> _Layer:
    """What the data contract says of training, which its own reader has checked."""
    from trainer.contract import load_contract
    from trainer.storage import is_local

    field = "schema_file"
    named = [layer.values[key(field)] for layer in layers if key(field) in layer.values]
    location = named[-1] if named else RunConfig.model_fields[field].default
    settings: Mapping[str, Any] = {}
    if isinstance(location, str) and is_local(location):
        with suppress(UsageError):
            settings = load_contract(location).training.settings
    return _file_layer(settings, f"{location} [training]")


def _scale_tier(layers: Sequence[_Layer]) -> _Layer:
    """What the tier stands for that the last of the layers names; one that there is not is told of elsewhere."""
    named = [layer.values["scale_tier"] for layer in layers if "scale_tier" in layer.values]
    tier = named[-1] if named else ""
    return _file_layer(SCALE_TIERS.get(str(tier), {}), f"scale_tier {tier}")


def _file_layer(values: Mapping[str, Any], source: str) -> _Layer:
    return _Layer(source, values, lambda name: f"`{name}` in {source}")


def _environment(variables: Mapping[str, str]) -> _Layer:
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(PREFIX) and name not in (CONFIG_VARIABLE, PROFILE_VARIABLE)
    }
    typed = {name: _typed(name, value) for name, value in given.items()}
    beside = [name.removeprefix(PREFIX).lower() for name in (CONFIG_VARIABLE, PROFILE_VARIABLE)]
    return _Layer(ENVIRONMENT, typed, lambda name: f"`{_variable(name)}`", _variable, beside)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _command_line(overrides: Mapping[str, Value], params: Sequence[str]) -> tuple[_Layer, list[str]]:
    """What the command line gives, and what it says twice or half."""
    pairs, problems = pairs_of(params)
    named = [name for name, _ in pairs]
    problems += said_twice([*overrides, *named])
    values = {**overrides, **dict(pairs)}
    typed = {name: _typed(name, value) for name, value in values.items()}
    told = {name: f"`--param {name}`" for name in named}
    return _Layer(COMMAND_LINE, typed, lambda name: told.get(name, f"`{flag(name)}`")), problems


def pairs_of(params: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Names and values of `--param NAME=VALUE`, and what is wrong with those that are not of this form."""
    parts = [(name.strip(), equals, value) for name, equals, value in (param.partition("=") for param in params)]
    problems = [
        f"`--param {name}` has no value. Write --param NAME=VALUE."
        if name
        else f"`--param {equals}{value}` names nothing. Write --param NAME=VALUE."
        for name, equals, value in parts
        if not (name and equals)
    ]
    return [(name, value) for name, equals, value in parts if name and equals], problems


def said_twice(names: Iterable[str]) -> list[str]:
    """What is wrong with names that the command line gives again."""
    return [
        f"`{name}` is given {count} times on the command line. Give it once."
        for name, count in Counter(names).items()
        if count > 1
    ]


def _typed(name: str, value: Value) -> Value:
    """What a text stands for by the type of its key; the text itself where it stands for nothing of this type."""
    kinds = {key(field): info.annotation for field, info in RunConfig.model_fields.items()}
    kind = kinds.get(name)
    if not isinstance(value, str):
        return value
    if kind is bool:
        return {"true": True, "false": False}.get(value, value)
    try:
        return kind(value) if kind in (int, float) else value
    except ValueError:
        return value


def _problems(layer: _Layer) -> list[str]:
    """What is wrong with the values of a source, each by itself."""
    fields = {key(field): info for field, info in RunConfig.model_fields.items()}
    unknown = [name for name in layer.values if name not in fields]
    known = {layer.spell(name): name for name in (*fields, *layer.beside)}
    problems = []
    for name in unknown:
        hint = nearest(layer.spell(name), known) if nearest(name, known.values()) else ""
        if not hint and isinstance(layer.values[name], dict):
            hint = f" If it is a profile, write [profiles.{name}]."
        problems.append(f"{layer.named(name)} is not known.{hint}")
    try:
        RunConfig.model_validate({name: layer.values[name] for name in layer.values if name in fields}, by_name=False)
    except ValidationError as error:
        if all(item["loc"] for item in error.errors()):
            problems += refusals(error, fields, layer.named)
    return problems


def how_to_give(name: str, table: str = "[profiles.vertex] in pipeline.toml") -> str:
    """What a key that must be given is, and how to give it.

    Args:
        name: The key.
        table: Where in which file it may stand.
    """
    about = RunConfig.model_fields[name].description
    return f"{about} Give {flag(name)}, {_variable(name)}, or a line `{name} = ...` below {table}."


def _missing(values: Mapping[str, Any], needs: Collection[str], table: str) -> list[str]:
    """The keys without which nothing can be asked of Google, and how to give them."""
    return [
        f"`{name}` is missing, and Google's Vertex AI needs it: {how_to_give(name, table)}"
        for name in needs
        if not values.get(name)
    ]

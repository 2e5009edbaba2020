"""The one configuration of a run: the pipeline's parameters, and what its compiled file is built with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

import trainer
from trainer.config import Hyperparameters, flag, refusals
from trainer.errors import UsageError, listing

DEFAULT = "default"
COMMAND_LINE = "command line"

Value = str | int | float

_WORD = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IMAGE = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?/)?{_WORD}(?:/{_WORD})*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


def _location(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must name a file")
    return text


def _pipeline_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,127}", text):
        raise ValueError(
            "must begin with a lower-case letter and hold up to 128 lower-case letters, digits and hyphens"
        )
    return text


def _pinned_image(text: str) -> str:
    parts = _IMAGE.fullmatch(text) if len(text) <= 512 else None
    if parts is None or parts["tag"] == "latest" or not (parts["tag"] or parts["digest"]):
        raise ValueError("must name a container image with a tag other than latest, or with a sha256 digest")
    return text


Location = Annotated[str, AfterValidator(_location)]
PipelineName = Annotated[str, AfterValidator(_pipeline_name)]
PinnedImage = Annotated[str, AfterValidator(_pinned_image)]


class PipelineParameters(Hyperparameters):
    """The parameters of the compiled pipeline, of the same names, types and defaults."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    train_data: Location = Field(
        "data/iris_training.csv",
        description="Training CSV: a path, a glob or a URL such as gs://bucket/train.csv.",
    )
    eval_data: Location = Field(
        "data/iris_test.csv",
        description="Evaluation CSV: a path, a glob or a URL such as gs://bucket/test.csv.",
    )
    schema_file: Location = Field(
        "data/schema.toml",
        alias="schema",
        description="Data contract, a TOML file: a path or a URL. `draft-schema` writes a first one.",
    )
    min_accuracy: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Accuracy on the evaluation rows, 0 to 1, below which a model is kept back.",
    )


class RunConfig(PipelineParameters):
    """Everything a run is configured with: the pipeline's parameters, and what its compiled file fixes."""

    pipeline_name: PipelineName = Field(
        "dnn-pipeline", description="Name of the pipeline: lower-case letters, digits and hyphens."
    )
    image: PinnedImage = Field(
        f"dnn-trainer:{trainer.__version__}",
        description="Container image of the tasks, with a tag or a digest. A local run does not pull it.",
    )
    cpu_limit: int = Field(4, ge=1, le=1024, description="CPU cores of the training task, 1 to 1024.")
    memory_limit_gib: int = Field(8, ge=1, le=65536, description="Memory of the training task, GiB.")


def key(field: str) -> str:
    """What a field is called in a TOML file and among the pipeline's parameters."""
    return RunConfig.model_fields[field].alias or field


def parameter_values(config: RunConfig) -> dict[str, Value]:
    """The values of the compiled pipeline's parameters, by name."""
    return config.model_dump(include=set(PipelineParameters.model_fields))


def load_config(file: Path | None, overrides: Mapping[str, Value]) -> tuple[RunConfig, dict[str, str]]:
    """Builds the configuration: defaults, over them a TOML file, over them the command line.

    Args:
        file: A TOML file of lines such as `train_steps = 1000`; paths in it are relative to the current
            folder.
        overrides: Values of the command line by key; a text for a number is read as one.

    Returns:
        The configuration, and where the value of each key came from: `default`, the file or `command line`.

    Raises:
        UsageError: The file cannot be read, or keys are unknown, or values make no sense: all of them.
    """
    layers: list[tuple[str, Mapping[str, Any]]] = [] if file is None else [(str(file), _read(file))]
    layers.append((COMMAND_LINE, {name: _typed(name, value) for name, value in overrides.items()}))
    sources = dict.fromkeys(map(key, RunConfig.model_fields), DEFAULT)
    values: dict[str, Any] = {}
    problems = []
    for source, layer in layers:
        problems += _problems(layer, source)
        values |= layer
        sources |= dict.fromkeys(layer, source)
    if problems:
        raise UsageError(listing(problems, len(problems)))
    return RunConfig.model_validate(values), sources


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


def _typed(name: str, value: Value) -> Value:
    """The number that a text stands for; the text itself where it stands for none, or is meant as text."""
    kinds = {key(field): info.annotation for field, info in RunConfig.model_fields.items()}
    kind = kinds.get(name)
    try:
        return kind(value) if kind in (int, float) and isinstance(value, str) else value
    except ValueError:
        return value


def _problems(layer: Mapping[str, Any], source: str) -> list[str]:
    fields = {key(field): info for field, info in RunConfig.model_fields.items()}

    def named(name: str) -> str:
        if source == COMMAND_LINE:
            return f"`{flag(name)}`"
        return f"`{name}` in {source}"

    try:
        RunConfig.model_validate(layer, by_name=False)
    except ValidationError as error:
        return refusals(error, fields, named)
    return []

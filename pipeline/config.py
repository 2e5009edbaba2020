"""The one configuration of a run: the pipeline's parameters, and what its compiled file is built with."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import trainer
from pipeline import rules
from pipeline.rules import Rule
from trainer.errors import UsageError, listing, nearest

OPTIMIZERS = ("adagrad", "adam", "sgd", "rmsprop")
DEFAULT = "default"
COMMAND_LINE = "command line"

Part = Literal["parameter", "compile-time"]
Value = str | int | float


@dataclass(frozen=True)
class Setting:
    """What is known of a field of RunConfig apart from its name and value.

    Attributes:
        part: `parameter` of the compiled pipeline, or `compile-time`: what its file is built with.
        default: The value where none is given; its type is the field's.
        help: One sentence for readers of `--help`.
        rule: What a value must fulfil.
        hint: What to do about a value that does not.
    """

    part: Part
    default: Value
    help: str
    rule: Rule
    hint: str

    @property
    def kind(self) -> type[Value]:
        """The field's type: `str`, `int` or `float`."""
        return type(self.default)

    def admits(self, value: object) -> bool:
        """Whether a value has the field's type and fulfils its rule; a bool is no number."""
        kinds = (int, float) if self.kind is float else (self.kind,)
        return type(value) in kinds and self.rule.admits(value)


def _parameter(default: Value, help: str, rule: Rule, hint: str = "") -> Any:
    return _field(Setting("parameter", default, help, rule, hint or f"The default is {default}."))


def _compile_time(default: Value, help: str, rule: Rule, hint: str = "") -> Any:
    return _field(Setting("compile-time", default, help, rule, hint or f"The default is {default}."))


def _field(setting: Setting) -> Any:
    return dataclasses.field(default=setting.default, metadata={"setting": setting})


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything a run is configured with.

    Raises:
        UsageError: Fields break their rules; every fault is listed.
    """

    train_data: str = _parameter(
        "data/iris_training.csv",
        "Training CSV: a path, a glob or a URL such as gs://bucket/train.csv.",
        rules.LOCATION,
    )
    eval_data: str = _parameter(
        "data/iris_test.csv",
        "Evaluation CSV: a path, a glob or a URL such as gs://bucket/test.csv.",
        rules.LOCATION,
    )
    schema: str = _parameter(
        "data/schema.toml",
        "Data contract, TOML: a path or a URL; draft-schema writes a first one.",
        rules.LOCATION,
    )
    train_steps: int = _parameter(1000, "Batches to train on.", rules.whole(1))
    num_epochs: int = _parameter(
        0, "Passes over the training data, 0 for no limit; steps or epochs end training.", rules.whole(0)
    )
    train_batch_size: int = _parameter(40, "Rows in a training batch.", rules.whole(1))
    eval_batch_size: int = _parameter(40, "Rows in an evaluation batch.", rules.whole(1))
    first_layer_size: int = _parameter(100, "Units of the first hidden layer.", rules.whole(1))
    num_layers: int = _parameter(4, "Hidden layers, 1 to 64.", rules.whole(1, 64))
    scale_factor: float = _parameter(
        0.7,
        "Size of each hidden layer over the one before it, above 0, up to 10.",
        rules.POSITIVE_TO_TEN,
        "Use 0.7 for layers that shrink by a third, 1 for layers of one size.",
    )
    learning_rate: float = _parameter(
        0.05,
        "The optimizer's learning rate, above 0.",
        rules.POSITIVE,
        "Use 0.05 with adagrad, 0.001 with adam.",
    )
    optimizer: str = _parameter("adagrad", f"One of {', '.join(OPTIMIZERS)}.", rules.one_of(*OPTIMIZERS))
    dropout: float = _parameter(
        0.0,
        "Share of hidden units dropped in training, 0 to below 1.",
        rules.SHARE_BELOW_ONE,
        "Use 0.2 to drop one unit in five, 0 to drop none.",
    )
    seed: int = _parameter(
        1, "Seed of initial weights and shuffling; the same seed gives the same model.", rules.whole(0)
    )
    patience: int = _parameter(
        0, "Evaluations without improvement after which training stops, 0 for never.", rules.whole(0)
    )
    min_accuracy: float = _parameter(
        0.9,
        "Accuracy on the evaluation data, 0 to 1, below which the model is kept back.",
        rules.SHARE,
        "Use 0.9 to ask for nine rows in ten.",
    )
    pipeline_name: str = _compile_time(
        "dnn-pipeline",
        "The pipeline's name: lower-case letters, digits and hyphens.",
        rules.PIPELINE_NAME,
        "Use a name such as dnn-pipeline.",
    )
    image: str = _compile_time(
        f"dnn-trainer:{trainer.__version__}",
        "Container image of every task, with a tag or a digest; a local run does not pull it.",
        rules.PINNED_IMAGE,
        f"Use a name such as dnn-trainer:{trainer.__version__}.",
    )
    cpu_limit: int = _compile_time(4, "CPU cores of the training task.", rules.whole(1, 1024))
    memory_limit_gib: int = _compile_time(8, "Memory of the training task, GiB.", rules.whole(1, 65536))

    def __post_init__(self) -> None:
        wrong = [item for item in settings().items() if not item[1].admits(getattr(self, item[0]))]
        _refuse([_sentence(f"`{name}`", setting, getattr(self, name)) for name, setting in wrong])


def settings() -> dict[str, Setting]:
    """What is known of each field of RunConfig, by name, in their order."""
    return {field.name: field.metadata["setting"] for field in dataclasses.fields(RunConfig)}


def option(name: str) -> str:
    """The option of the command line that sets a field."""
    return "--" + name.replace("_", "-")


def parameter_values(config: RunConfig) -> dict[str, Value]:
    """The values of the compiled pipeline's parameters, by name."""
    names = [name for name, setting in settings().items() if setting.part == "parameter"]
    return {name: getattr(config, name) for name in names}


def load_config(file: Path | None, overrides: Mapping[str, Value]) -> tuple[RunConfig, dict[str, str]]:
    """Builds the configuration: defaults, over them a TOML file, over them the command line.

    Args:
        file: A TOML file of lines such as `train_steps = 1000`; paths in it are relative to the current
            folder.
        overrides: Values of the command line by field name; a text for a number is read as one.

    Returns:
        The configuration, and where each field's value came from: `default`, the file or `command line`.

    Raises:
        UsageError: The file cannot be read, or keys are unknown, or values make no sense: all of them.
    """
    given = [] if file is None else [(str(file), name, value) for name, value in _read(file).items()]
    given += [(COMMAND_LINE, name, value) for name, value in overrides.items()]
    known = settings()
    values: dict[str, Any] = {}
    sources = dict.fromkeys(known, DEFAULT)
    problems = []
    for source, name, value in given:
        if name not in known:
            problems.append(f"`{name}` in {source} is not a field of a run.{nearest(name, known)}")
            continue
        typed = _number(known[name], value) if source == COMMAND_LINE else value
        if known[name].admits(typed):
            values[name], sources[name] = known[name].kind(typed), source
        else:
            where = f"`{option(name)}`" if source == COMMAND_LINE else f"`{name}` in {source}"
            problems.append(_sentence(where, known[name], typed))
    _refuse(problems)
    return RunConfig(**values), sources


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


def _number(setting: Setting, value: Value) -> Value:
    """The number that a text stands for; the text itself where it stands for none or is meant as text."""
    if not isinstance(value, str) or setting.kind is str:
        return value
    try:
        return setting.kind(value)
    except ValueError:
        return value


def _sentence(where: str, setting: Setting, value: object) -> str:
    received = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{where} must {setting.rule.must}. Received: {received}. {setting.hint}"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise UsageError(listing(problems, len(problems)))

"""What a training run is told: the hyperparameters, and where it reads and writes."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from trainer.errors import UsageError, listing, nearest, shown

Optimizer = Literal["adagrad", "adam", "sgd", "rmsprop"]
ExportFormat = Literal["JSON", "CSV", "EXAMPLE"]
WatchedMetric = Literal["loss", "accuracy"]
BALANCED = "balanced"
# The largest int32, which is what TensorFlow counts steps and rows with.
MOST = 2**31 - 1
Positive = Annotated[int, Field(ge=1, le=MOST)]
NotNegative = Annotated[int, Field(ge=0, le=MOST)]


def read_class_weights(setting: str) -> dict[str, float]:
    """The weights that a setting such as `yes=5,no=1` names, by class.

    Args:
        setting: Pairs CLASS=WEIGHT as one line of CSV: a class with a comma in it stands in quotes, `"a,b=2"`.

    Raises:
        ValueError: A pair has no weight above 0, or a class has two.
    """
    weights: dict[str, float] = {}
    for pair in next(csv.reader([setting], skipinitialspace=True)):
        name, _, text = (part.strip() for part in pair.rpartition("="))
        try:
            weight = float(text)
        except ValueError:
            weight = math.nan
        if not name or name in weights or not 0 < weight < math.inf:
            raise ValueError(
                "must be empty, balanced, or a weight above 0 for each class that is named, such as yes=5,no=1"
            )
        weights[name] = weight
    return weights


def _readable_weights(setting: str) -> str:
    if setting not in ("", BALANCED):
        read_class_weights(setting)
    return setting


class Hyperparameters(BaseModel):
    """The numbers that decide what is learned; the defaults are those of the tutorial's DNNClassifier.

    Raises:
        pydantic.ValidationError: A value of the wrong type or out of bounds. `refusals` puts it in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    train_steps: Positive = Field(1000, description="Optimizer steps, at most.")
    num_epochs: NotNegative = Field(0, description="Passes over the training rows, at most; 0 sets no limit.")
    train_batch_size: Positive = Field(40, description="Rows a training step.")
    eval_batch_size: Positive = Field(40, description="Rows an evaluation step.")
    first_layer_size: int = Field(100, ge=1, le=65536, description="Units of the first hidden layer.")
    num_layers: int = Field(4, ge=1, le=64, description="Hidden layers.")
    scale_factor: float = Field(0.7, gt=0, le=10, description="Size of each hidden layer over the one before.")
    learning_rate: float = Field(0.05, gt=0, le=1000, description="Step size of the optimizer.")
    optimizer: Optimizer = Field("adagrad", description="Optimizer: adagrad, adam, sgd or rmsprop.")
    sync_steps: Positive = Field(
        1,
        description="Where a job has several replicas: steps that each takes by itself before their weights are "
        "averaged; 1 sums each step's gradients, and learns what one replica learns.",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of hidden units dropped in training, 0 to 1.")
    seed: NotNegative = Field(1, description="Decides the start and the order of the rows.")
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Share of each kernel that a step takes off, times the learning rate; 0 for none.",
    )
    class_weights: Annotated[str, AfterValidator(_readable_weights)] = Field(
        "", description="Weight of a row by its class: balanced, or such as yes=5,no=1; all alike if empty."
    )
    holdout: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the training rows to watch and not to learn, 0 to 0.5, drawn class by class by the rows' "
        "content; 0 watches the evaluation rows.",
    )
    patience: NotNegative = Field(
        0,
        description="Stop after so many looks at the watched rows without a better watched metric and keep the best; "
        "0 never stops early.",
    )
    refit: bool = Field(
        False,
        description="Whether training begins anew once the best step is known, on all rows, and ends at that step.",
    )
    watched_metric: WatchedMetric = Field("loss", description="What patience looks at: loss or accuracy.")

    temperature_scaling: bool = Field(
        False,
        description="Whether the exported model's logits are divided by the temperature that makes it as sure as it is "
        "right on the rows that training watches.",
    )

    @property
    def hidden_units(self) -> list[int]:
        """Sizes of the hidden layers: `max(2, int(first_layer_size * scale_factor**i))`."""
        return [max(2, int(self.first_layer_size * self.scale_factor**i)) for i in range(self.num_layers)]

    def steps_for(self, rows: int) -> int:
        """Optimizer steps until `train_steps` or `num_epochs` over `rows` ends training, whichever is first."""
        if not self.num_epochs:
            return self.train_steps
        return min(self.train_steps, -(-rows * self.num_epochs // self.train_batch_size))


class TrainingConfig(Hyperparameters):
    """One training run. Every location is a local path or any fsspec URL."""

    # The tutorial's trainer takes 100 steps unless told otherwise; the pipeline asks for more.
    train_steps: Positive = Field(100, description="Optimizer steps, at most.")
    train_files: tuple[str, ...] = Field(min_length=1, description="CSV files, globs or URLs to train on.")
    eval_files: tuple[str, ...] = Field((), description="CSV files, globs or URLs to evaluate on.")
    validation_fraction: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the training rows to evaluate on and not to learn, 0 to 0.5, in the place of evaluation "
        "files: a row's content decides on its side, whatever the seed. All of them are taken.",
    )
    schema_file: str = Field(description="The data contract, a TOML file.")
    job_dir: str = Field(description="Folder for whatever has no folder of its own.")
    model_dir: str | None = Field(None, description="The SavedModel; else JOB_DIR/export/NAME/TIMESTAMP.")
    checkpoint_dir: str | None = Field(None, description="Checkpoints to go on from; else JOB_DIR/checkpoints.")
    tensorboard_dir: str | None = Field(None, description="TensorBoard's event files; else JOB_DIR/logs.")
    eval_steps: Positive = Field(100, description="Batches an evaluation during training takes, at most.")
    steps_between_evaluations: NotNegative = Field(
        0,
        description="Steps between two evaluations and checkpoints; 0 takes a tenth of all, from 100 to 10,000, and "
        "where rows are held out a fiftieth, from 20.",
    )
    export_format: ExportFormat = Field("JSON", description="What serving_default takes: JSON, CSV or EXAMPLE.")
    num_parallel_calls: Positive | None = Field(None, description="Threads that parse the files; else 2.")
    prefetch_buffer_size: Positive | None = Field(
        None, description="Batches prepared ahead, rounded up to whole chunks of rows; else two chunks."
    )
    embedding_size: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Length of an embedded column's vectors where the contract gives none; else the fourth root of "
        "the number of its words.",
    )
    in_memory_mib: NotNegative = Field(
        256,
        description="Memory for a table's rows, in MiB. Rows that fit, 4 bytes a cell, are held and shuffled whole; "
        "others are read anew for each epoch and shuffled in windows of an eighth of it, of 32 MiB at least.",
    )

    metrics_only: bool = Field(
        False, description="Whether to leave nothing but metrics and curves: no checkpoints, and no model."
    )
    require_accelerator: bool = Field(
        False, description="Whether to refuse to train where TensorFlow sees no accelerator."
    )

    @field_validator("steps_between_evaluations")
    @classmethod
    def _in_step(cls, steps: int, others: ValidationInfo) -> int:
        together = others.data.get("sync_steps", 1)
        if steps % together:
            raise ValueError(f"must be a multiple of --sync-steps, {together}: only averaged weights are evaluated")
        return steps

    @model_validator(mode="after")
    def _evaluates(self) -> Self:
        if bool(self.eval_files) == bool(self.validation_fraction):
            both = "exclude each other" if self.eval_files else "are both missing"
            raise ValueError(
                f"`--eval-files` and `--validation-fraction` {both}: give files to evaluate on, or a share of the "
                "training rows, such as 0.2."
            )
        return self

    def evaluation_interval(self, last_step: int) -> int:
        """Steps between two evaluations of a training of `last_step` steps, a multiple of `sync_steps`."""
        looks, least = (50, 20) if self.holdout else (10, 100)
        wanted = min(max(least, -(-last_step // looks)), 10_000)
        return self.steps_between_evaluations or -(-wanted // self.sync_steps) * self.sync_steps

    @property
    def checkpoints(self) -> str:
        """Folder of the checkpoints."""
        return self.checkpoint_dir or f"{self.job_dir.rstrip('/')}/checkpoints"

    @property
    def logs(self) -> str:
        """Folder of TensorBoard's event files."""
        return self.tensorboard_dir or f"{self.job_dir.rstrip('/')}/logs"


def build_config(**values: Any) -> TrainingConfig:
    """A checked configuration.

    Raises:
        UsageError: One sentence for each value that makes no sense, by the name of its flag.
    """
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        problems = refusals(error, TrainingConfig.model_fields, lambda name: f"`{flag(name)}`")
        raise UsageError(listing(problems, len(problems))) from error


def flag(name: str) -> str:
    """How the command line spells a field: `train_steps` becomes `--train-steps`."""
    return "--" + name.removesuffix("_file").replace("_", "-")


def refusals(error: ValidationError, fields: Mapping[str, FieldInfo], named: Callable[[str], str]) -> list[str]:
    """One sentence for each fault of a configuration.

    Args:
        error: What pydantic raised.
        fields: The fields there are, by the name that the error gives them.
        named: What the user knows a field by, and where: "`dropout` in dev.toml".
    """
    return [_refusal(item, fields, named) for item in error.errors()]


def _refusal(item: Any, fields: Mapping[str, FieldInfo], named: Callable[[str], str]) -> str:
    if not item["loc"]:  # values that make no sense together
        return str(item["msg"]).removeprefix("Value error, ")
    name = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return f"{named(name)} is not known.{nearest(name, fields)}"
    if item["type"] == "missing":
        return f"{named(name)} is missing. Give it a value."
    message = (
        str(item["msg"]).removeprefix("Value error, ").replace("Input should", "must").replace("Tuple should", "must")
    )
    default = "" if fields[name].is_required() else f" The default is {shown(fields[name].get_default())}."
    return f"{named(name)} {message}. Received: {shown(item['input'])}.{default}"

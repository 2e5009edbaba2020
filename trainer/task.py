"""`python -m trainer.task`: trains on CSV files and exports a SavedModel."""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.config import Hyperparameters, TrainingConfig, build_config
from trainer.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from trainer.training import TrainedModel

# The tutorial's trainer takes 100 steps unless told otherwise; the pipeline asks for more.
TRAIN_STEPS = 100
FOLDERS = {
    "model_dir": "AIP_MODEL_DIR",
    "checkpoint_dir": "AIP_CHECKPOINT_DIR",
    "tensorboard_dir": "AIP_TENSORBOARD_LOG_DIR",
}


def build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The flags.

    Args:
        environment: Where Vertex AI's variables, if set, give the defaults of the folders.
    """
    parser = argparse.ArgumentParser(
        prog="python -m trainer.task", description="Train the DNN classifier on CSV files and export a SavedModel."
    )
    files = {"nargs": "+", "required": True, "metavar": "FILE"}
    parser.add_argument("--train-files", help="CSV files, globs or URLs (gs://...) to train on.", **files)
    parser.add_argument("--eval-files", help="CSV files, globs or URLs (gs://...) to evaluate on.", **files)
    parser.add_argument("--schema", dest="schema_file", default="data/schema.toml", help="The data contract.")
    parser.add_argument("--job-dir", default="", help="Folder or URL for checkpoints, logs and exports.")
    for name, variable in FOLDERS.items():
        flag, default = f"--{name.replace('_', '-')}", environment.get(variable)
        parser.add_argument(flag, default=default, help=f"Default: ${variable}, else a folder in --job-dir.")
    for name, field in Hyperparameters.model_fields.items():
        default = TRAIN_STEPS if name == "train_steps" else field.default
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(default),
            default=default,
            help=f"{field.description} Default: {default}.",
        )
    parser.add_argument("--eval-steps", type=int, default=100, help="Batches of an evaluation, at most. Default: 100.")
    parser.add_argument(
        "--steps-between-evaluations", type=int, default=100, help="Also from checkpoint to checkpoint. Default: 100."
    )
    parser.add_argument("--export-format", default="JSON", type=str.upper, help="JSON, CSV or EXAMPLE. Default: JSON.")
    parser.add_argument("--num-parallel-calls", type=int, help="Threads that prepare rows. Default: tf.data chooses.")
    parser.add_argument("--prefetch-buffer-size", type=int, help="Batches prepared ahead. Default: tf.data chooses.")
    parser.add_argument(
        "--in-memory-mib", type=int, default=1024, help="Tables up to this size are shuffled whole. Default: 1024."
    )
    levels = ["DEBUG", "INFO", "WARNING", "ERROR"]
    parser.add_argument("--verbosity", default="INFO", choices=levels, help="Default: INFO.")
    return parser


def config_from(arguments: argparse.Namespace) -> TrainingConfig:
    """The configuration that the flags spell.

    Raises:
        UsageError: A value makes no sense, or there is no folder to write to.
    """
    values: dict[str, Any] = {name: value for name, value in vars(arguments).items() if name != "verbosity"}
    if not values["job_dir"] and not all(values[name] for name in FOLDERS):
        raise UsageError(
            "`--job-dir` is missing, and not all of " + ", ".join(FOLDERS.values()) + " are set. "
            "Give a folder, such as --job-dir jobs/iris."
        )
    values |= {name: tuple(values[name]) for name in ("train_files", "eval_files")}
    return build_config(**values)


def run(config: TrainingConfig) -> tuple[TrainedModel, str]:
    """Trains and exports; returns the model and where its SavedModel is.

    Raises:
        ProjectError: A file, flag or table is at fault; nothing half-written is left.
    """
    from trainer.contract import load_contract
    from trainer.export import export_model, timestamped
    from trainer.training import train

    contract = load_contract(config.schema_file)
    trained = train(config, contract)
    url = config.model_dir or timestamped(config.job_dir, contract, datetime.datetime.now(datetime.UTC))
    export_model(trained, url.rstrip("/"), config.export_format)
    logging.getLogger(__name__).info(
        "accuracy %.4f, loss %.4f after %d steps", trained.metrics["accuracy"], trained.metrics["loss"], trained.steps
    )
    return trained, url


def main(argv: Sequence[str] | None = None) -> int:
    """The command: parses flags, trains, exports, prints where the model is; returns the exit code."""
    arguments = build_parser(os.environ).parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("trainer").setLevel(arguments.verbosity)
    try:
        config = config_from(arguments)
        _import_tensorflow_quietly()
        _, url = run(config)
    except ProjectError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    print(url)
    return 0


def _import_tensorflow_quietly() -> None:
    """Keeps from the terminal what TensorFlow's native code says of this machine's CPU and missing GPU at its start."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    standard_error = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401 - imported for its effect
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m trainer.task`: trains on CSV files and exports a SavedModel."""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trainer.command_line import exit_code_of
from trainer.config import Hyperparameters, TrainingConfig, build_config, flag
from trainer.errors import UsageError
from trainer.flag_values import number_kind, real_number, whole_number
from trainer.garbage import search_seldom
from trainer.metric_file import TRIAL_VARIABLE, metric_file_of

if TYPE_CHECKING:
    from trainer.contract import Contract
    from trainer.model.trained_model import TrainedModel

log = logging.getLogger("trainer.task")  # not __name__, which the command has another one for

PROGRAM = "python -m trainer.task"
INTERRUPTED = 130
GOES_ON = "The same command goes on from the last checkpoint."
DEFAULTS = {"schema_file": "data/schema.toml", "job_dir": ""}
FOLDERS = {
    "model_dir": "AIP_MODEL_DIR",
    "checkpoint_dir": "AIP_CHECKPOINT_DIR",
    "tensorboard_dir": "AIP_TENSORBOARD_LOG_DIR",
}
_NOTHING: Mapping[str, str] = MappingProxyType({})


def build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The flags.

    Args:
        environment: Where Vertex AI's variables, if set, give the defaults of the folders.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s --train-files FILE ... --eval-files FILE ... --job-dir FOLDER [--FLAG VALUE ...]",
        description="Train the DNN classifier on CSV files and export a SavedModel.",
        allow_abbrev=False,
    )
    defaults = DEFAULTS | {name: environment.get(variable) for name, variable in FOLDERS.items()}
    for name, field in TrainingConfig.model_fields.items():
        default = defaults.get(name, None if field.is_required() else field.default)
        about: dict[str, Any] = {"dest": name, "default": default, "help": field.description}
        if name in FOLDERS:
            about["help"] += f" ${FOLDERS[name]} sets it too."
        elif default not in (None, ""):
            about["help"] += f" Default: {default}."
        if name.endswith("_files"):
            about |= {"nargs": "+", "required": field.is_required(), "metavar": "FILE"}
        elif isinstance(default, bool):
            about["action"] = argparse.BooleanOptionalAction
        elif number_kind(name):
            about["type"] = _told_as(whole_number if number_kind(name) is int else real_number)
        if name in Hyperparameters.model_fields:
            about["default"] = argparse.SUPPRESS  # what is not given may stand in the data contract
        parser.add_argument(flag(name), **about)
    levels = ["DEBUG", "INFO", "WARNING", "ERROR"]
    parser.add_argument("--verbosity", default="INFO", choices=levels, help="What is logged. Default: INFO.")
    parser.add_argument("--debug", action="store_true", help="Show the traceback of an error.")
    return parser


def _told_as(read: Callable[[str], int | float]) -> Callable[[str], int | float]:
    """Reads a value for argparse, which shows the sentence of no other error than its own."""

    def told(text: str) -> int | float:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return told


def spelled(words: Sequence[str]) -> list[str]:
    """Words of a command line with `--train_steps`, which tuning jobs and the tutorial write, as `--train-steps`."""
    parts = [word.partition("=") if word.startswith("--") else ("", "", word) for word in words]
    return [name.replace("_", "-") + equals + value for name, equals, value in parts]


def config_from(arguments: argparse.Namespace, environment: Mapping[str, str] = _NOTHING) -> TrainingConfig:
    """The configuration that the flags spell; where they are silent, the `[training]` of the data contract speaks.

    Args:
        arguments: The flags.
        environment: Where Vertex AI's variables tell a trial and its folders. What a flag names is one folder for all
            trials of a job: each has one of its own below it.

    Raises:
        UsageError: A value makes no sense, or there is no folder to write to.
        ContractError: The data contract cannot be read.
    """
    from trainer.contract import load_contract

    given = vars(arguments)
    values: dict[str, Any] = {name: given[name] for name in TrainingConfig.model_fields if name in given}
    if not values["job_dir"] and not all(values[name] for name in FOLDERS):
        raise UsageError(
            "`--job-dir` is missing, and not all of " + ", ".join(FOLDERS.values()) + " are set. "
            "Give a folder, such as --job-dir jobs/iris."
        )
    values |= {name: tuple(values[name]) for name in ("train_files", "eval_files")}
    values |= _folders_of_trial(values, environment)
    contract = load_contract(build_config(**values).schema_file)
    return build_config(**(contract.training.settings | values))


def _folders_of_trial(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """The folders that the flags name, a folder for each trial in them; none where there is no trial."""
    trial = environment.get(TRIAL_VARIABLE)
    named = {name: values[name] for name in ("job_dir", *FOLDERS) if values[name]}
    own = {name: folder for name, folder in named.items() if folder != environment.get(FOLDERS.get(name, ""))}
    return {name: f"{folder.rstrip('/')}/{trial}" for name, folder in own.items() if trial}


def run(config: TrainingConfig) -> tuple[TrainedModel, str]:
    """Trains and exports; returns the model and where its SavedModel is.

    As one of several replicas that TF_CONFIG names, it learns together with the others. The primary alone writes;
    to the others, the place is empty. So it is where nothing but metrics is asked for. Where the environment asks for
    them, as it does of a trial, each evaluation is told by a file.

    Raises:
        ProjectError: A file, flag or table is at fault; nothing half-written is left.
    """
    from trainer.contract import load_contract
    from trainer.training.devices import is_required, tell_devices
    from trainer.training.reducer import joined
    from trainer.training.replicas import read_cluster
    from trainer.training.train import train

    cluster = read_cluster(os.environ)
    cluster.require_divides(config.train_batch_size)
    tell_devices(config.require_accelerator or is_required(os.environ))
    if cluster.rank == 0:
        _require_folders(config)
    contract = load_contract(config.schema_file)
    if config.embedding_size:
        contract = contract.embedded_by(config.embedding_size)
    _tell_differences(config, contract)
    with joined(cluster) as reducer:
        trained = train(config, contract, reducer, metric_file_of(os.environ) if cluster.rank == 0 else None)
        if not reducer.is_primary:
            log.info("learned %d steps; the primary, %s, exports the model", trained.steps, cluster.members[0])
            return trained, ""
        url = "" if config.metrics_only else _export(trained, config)
    log.info(
        "accuracy %.4f, loss %.4f after %d steps",
        trained.metrics["accuracy"],
        trained.metrics["loss"],
        trained.steps,
    )
    return trained, url


def _require_folders(config: TrainingConfig) -> None:
    from trainer import storage

    left = () if config.metrics_only else (config.checkpoints, config.model_dir or config.job_dir)
    for folder in (*left, config.logs):
        storage.require_writable(folder)


def _export(trained: TrainedModel, config: TrainingConfig) -> str:
    """Exports a model; returns where."""
    from trainer.model.export import export_model, timestamped

    url = config.model_dir or timestamped(config.job_dir, trained.contract, datetime.datetime.now(datetime.UTC))
    export_model(trained, url.rstrip("/"), config.export_format)
    return url


def _tell_differences(config: TrainingConfig, contract: Contract) -> None:
    for name, value in contract.training.settings.items():
        told = getattr(config, name)
        if told != value:
            log.info("The data contract asks for %s = %s; this training was told %s.", name, value, told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command: parses flags, trains, exports, prints where the model is; returns the exit code."""
    arguments = build_parser(os.environ).parse_args(spelled(sys.argv[1:] if argv is None else argv))
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("trainer").setLevel(arguments.verbosity)

    def command() -> None:
        config = config_from(arguments, os.environ)
        _import_tensorflow_quietly()
        _, url = run(config)
        if url:
            print(url)

    try:
        return exit_code_of(command, PROGRAM, debug=arguments.debug)
    except KeyboardInterrupt:
        print("Stopped." if arguments.metrics_only else f"Stopped. {GOES_ON}", file=sys.stderr)
        return INTERRUPTED


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
    search_seldom()
    # What a scheduler or `docker stop` sends does what Ctrl-C does, also in process 1 of a container, which a signal
    # without a handler does not reach.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

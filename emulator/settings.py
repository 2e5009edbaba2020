"""How the emulator was started: the command line's options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.api.guard import is_loopback
from emulator.api.names import is_part


@dataclass(frozen=True)
class Settings:
    """The command line's values.

    Attributes:
        host: A loopback address.
        port: The API's port; 0 takes a free one.
        storage_port: Cloud Storage's port; 0 takes a free one.
        state_dir: Folder of everything that must survive.
        project: The project that a user's scripts should name. Requests may name any.
        location: Likewise the region.
        deployment_timeout_s: Seconds until a model server must be healthy, where its containerSpec sets none.
        predict_timeout_s: Seconds that a prediction may take.
        max_concurrent_runs: How many pipeline jobs run at once; the others wait.
        max_concurrent_tasks: How many tasks of such a job run at once; 0 has as many as there are processors.
        operation_delay_s: Seconds for which a long-running operation is shown as running at least.
        warm: Whether commands are forked from a process that has their libraries loaded, where that does as well.
        warm_idle_s: Seconds without a command after which that process lets go of them.
        seed: Of the choice among deployed models by the traffic split; None takes a new one at each start.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    storage_port: int = 8471
    state_dir: Path = Path(".local/vertex")
    project: str = "local-project"
    location: str = "us-central1"
    deployment_timeout_s: float = 300.0
    predict_timeout_s: float = 60.0
    max_concurrent_runs: int = 2
    max_concurrent_tasks: int = 0
    operation_delay_s: float = 0.0
    warm: bool = True
    warm_idle_s: float = 1800.0
    seed: int | None = None


def parse_settings(arguments: Sequence[str] | None) -> Settings:
    """Reads the command line; exits with a sentence and code 2 where it makes no sense.

    Args:
        arguments: The words after the program's name; None reads those of the process.
    """
    parser = _parser(Settings())
    options = parser.parse_args(arguments)
    if not is_loopback(options.host) or ":" in options.host:
        parser.error(
            "--host must be a loopback address such as 127.0.0.1: the emulator runs commands that its callers "
            f'give. Received: "{options.host}".'
        )
    for name in ("deployment_timeout_s", "predict_timeout_s", "warm_idle_s"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} must be positive. Received: {getattr(options, name):g}.")
    for name in ("project", "location"):
        if not is_part(getattr(options, name)):
            parser.error(
                f'--{name} must be no empty text, no "." or "..", and hold neither slashes nor control characters. '
                f"Received: {getattr(options, name)!r}."
            )
    if options.max_concurrent_runs < 1:
        parser.error(f"--max-concurrent-runs must be at least 1. Received: {options.max_concurrent_runs}.")
    if options.max_concurrent_tasks < 0:
        parser.error(f"--max-concurrent-tasks must not be negative. Received: {options.max_concurrent_tasks}.")
    options.state_dir = options.state_dir.absolute()
    return Settings(**vars(options))


def _parser(default: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="A strict local stand-in of the Vertex AI REST API, with Cloud Storage beside it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for name, kind, text in (
        ("host", str, "a loopback address"),
        ("port", int, "of the API; 0 takes a free one"),
        ("storage-port", int, "of Cloud Storage; 0 takes a free one"),
        ("state-dir", Path, "folder of everything that must survive"),
        ("project", str, "told to clients, not enforced"),
        ("location", str, "told to clients, not enforced"),
        (
            "deployment-timeout-s",
            float,
            "until a model server must be healthy, if its containerSpec sets none",
        ),
        ("predict-timeout-s", float, "that a prediction may take"),
        ("max-concurrent-runs", int, "of pipeline jobs at once; the others wait"),
        ("max-concurrent-tasks", int, "of such a job at once; 0 has as many as there are processors"),
        ("operation-delay-s", float, "for which operations are shown as running at least"),
        ("warm-idle-s", float, "without a command, until libraries that are loaded for the next one go"),
        ("seed", int, "of the choice by traffic split; a new one each time, if none is given"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(default, name.replace("-", "_")), help=text)
    parser.add_argument(
        "--warm",
        action=argparse.BooleanOptionalAction,
        default=default.warm,
        help="fork commands from a process that has their libraries loaded",
    )
    return parser

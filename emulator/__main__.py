"""Starts the emulator: `python -m emulator --help`."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from emulator.guard import is_loopback
from emulator.settings import Settings
from emulator.state_folder import StateFolderTakenError, announce, owned, withdraw

WRONG_USAGE = 2
FAILED = 1
SHUTDOWN_S = 5


def settings_from(arguments: Sequence[str] | None) -> Settings:
    """Reads the command line; exits with a sentence where it makes no sense."""
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="A strict local stand-in of the Vertex AI REST API, with Cloud Storage beside it.",
    )
    add = parser.add_argument
    add("--host", default=default.host, help="a loopback address (default: %(default)s)")
    add(
        "--port", type=int, default=default.port, help="of the API; 0 takes a free one (default: %(default)s)"
    )
    add(
        "--storage-port",
        type=int,
        default=default.storage_port,
        help="of Cloud Storage (default: %(default)s)",
    )
    add("--state-dir", type=Path, default=default.state_dir, help="what must survive (default: %(default)s)")
    add("--project", default=default.project, help="told to clients, not enforced (default: %(default)s)")
    add("--location", default=default.location, help="told to clients, not enforced (default: %(default)s)")
    add(
        "--deployment-timeout-s",
        type=float,
        default=default.deployment_timeout_s,
        help=(
            "seconds until a model server must be healthy, where its containerSpec sets none (default: "
            "%(default)g)"
        ),
    )
    add(
        "--predict-timeout-s",
        type=float,
        default=default.predict_timeout_s,
        help=("seconds that a prediction may take (default: %(default)g)"),
    )
    add(
        "--operation-delay-s",
        type=float,
        default=default.operation_delay_s,
        help=("seconds for which operations are shown as running at least (default: %(default)g)"),
    )
    add(
        "--seed", type=int, default=None, help="of the choice by traffic split (default: a new one each time)"
    )
    options = parser.parse_args(arguments)
    if not is_loopback(options.host):
        parser.error(
            "--host must be a loopback address: the emulator runs commands that its callers give. "
            f'Received: "{options.host}".'
        )
    options.state_dir = options.state_dir.absolute()
    return Settings(**vars(options))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the emulator until SIGINT or SIGTERM; the exit code."""
    settings = settings_from(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with owned(settings.state_dir), _listening(settings.host, settings.port) as listener:
            serve(settings, listener, dict(os.environ))
    except (StateFolderTakenError, OSError) as error:
        print(f"The emulator cannot start: {error}", file=sys.stderr)
        return FAILED
    return 0


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    with contextlib.closing(socket.create_server((host, port), backlog=2048)) as listener:
        yield listener


def serve(settings: Settings, listener: socket.socket, environment: Mapping[str, str]) -> None:
    """Serves on an open socket until a signal ends it.

    Args:
        settings: How the emulator was started.
        listener: The API's socket.
        environment: The environment that model servers inherit.
    """
    import uvicorn

    from emulator.application import Emulator
    from emulator.storage_server import StorageServer

    storage = StorageServer(settings.state_dir / "storage", settings.host, settings.storage_port)
    storage.start()
    address = f"http://{settings.host}:{listener.getsockname()[1]}"
    running = _running(settings, address, storage.address)
    base = {**environment, "STORAGE_EMULATOR_HOST": storage.address, "VERTEX_EMULATOR_HOST": address}
    emulator = Emulator(settings, storage, base, running)
    config = uvicorn.Config(
        emulator.application(),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    try:
        announce(settings.state_dir, running)
        print(
            f"Vertex AI at {address}, Cloud Storage at {storage.address}, state in {settings.state_dir}",
            flush=True,
        )
        server = uvicorn.Server(config)
        # uvicorn's own handling ends the process by the signal, before the folder is left in order.
        server.capture_signals = lambda: _signals(server.handle_exit)  # type: ignore[method-assign]
        server.run(sockets=[listener])
    finally:
        withdraw(settings.state_dir)
        storage.stop()


@contextlib.contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    kept = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in kept.items():
            signal.signal(number, former)


def _running(settings: Settings, address: str, storage_address: str) -> dict[str, Any]:
    return {
        "address": address,
        "storageAddress": storage_address,
        "pid": os.getpid(),
        "startTime": datetime.now(UTC).isoformat(),
        "stateDir": str(settings.state_dir),
        "project": settings.project,
        "location": settings.location,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("google-cloud-aiplatform", "gcp-storage-emulator")
        },
    }


if __name__ == "__main__":
    sys.exit(main())

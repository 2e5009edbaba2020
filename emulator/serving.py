"""The running emulator: its sockets, its object store, the web server, and a clean end."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from emulator.api.start_error import StartError
from emulator.settings import Settings
from emulator.state_folder import REMEDY, announce, withdraw

# Requests under way have this long to end, once a signal asked for the end.
SHUTDOWN_S = 5
PACKAGES = ("google-cloud-aiplatform", "gcp-storage-emulator")


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """An open socket on which requests queue until the server is up.

    Raises:
        StartError: The port is taken.
    """
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise StartError(f"port {port} of {host} cannot be had: {error.strerror}. Give another --port.") from error
    with listener:
        yield listener


def serve(settings: Settings, listener: socket.socket, environment: Mapping[str, str]) -> None:
    """Serves on an open socket until a signal ends it.

    Args:
        settings: How the emulator was started.
        listener: The API's socket.
        environment: The environment that model servers inherit.

    Raises:
        StartError: Cloud Storage's port is taken, or the state folder is damaged.
    """
    # Seconds of import, after the folder and the port are known to be free.
    import uvicorn

    from emulator.application import Emulator

    with _storage(settings) as storage:
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        running = _running(settings, address, storage.address)
        base = {**environment, "STORAGE_EMULATOR_HOST": storage.address, "VERTEX_EMULATOR_HOST": address}
        config = uvicorn.Config(
            Emulator(settings, storage, base, running).application(),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
        server = uvicorn.Server(config)
        # uvicorn's own handling ends the process by the signal, before the folder is left in order.
        server.capture_signals = lambda: _signals(server.handle_exit)  # type: ignore[method-assign]
        announce(settings.state_dir, running)
        print(f"Vertex AI at {address}, Cloud Storage at {storage.address}", flush=True)
        try:
            server.run(sockets=[listener])
        finally:
            withdraw(settings.state_dir)


@contextlib.contextmanager
def _storage(settings: Settings) -> Iterator[Any]:
    from emulator.storage.server import StorageServer

    port, folder = settings.storage_port, settings.state_dir / "storage"
    try:
        storage = StorageServer(folder, settings.host, port)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise StartError(f"{folder} is damaged: {error}. {REMEDY}") from error
    except OSError as error:
        if error.filename is not None:
            raise StartError(f"{error.filename} cannot be used: {error.strerror}. {REMEDY}") from error
        raise StartError(
            f"port {port} of {settings.host} cannot be had: {error.strerror}. Give another --storage-port."
        ) from error
    storage.start()
    try:
        yield storage
    finally:
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
        "startTime": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "stateDir": str(settings.state_dir),
        "project": settings.project,
        "location": settings.location,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }

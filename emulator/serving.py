"""The running emulator: its sockets, its object store, the web server, and a clean end."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from emulator import keeper
from emulator.api.messages import import_messages_alone
from emulator.api.start_error import StartError
from emulator.interpreter import Interpreter
from emulator.settings import Settings
from emulator.state_folder import REMEDY, StateFolder
from emulator.warm.starting import warm_parent

LOG = logging.getLogger(__name__)

# Requests under way have this long to end, once a signal asked for the end.
SHUTDOWN_S = 5
# Connections on which nothing comes are closed after this time. Google's clients keep theirs, and a request on one that
# is just being closed fails.
IDLE_S = 75
# How often it is looked whether the state folder is still where it was.
LOOK_S = 1
PACKAGES = ("google-cloud-aiplatform",)


@contextlib.contextmanager
def listening(host: str, port: int, option: str = "--port") -> Iterator[socket.socket]:
    """An open socket on which requests queue until the server is up.

    Args:
        host: A loopback address.
        port: 0 takes a free one.
        option: What names another port.

    Raises:
        StartError: The port is taken.
    """
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise StartError(f"port {port} of {host} cannot be had: {error.strerror}. Give another {option}.") from error
    with listener:
        yield listener


def serve(settings: Settings, folder: StateFolder, listener: socket.socket, environment: Mapping[str, str]) -> None:
    """Serves on an open socket until a signal ends it, or its state folder is elsewhere: each path would lead astray.

    Args:
        settings: How the emulator was started.
        folder: The state folder.
        listener: The API's socket.
        environment: The environment that model servers inherit.

    Raises:
        StartError: Cloud Storage's port is taken, or what the state folder holds cannot be used.
    """
    with contextlib.ExitStack() as held:
        storage_listener = held.enter_context(listening(settings.host, settings.storage_port, "--storage-port"))
        # A second of import and more, after the folder and the ports are known to be free.
        import_messages_alone()

        import uvicorn

        from emulator.application import Emulator

        address, storage_address = (f"http://{settings.host}:{port_of(one)}" for one in (listener, storage_listener))
        interpreter = Interpreter()
        base = {**environment, "STORAGE_EMULATOR_HOST": storage_address, "VERTEX_EMULATOR_HOST": address}
        warm = held.enter_context(warm_parent(base, settings.state_dir, settings.warm_idle_s)) if settings.warm else {}
        base |= warm | {keeper.KEEPER: keeper.beginning(warm)}
        running = _running(settings, folder, interpreter, base)
        try:
            emulator = Emulator(settings, base, running, lambda: folder.lost() or interpreter.lost())
        except OSError as error:
            raise StartError(f"{error.filename} cannot be used: {error.strerror}. {REMEDY}") from error
        config = uvicorn.Config(
            emulator.application(port_of(storage_listener)),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
            timeout_notify=LOOK_S,
        )
        server = uvicorn.Server(config)

        async def look() -> None:
            if lost := folder.lost():
                LOG.error("The emulator ends. %s", lost)
                server.should_exit = True

        config.callback_notify = look
        # uvicorn's own handling ends the process by the signal, before the folder is left in order.
        server.capture_signals = lambda: _signals(server.handle_exit)  # type: ignore[method-assign]
        folder.announce(running)
        print(f"Vertex AI at {address}, Cloud Storage at {storage_address}", flush=True)
        try:
            server.run(sockets=[listener, storage_listener])
        finally:
            folder.withdraw()


def port_of(listener: socket.socket) -> int:
    """The port of a socket."""
    return int(listener.getsockname()[1])


@contextlib.contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    kept = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in kept.items():
            signal.signal(number, former)


def _running(
    settings: Settings, folder: StateFolder, interpreter: Interpreter, base: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "address": base["VERTEX_EMULATOR_HOST"],
        "storageAddress": base["STORAGE_EMULATOR_HOST"],
        "keeper": base[keeper.KEEPER],
        "pid": os.getpid(),
        "startTime": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "stateDir": str(settings.state_dir),
        "folder": folder.identity,
        "python": interpreter.prefix,
        "project": settings.project,
        "location": settings.location,
        "warm": settings.warm,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }

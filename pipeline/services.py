"""The services of this machine: the stand-in for Vertex AI and Cloud Storage, a process of its own that stays."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from components.vertex.connection import EMULATOR_VARIABLE, STORAGE_VARIABLE
from trainer.errors import ProjectError

STATE_DIR = Path(".local/vertex")
LOG_FILE = "emulator.log"

# Of a laptop that is busy otherwise. A process that ends is told at once.
_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 60.0
_ANSWER_TIMEOUT_S = 20.0
_POLL_S = 0.02
_TAIL_LINES = 10
# Even where an emulator is named, gcsfs asks Google what kind of bucket it has, unless it is told not to, and takes the
# user's own credentials before none.
_STORAGE_OPTIONS = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false", "FSSPEC_GCS_TOKEN": "anon"}


@dataclass(frozen=True)
class Services:
    """The services while they run.

    Attributes:
        api_host: URL of Vertex AI.
        storage_host: URL of Cloud Storage.
        pid: Their process.
    """

    api_host: str
    storage_host: str
    pid: int


def environment(services: Services) -> dict[str, str]:
    """The variables that point the clients of a process at the services, no proxy between."""
    beyond_proxies = [*filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY")]), "127.0.0.1"]
    return {
        EMULATOR_VARIABLE: services.api_host,
        STORAGE_VARIABLE: services.storage_host,
        "no_proxy": ",".join(beyond_proxies),
        **_STORAGE_OPTIONS,
    }


def find_running(state_dir: Path = STATE_DIR) -> Services | None:
    """The services that work in a folder, or None."""
    services = _announced(state_dir)
    return services if services is not None and _is_healthy(services) else None


def ensure_running(
    state_dir: Path = STATE_DIR,
    meanwhile: Callable[[], object] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> Services:
    """The services that work in a folder, started if there are none; they stay when this process ends.

    Args:
        state_dir: The folder.
        meanwhile: What this process does while they start.
        check: Called again and again while this waits; what it raises ends the waiting, and they go on starting.

    Raises:
        ProjectError: They do not start, or do not answer.
    """
    with _one_at_a_time(state_dir, check):
        check()
        process = None if _is_owned(state_dir) else _start(state_dir)
        meanwhile()
        return _wait_for(state_dir, process, check)


def stop(state_dir: Path = STATE_DIR) -> bool:
    """Ends the services that work in a folder, and the model servers; whether there were any.

    Raises:
        ProjectError: They do not answer.
    """
    if not _is_owned(state_dir):
        return False
    services = _wait_for(state_dir, None, lambda: None)
    os.kill(services.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _is_owned(state_dir):
        if time.monotonic() > deadline:
            os.kill(services.pid, signal.SIGKILL)
        time.sleep(_POLL_S)
    return True


def create_bucket(services: Services, project: str, bucket: str) -> None:
    """Creates a bucket, gs://NAME, in the local Cloud Storage, unless it is there."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    options = {"api_endpoint": services.storage_host}
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    client = Client(project=project, credentials=anonymous, client_options=options)
    name = bucket.removeprefix("gs://")
    if client.lookup_bucket(name) is None:
        client.create_bucket(name)


def _start(state_dir: Path) -> subprocess.Popen[bytes]:
    api, storage = _ports(state_dir)
    ports = ["--port", str(api), "--storage-port", str(storage)]
    command = [sys.executable, "-m", "emulator", "--state-dir", str(state_dir), *ports]
    with (state_dir / LOG_FILE).open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **_STORAGE_OPTIONS},
        )


def _ports(state_dir: Path) -> tuple[int, int]:
    """Those of services that were killed, where clients may be waiting for them; 0, any free one, if they are taken."""
    killed = _announced(state_dir)
    if killed is None:
        return 0, 0
    return _free_port(killed.api_host), _free_port(killed.storage_host)


def _free_port(address: str) -> int:
    port = int(address.rpartition(":")[2])
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return 0
    return port


def _wait_for(state_dir: Path, process: subprocess.Popen[bytes] | None, check: Callable[[], None]) -> Services:
    """Waits until services answer: those of a process, or those that another command has begun to start."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        check()
        has_ended = process is None or process.poll() is not None
        if has_ended and not _is_owned(state_dir):
            break
        services = find_running(state_dir)
        if services is not None:
            return services
        time.sleep(_POLL_S)
    log = state_dir / LOG_FILE
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    said = "\n".join(lines[-_TAIL_LINES:])
    raise ProjectError(
        f"The local services do not answer. Run again, or end their process if there is one. {log} ends with:\n{said}"
    )


def _announced(state_dir: Path) -> Services | None:
    """What the services in a folder say of themselves, as long as they run and, where they are killed, afterwards."""
    try:
        about = json.loads((state_dir / "emulator.json").read_text(encoding="utf-8"))
        return Services(about["address"], about["storageAddress"], about["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_healthy(services: Services) -> bool:
    """Whether they answer; another process may have their port by now."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{services.api_host}/healthz", timeout=_ANSWER_TIMEOUT_S) as answer:
            document = json.load(answer)
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("pid") == services.pid


def _is_owned(state_dir: Path) -> bool:
    """Whether a living process works in the folder: it holds a lock there, which the kernel drops however it ends."""
    try:
        with (state_dir / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _one_at_a_time(state_dir: Path, check: Callable[[], None]) -> Iterator[None]:
    """Lets a second command wait until a first one has started the services."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        with (state_dir / "starting").open("a") as lock:
            while not _is_taken(lock):
                check()
                time.sleep(_POLL_S)
            yield
    except OSError as error:
        raise ProjectError(
            f"The folder of the local services, {state_dir}, cannot be used: {error.strerror}. Make it writable."
        ) from error


def _is_taken(lock: TextIO) -> bool:
    """Takes a lock, unless another process has it; whether it is taken now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

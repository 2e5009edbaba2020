"""The services of this machine: the stand-in for Vertex AI and Cloud Storage, a process of its own that stays."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from components.vertex.connection import EMULATOR_VARIABLE, KEEPER_VARIABLE, STORAGE_VARIABLE
from pipeline import state_folder
from pipeline.state_folder import place
from trainer.errors import ProjectError

STATE_DIR = Path(".local/vertex")
LOG_FILE = "emulator.log"

# Of a laptop that is busy otherwise. A process that ends is told at once.
_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 60.0
_ANSWER_TIMEOUT_S = 20.0
_BUCKET_PATIENCE_S = 5.0
_POLL_S = 0.02
_TAIL_LINES = 10
# With less on their disk they do not start, nor can their log tell why.
_LEAST_FREE_BYTES = 2**18
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
        python: The folder of the Python that they were started with; empty if they do not tell.
        warm: Whether they were started to fork commands from a process that has their libraries loaded.
        keeper: The beginning of a command, as components.vertex.connection.KEEPER_VARIABLE has it; empty if they tell
            none.
    """

    api_host: str
    storage_host: str
    pid: int
    python: str = ""
    warm: bool = True
    keeper: str = ""


def environment(services: Services) -> dict[str, str]:
    """The variables that point the clients of a process at the services, no proxy between."""
    beyond_proxies = [*filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY")]), "127.0.0.1"]
    return {
        EMULATOR_VARIABLE: services.api_host,
        STORAGE_VARIABLE: services.storage_host,
        KEEPER_VARIABLE: services.keeper,
        "no_proxy": ",".join(beyond_proxies),
        **_STORAGE_OPTIONS,
    }


def find_running(state_dir: Path = STATE_DIR) -> Services | None:
    """The services that work in this very folder, or None, of which `why_none` tells more.

    Raises:
        ProjectError: They cannot go on: their folder was moved, or the Python that they need is another by now.
    """
    services, lost = _answering(state_dir)
    if services is not None and lost:
        raise ProjectError(
            f"The local services in {place(state_dir)}, process {services.pid}, cannot go on. {lost} "
            "Run `python -m pipeline up`, which starts them anew."
        )
    return services


def why_none(state_dir: Path = STATE_DIR) -> str:
    """Why there are no services to be found, and what to do."""
    if not state_folder.is_held(state_dir):
        return f"The local services are down: none work in {place(state_dir)}. Run `python -m pipeline up`."
    return (
        f"The local services in {place(state_dir)}, {_holder_told(state_dir)}, do not answer. Wait a moment, if "
        "they are just being started. Otherwise run `python -m pipeline down`, and then `python -m pipeline up`."
    )


def ensure_running(
    state_dir: Path = STATE_DIR,
    meanwhile: Callable[[], object] = lambda: None,
    check: Callable[[], None] = lambda: None,
    *,
    warm: bool | None = None,
) -> Services:
    """The services that work in a folder, started if there are none; they stay when this process ends.

    Args:
        state_dir: The folder.
        meanwhile: What this process does while they start.
        check: Called again and again while this waits; what it raises ends the waiting, and they go on starting.
        warm: Whether they fork commands from a process that has their libraries loaded; None takes those that are
            there as they are.

    Raises:
        ProjectError: They do not start, do not answer, or were started with another Python than this command, or
            with another way to start commands than is asked for.
        OSError: Their disk is full.
    """
    with _one_at_a_time(state_dir, check):
        check()
        _end_lost(state_dir)
        process = None if state_folder.is_held(state_dir) else _start(state_dir, warm is not False)
        meanwhile()
        services = _wait_for(state_dir, process, check, warm is not False)
    _require_same_python(state_dir, services)
    if warm not in (None, services.warm):
        there, asked = ("--warm", "--no-warm") if services.warm else ("--no-warm", "--warm")
        raise ProjectError(
            f"The local services in {place(state_dir)}, process {services.pid}, are up already, and with {there}. "
            f"Run `python -m pipeline down`, and then `python -m pipeline up {asked}`."
        )
    return services


def stop(state_dir: Path = STATE_DIR) -> bool:
    """Ends the services that work in a folder, and the model servers; whether there were any.

    Raises:
        ProjectError: They are another user's, or it cannot be told which process they are.
    """
    pid = _require_holder(state_dir)
    if pid is None:
        return False
    try:
        state_folder.signal_holder(state_dir, pid, signal.SIGTERM)
    except PermissionError as error:
        who = f"process {pid}, are another user's"
        raise ProjectError(f"The local services in {place(state_dir)}, {who}. Let that user end them.") from error
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    # Another command may start the next ones at once.
    while state_folder.is_held(state_dir) and state_folder.holder(state_dir) in (pid, None):
        if time.monotonic() > deadline:
            state_folder.signal_holder(state_dir, pid, signal.SIGKILL)
        time.sleep(_POLL_S)
    return True


def create_bucket(services: Services, project: str, bucket: str) -> None:
    """Creates a bucket, gs://NAME, in the local Cloud Storage, unless it is there.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: It cannot be made.
        google.api_core.exceptions.RetryError: Nor was there an answer that would not pass.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY

    options = {"api_endpoint": services.storage_host}
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    client = Client(project=project, credentials=anonymous, client_options=options)
    name = bucket.removeprefix("gs://")
    retry = DEFAULT_RETRY.with_timeout(_BUCKET_PATIENCE_S)
    if client.lookup_bucket(name, retry=retry) is None:
        client.create_bucket(name, retry=retry)


def _start(state_dir: Path, warm: bool) -> subprocess.Popen[bytes]:
    api, storage = _ports(state_dir)
    options = ["--port", str(api), "--storage-port", str(storage), "--warm" if warm else "--no-warm"]
    command = [sys.executable, "-m", "emulator", "--state-dir", str(state_dir), *options]
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
    """Those that they had last, which links and clients name; 0, any free one, if they are taken or there are none."""
    api, storage = state_folder.last_ports(state_dir) or (0, 0)
    return _free_port(api), _free_port(storage)


def _free_port(port: int) -> int:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return 0
    return port


def _wait_for(
    state_dir: Path, process: subprocess.Popen[bytes] | None, check: Callable[[], None], warm: bool
) -> Services:
    """Waits until services answer: those of a process, or those that another command has begun to start."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        check()
        has_ended = process is None or process.poll() is not None
        if has_ended and not state_folder.is_held(state_dir):
            if process is not None:
                break
            process = _start(state_dir, warm)  # those that were there were about to end
        services = find_running(state_dir)
        if services is not None:
            return services
        time.sleep(_POLL_S)
    if shutil.disk_usage(state_dir).free < _LEAST_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place(state_dir))
    log = state_dir / LOG_FILE
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    said = "\n".join(lines[-_TAIL_LINES:])
    if state_folder.is_held(state_dir):
        what = (
            f"do not answer: {_holder_told(state_dir)} has that folder. "
            "Run `python -m pipeline down`, and then this again."
        )
    else:
        what = "do not start. Mend what their log tells, and run this again."
    raise ProjectError(f"The local services in {place(state_dir)} {what} {place(log)} ends with:\n{said}")


def _end_lost(state_dir: Path) -> None:
    """Ends services that cannot go on, so that others are started in their place."""
    services, lost = _answering(state_dir)
    if services is not None and lost:
        print(f"The local services are started anew. {lost}", file=sys.stderr)
        stop(state_dir)


def _require_holder(state_dir: Path) -> int | None:
    """The process that has the folder. None where there is none, or where it has just ended."""
    deadline = time.monotonic() + _ANSWER_TIMEOUT_S
    while state_folder.is_held(state_dir):
        pid = state_folder.holder(state_dir)
        if pid:
            return pid
        if pid == state_folder.UNSEEN or time.monotonic() > deadline:
            raise ProjectError(
                f"The local services in {place(state_dir)} cannot be ended from here: the system does not tell "
                "which process has that folder. It may run in another container, be of an earlier state of this "
                "project, or have the folder with which this one shares its files by hard links. End it there."
            )
        time.sleep(_POLL_S)
    return None


def _holder_told(state_dir: Path) -> str:
    pid = state_folder.holder(state_dir)
    return f"process {pid}" if pid else "a process that cannot be seen from here"


def _require_same_python(state_dir: Path, services: Services) -> None:
    """Runs take the Python of the services, and its packages. A command of another one would have others in mind."""
    if services.python and os.path.realpath(services.python) != os.path.realpath(sys.prefix):
        raise ProjectError(
            f"The local services in {place(state_dir)}, process {services.pid}, were started with the Python in "
            f"{services.python}, and this command with the one in {sys.prefix}. Use the former, or run "
            "`python -m pipeline down`, and then this again."
        )


def _answering(state_dir: Path) -> tuple[Services | None, str]:
    """The services that answer for this very folder, and what they need and have lost, in a sentence."""
    about = state_folder.announced(state_dir)
    if about is None or not state_folder.is_held(state_dir):
        return None, ""
    services = Services(
        about["address"],
        about["storageAddress"],
        about["pid"],
        str(about.get("python") or ""),
        bool(about.get("warm", True)),
        str(about.get("keeper") or ""),
    )
    told = state_folder.health(services.api_host, _ANSWER_TIMEOUT_S)
    # Another process may have their port by now, and a copy of the folder what they have announced.
    if told.get("pid") != services.pid or told.get("folder") != state_folder.identity(state_dir):
        return None, ""
    return services, str(told.get("reason") or "")


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
        at = place(Path(error.filename or state_dir))
        raise ProjectError(
            f"The folder of the local services, {place(state_dir)}, cannot be used: {at}: {error.strerror}. "
            "It must be a folder that can be written to."
        ) from error


def _is_taken(lock: TextIO) -> bool:
    """Takes a lock, unless another process has it; whether it is taken now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""The processes of a run's tasks: how they are started, and how all of them are stopped."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from emulator import keeper
from emulator.runner.errors import RunnerError

# Between SIGTERM and SIGKILL of a task's processes.
GRACE_S = 2.0
_EXECUTOR_START = str(Path(__file__).with_name("executor_start.py"))
# How the shell's script in the command of a lightweight component starts kfp's executor.
_EXECUTOR = "python3 -m kfp.dsl.executor_main "
# Beyond the keeper's own grace: it then kills what is left, which takes no time to speak of.
_PATIENCE_S = GRACE_S + 3.0


class StoppedError(Exception):
    """The run is being stopped: no task may begin."""


class TaskProcesses:
    """The processes of one run. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._others: set[Callable[[], None]] = set()
        self._stopped = False

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopped

    def run(self, command: Sequence[str], log: IO[bytes], variables: Mapping[str, str]) -> int:
        """Runs a task's command to its end and returns its exit code.

        Args:
            command: A `python3` in it is found to be this very interpreter. Where a shell's script starts kfp's
                executor and does nothing else, executor_start.py does so.
            log: Where its standard output and standard error go.
            variables: Environment variables besides those of this process.

        Raises:
            StoppedError: The run is being stopped.
            RunnerError: The command cannot be started.
        """
        with self._lock:
            if self._stopped:
                raise StoppedError
            process = _start(command, log, variables)
            self._running.add(process)
        try:
            code = process.wait()
            if code < 0:
                _kill_session(process.pid)
            return code
        finally:
            with self._lock:
                self._running.discard(process)
            _close(process)

    @contextlib.contextmanager
    def stoppable(self, stop: Callable[[], None]) -> Iterator[None]:
        """Something else at work for a task while the context lasts.

        Args:
            stop: Ends it, and returns once it has ended.

        Raises:
            StoppedError: The run is being stopped.
        """
        with self._lock:
            if self._stopped:
                raise StoppedError
            self._others.add(stop)
        try:
            yield
        finally:
            with self._lock:
                self._others.discard(stop)

    def stop(self) -> None:
        """Ends every process of every task, and lets no other begin."""
        with self._lock:
            self._stopped = True
            running, others = list(self._running), list(self._others)
        for process in running:
            _close(process)
        for stop in others:
            stop()
        for process in running:
            # Without its input, the keeper goes on by itself until no process is left.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_S)


def _start(command: Sequence[str], log: IO[bytes], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # Not in the run folder: sockets below the temporary folder need a path of less than 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="task-"))
    try:
        return subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", keeper.__file__, str(GRACE_S), str(folder)),
                *with_executor_start(command),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**_environment(folder), **variables},
            start_new_session=True,
        )
    except OSError as error:
        shutil.rmtree(folder)
        if error.errno != errno.E2BIG:
            raise RunnerError(f"The task cannot be started: {error}.") from error
        longest = max(len(os.fsencode(part)) for part in command)
        raise RunnerError(
            f"The task's inputs, the metadata of its artifacts among them, make an argument of {longest} bytes, "
            "longer than this system lets a command have. Hand large values over in an artifact's file."
        ) from error


def with_executor_start(command: Sequence[str]) -> list[str]:
    """The command of a lightweight component, kfp's executor started by executor_start.py; others as they are."""
    match command:
        case ["sh", option, script, *arguments]:
            start = f"python3 {shlex.quote(_EXECUTOR_START)} kfp.dsl.executor_main "
            return ["sh", option, script.replace(_EXECUTOR, start, 1), *arguments]
    return list(command)


def _kill_session(leader: int) -> None:
    """Kills what a keeper has left that was itself killed. Linux tells what belongs to it.

    The keeper's other half does so, too; here the end is waited for.
    """
    reached = [True]
    while any(reached):
        reached = [_kill(pid) for pid in _session(leader)]
        time.sleep(0.01)


def _session(leader: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session = path.read_bytes().rpartition(b")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state not in b"ZX":
            yield int(path.parent.name)


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _environment(folder: Path) -> dict[str, str]:
    """The environment of a task: this process's own, with this interpreter as `python3`.

    A task finds the modules that this process finds: it inherits PYTHONPATH and the current directory, which
    `python3 -m` searches, as the command of every lightweight component starts.
    """
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(_python_folder(folder)), os.environ.get("PATH", os.defpath)]),
        "TMPDIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }


def _python_folder(scratch: Path) -> Path:
    """A folder where `python3` is this interpreter: its own, otherwise one below `scratch`."""
    own = Path(sys.executable).parent
    try:
        if os.pathsep not in str(own) and (own / "python3").samefile(sys.executable):
            return own
    except FileNotFoundError:
        pass
    shim = scratch / "bin" / "python3"
    shim.parent.mkdir()
    # A link would hide from the interpreter the virtual environment that it belongs to.
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    return shim.parent

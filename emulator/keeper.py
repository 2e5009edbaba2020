"""Starts a command and lives as long as it, or until standard input ends; nothing of the command is left then.

    python -I -S keeper.py GRACE_S FOLDER COMMAND [ARGUMENT ...]

Whoever starts it holds the other end of standard input. However that process dies, the pipe closes, and all processes
of the command are told to end (SIGTERM) and after GRACE_S seconds are killed. Those that are left when the command
itself ends are killed at once. FOLDER, unless it is empty, is the command's temporary folder, removed at the end. The
exit code is the command's, or 128 plus the number of the signal that ended it.

The keeper is two processes, an outer and an inner one. Each notices the other one's death and kills all that the
command has started. On Linux that is every descendant, also one that has left the process group or the session: orphans
become children of the keeper. Elsewhere it is the command's process group.

Where the variable VERTEX_EMULATOR_WARM names a socket, a process is asked there for a fork that has libraries loaded
(warm/) and becomes the command under a keeper of its own; this one then tells what it hears from either side. Where
that process refuses, or is not there, all goes on as without it.

Each command has a variable VERTEX_EMULATOR_KEEPER, the beginning of a line that keeps what the command itself starts.

It is run as a file, outside the package, and imports little: each model server and each task has one.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

EXIT_NOT_FOUND = 127
# Names the socket of the process that forks.
WARM = "VERTEX_EMULATOR_WARM"
# Words of a shell, behind which a command is kept.
KEEPER = "VERTEX_EMULATOR_KEEPER"
ACCEPTED, REFUSED = b"Y", b"N"
_POLITELY = b"."
# A library that is being loaded is waited for.
_ANSWER_S = 60.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"
_LOOK_S = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Runs the command and returns the exit code."""
    grace_s, folder, *command = arguments
    _outlast_signals()
    address = os.environ.pop(WARM, "")
    if address and (code := _of_a_fork(address, float(grace_s), folder, command)) is not None:
        return code
    started: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        parent = os.getpid()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                process_group=0,
                preexec_fn=(lambda: _die_with(parent)) if _IS_LINUX else None,  # noqa: PLW1509 - there are no threads
            )
        except OSError as error:
            print(f"{command[0]} cannot be started: {error.strerror}.", file=sys.stderr, flush=True)
            raise SystemExit(EXIT_NOT_FOUND) from None
        # It is waited for by its number; an object that goes would wait for it, too.
        started.append(process)
        return process.pid

    return _keep(start, float(grace_s), folder, is_asked=False)


def beginning(variables: Mapping[str, str]) -> str:
    """The value of VERTEX_EMULATOR_KEEPER: what is kept is killed at once when its keeper's standard input ends.

    Args:
        variables: That which names the socket of the process that forks; empty where there is none.
    """
    import shlex

    named = [f"{name}={value}" for name, value in variables.items()]
    return shlex.join(["env", *named, sys.executable, "-I", "-S", os.path.abspath(__file__), "0", ""])


def _outlast_signals() -> None:
    for number in _SIGNALS:
        # A handler, and not SIG_IGN, which the command would inherit.
        signal.signal(number, lambda *_: None)


def limits() -> list[tuple[int, int]]:
    """The soft and the hard limit of each resource of this process, in the order of their numbers."""
    import resource

    numbers = sorted(value for name, value in vars(resource).items() if name.startswith("RLIMIT_"))
    return [resource.getrlimit(number) for number in numbers]


def keep_fork(program: Callable[[], None], grace_s: float, folder: str) -> int:
    """Keeps a fork of this process; standard input is the connection to the keeper that has asked for it.

    Args:
        program: What the fork does; it raises SystemExit at the end, which is raised from here in that process.
        grace_s: Seconds between SIGTERM and SIGKILL.
        folder: The temporary folder; empty for none.

    Returns:
        The exit code.
    """
    _outlast_signals()

    def start() -> int:
        parent = os.getpid()
        if (pid := os.fork()) == 0:
            os.setpgid(0, 0)
            _die_with(parent)
            program()
        return pid

    return _keep(start, grace_s, folder, is_asked=True)


def _of_a_fork(address: str, grace_s: float, folder: str, command: list[str]) -> int | None:
    """Has the process at a socket run the command; its exit code, or none where that refuses or is not there."""
    import json
    import socket
    import struct

    umask = os.umask(0)
    os.umask(umask)
    request = {
        "words": command,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": umask,
        "grace_s": grace_s,
        "scratch": folder,
        "limits": limits(),
    }
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [struct.pack("!Q", len(text))], [1, 2])
            connection.sendall(text)
        except OSError:
            return None
        listened: list[int | socket.socket] = [0, connection]
        if select.select(listened, [], [], _ANSWER_S)[0] == [0]:
            return 128 + signal.SIGTERM
        connection.settimeout(0.0)
        with contextlib.suppress(OSError):
            if connection.recv(len(ACCEPTED)) == ACCEPTED:
                connection.settimeout(None)
                return _relay(connection)
    return None


def _relay(connection: socket.socket) -> int:
    """Tells who keeps the fork when standard input ends; the exit code that it tells at the end."""
    told = b""
    listened: list[int | socket.socket] = [0, connection]
    while True:
        readable = select.select(listened, [], [])[0]
        if 0 in readable and not os.read(0, 1024):
            listened.remove(0)
            with contextlib.suppress(OSError):
                connection.sendall(_POLITELY)
        if connection in readable:
            part = b""
            with contextlib.suppress(OSError):
                part = connection.recv(64)
            if not part:
                return int(told or 128 + signal.SIGKILL)
            told += part


def _keep(start: Callable[[], int], grace_s: float, folder: str, *, is_asked: bool) -> int:
    """Starts a command and keeps it, by an outer and an inner process.

    Args:
        start: Starts it, as the leader of a process group, and returns its number.
        grace_s: Seconds between SIGTERM and SIGKILL.
        folder: The temporary folder; empty for none.
        is_asked: Whether a byte of standard input asks for the end; its end, then, for that at once.

    Returns:
        The exit code.
    """
    _adopt_orphans()
    # The inner process reads the end of `life` when the outer one has died, and tells it the command's process group.
    life, held = os.pipe()
    told, tell = os.pipe()
    inner = os.fork()
    if inner == 0:
        os.close(held)
        os.close(told)
        # A signal to the outer process's group must not reach it.
        os.setpgid(0, 0)
        _adopt_orphans()
        code = _Command(start, grace_s, life, is_asked=is_asked).keep(tell)
        _remove(folder)
        os._exit(code)
    os.close(life)
    os.close(tell)
    code = _outlive(inner, told)
    _remove(folder)
    return code


def _remove(folder: str) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _outlive(inner: int, told: int) -> int:
    """The outer process: waits for the end of the inner one, and clears up after it where it was killed."""
    pid = status = 0
    while pid != inner:
        pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    group = int(os.read(told, 32) or 0)
    while (group or _IS_LINUX) and _signal_all(group, signal.SIGKILL):
        list(_buried())
        time.sleep(_LOOK_S)
    list(_buried())
    return 128 - code


class _Command:
    """The inner process: starts the command, and ends it.

    Args:
        start: Starts it and returns its number.
        grace_s: Seconds between SIGTERM and SIGKILL.
        life: What can be read once the outer process has died.
        is_asked: Whether a byte of standard input asks for the end; its end, then, for that at once.
    """

    def __init__(self, start: Callable[[], int], grace_s: float, life: int, *, is_asked: bool) -> None:
        self._start = start
        self._grace_s = grace_s
        self._life = life
        self._is_asked = is_asked
        self._pid = 0
        self._code: int | None = None

    def keep(self, tell: int) -> int:
        """Runs the command to its end.

        Args:
            tell: Where its process group's number is written.
        """
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._pid = self._start()
        os.write(tell, str(self._pid).encode())
        while self._code is None:
            readable, _, _ = select.select([0, self._life, wake], [], [])
            if wake in readable:
                os.read(wake, 512)
            if self._life in readable:
                self._end(0.0)
            elif 0 in readable and bool(os.read(0, 1024)) == self._is_asked:
                self._end(self._grace_s)
            elif 0 in readable and self._is_asked:
                self._end(0.0)
            self._bury()
        self._end(0.0)
        return self._code if self._code >= 0 else 128 - self._code

    def _end(self, grace_s: float) -> None:
        """Ends all processes of the command, politely at first."""
        group = self._pid
        deadline = time.monotonic() + grace_s
        if grace_s and _signal_all(group, signal.SIGTERM):
            # As in a container, what is left once the command itself has ended is not waited for.
            while self._code is None and time.monotonic() < deadline:
                if select.select([self._life], [], [], _LOOK_S)[0]:
                    break
                self._bury()
        while _signal_all(group, signal.SIGKILL):
            self._bury()
            time.sleep(_LOOK_S / 2)
        self._bury()

    def _bury(self) -> None:
        """Takes the exit codes of the command and of adopted processes; in a container perhaps no one else would."""
        for pid, status in _buried():
            if pid == self._pid:
                self._code = os.waitstatus_to_exitcode(status)


def _buried() -> Iterator[tuple[int, int]]:
    """Takes the exit codes of children that have ended, adopted ones among them: until then their numbers are there."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _adopt_orphans() -> None:
    """Makes this process the parent of descendants whose own parent ends, so that they are found."""
    if _IS_LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _die_with(parent: int) -> None:
    """Has the system kill this process once its parent is dead, should both processes of the keeper be killed."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _signal_all(group: int, number: int) -> bool:
    """Sends a signal to every process of the command that still runs; 0 sends none. Whether there was any."""
    if not _IS_LINUX:
        return _signal(-group, number)
    reached = [_signal(pid, number) for pid in _descendants()]
    return any(reached)


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name, in brackets, may hold anything; state and parent follow it.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state not in b"ZX":
            children.setdefault(int(parent), []).append(int(name))
    found = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

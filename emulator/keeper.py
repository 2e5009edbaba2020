"""Starts a command and lives as long as it, or until standard input ends; nothing of the command is left then.

    python -I -S keeper.py GRACE_S FOLDER COMMAND [ARGUMENT ...]

Whoever starts it holds the other end of standard input. However that process dies, the pipe closes, and all processes
of the command are told to end (SIGTERM) and after GRACE_S seconds are killed. Those that are left when the command
itself ends are killed at once. FOLDER, unless it is empty, is the command's temporary folder, removed at the end. The
exit code is the command's, or 128 plus the number of the signal that ended it.

The keeper is two processes, an outer and an inner one. Each notices the other one's death and kills all that the
command has started. On Linux that is every descendant, also one that has left the process group or the session: orphans
become children of the keeper. Elsewhere it is the command's process group.

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
from collections.abc import Iterator

EXIT_NOT_FOUND = 127
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"
_LOOK_S = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Runs the command and returns the exit code."""
    grace_s, folder, *command = arguments
    for number in _SIGNALS:
        # A handler, and not SIG_IGN, which the command would inherit.
        signal.signal(number, lambda *_: None)
    _adopt_orphans()
    # The inner process reads the end of `life` when the outer one has died, and tells it the command's process group.
    life, held = os.pipe()
    told, tell = os.pipe()
    inner = os.fork()
    try:
        if inner == 0:
            os.close(held)
            os.close(told)
            # A signal to the outer process's group must not reach it.
            os.setpgid(0, 0)
            _adopt_orphans()
            return _Command(command, float(grace_s), life).keep(tell)
        os.close(life)
        os.close(tell)
        return _outlive(inner, told)
    finally:
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
        words: The command and its arguments.
        grace_s: Seconds between SIGTERM and SIGKILL.
        life: What can be read once the outer process has died.
    """

    def __init__(self, words: list[str], grace_s: float, life: int) -> None:
        self._words = words
        self._grace_s = grace_s
        self._life = life
        self._process: subprocess.Popen[bytes]

    def keep(self, tell: int) -> int:
        """Runs the command to its end.

        Args:
            tell: Where its process group's number is written.
        """
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        parent = os.getpid()
        try:
            self._process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                process_group=0,
                preexec_fn=(lambda: _die_with(parent)) if _IS_LINUX else None,  # noqa: PLW1509 - there are no threads
            )
        except OSError as error:
            print(f"{self._words[0]} cannot be started: {error.strerror}.", file=sys.stderr, flush=True)
            return EXIT_NOT_FOUND
        os.write(tell, str(self._process.pid).encode())
        while self._process.returncode is None:
            readable, _, _ = select.select([0, self._life, wake], [], [])
            if wake in readable:
                os.read(wake, 512)
            if self._life in readable:
                self._end(0.0)
            elif 0 in readable and not os.read(0, 1024):
                self._end(self._grace_s)
            self._bury()
        self._end(0.0)
        code: int = self._process.returncode
        return code if code >= 0 else 128 - code

    def _end(self, grace_s: float) -> None:
        """Ends all processes of the command, politely at first."""
        group = self._process.pid
        deadline = time.monotonic() + grace_s
        if grace_s and _signal_all(group, signal.SIGTERM):
            # As in a container, what is left once the command itself has ended is not waited for.
            while self._process.returncode is None and time.monotonic() < deadline:
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
            if pid == self._process.pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)


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

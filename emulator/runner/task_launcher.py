"""Runs one task's command and lets no process of it outlive the command, or the runner.

    python -I -S task_launcher.py FOLDER COMMAND [ARGUMENT ...]

FOLDER is the command's temporary folder, removed at the end. Standard input is a pipe that the runner holds:
once it ends, because the runner wants the task stopped or was itself killed, the command's processes are told
to end (SIGTERM) and after `GRACE_S` are killed. The exit code is the command's, or 128 plus the number of the
signal that ended it.

On Linux all descendants are found, also those that left the command's process group; elsewhere the group.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE_S = 2.0
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"


def main(arguments: list[str]) -> int:
    """Runs the command and returns the exit code."""
    folder, *command = arguments
    _adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A handler, and not SIG_IGN, which the command would inherit.
        signal.signal(number, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
        stop_asked = threading.Event()
        watch = threading.Thread(target=_end_with_input, args=(child, stop_asked), daemon=True)
        watch.start()
        code = child.wait()
        if stop_asked.is_set():
            watch.join()
        _end(child, grace_s=0.0)
        _bury()
    except OSError as error:
        print(f"The task cannot be started: {error}.", flush=True)
        return 127
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _adopt_orphans() -> None:
    """Makes this process the parent of descendants whose own parent ends, so that they are found."""
    if _IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_with_input(child: subprocess.Popen[bytes], stop_asked: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    stop_asked.set()
    _end(child, GRACE_S)


def _end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    deadline = time.monotonic() + grace_s
    if grace_s and _signal_all(child, signal.SIGTERM):
        while time.monotonic() < deadline and _signal_all(child, 0):
            time.sleep(0.02)
    while _signal_all(child, signal.SIGKILL):
        time.sleep(0.01)


def _bury() -> None:
    """Takes the exit codes of adopted processes; in a container perhaps no one else would."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _signal_all(child: subprocess.Popen[bytes], number: int) -> bool:
    """Sends a signal to every process of the command that still runs; 0 sends none. Whether there was any."""
    if not _IS_LINUX:
        return _signal(-child.pid, number)
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
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name, in brackets, may hold anything; state and parent follow it.
                state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            except OSError:
                continue
            if state not in b"ZX":
                children.setdefault(int(parent), []).append(int(entry.name))
    found = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Starts a command and lives as long as it, or until standard input ends.

    python keeper.py STOP_AFTER_S COMMAND...

The emulator holds the other end of standard input. However it dies, the pipe closes, and the keeper ends its
process group: no model server outlives the emulator. It is run as a file, outside the package, and imports
little: each model server has one.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

EXIT_NOT_FOUND = 127


def keep(stop_after_s: float, command: list[str]) -> int:
    """Runs `command` in this process's group until it ends or standard input does.

    Args:
        stop_after_s: Seconds between the polite end, SIGTERM, and SIGKILL.
        command: The command and its arguments.

    Returns:
        The command's exit code, negative for a signal.
    """
    # Handlers, not SIG_IGN, which the command would inherit.
    signal.signal(signal.SIGTERM, _stay)
    signal.signal(signal.SIGINT, _stay)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return EXIT_NOT_FOUND
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    signal.signal(signal.SIGCHLD, _stay)
    while child.poll() is None:
        readable, _, _ = select.select([0, read_end], [], [], 5)
        if 0 in readable and not os.read(0, 1):
            _end(child, stop_after_s)
        if read_end in readable:
            os.read(read_end, 512)
    return child.returncode


def _stay(_number: int, _frame: FrameType | None) -> None:
    """Outlives a signal that is meant for the command."""


def _end(child: subprocess.Popen[bytes], stop_after_s: float) -> None:
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + stop_after_s
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    # The whole group, the keeper included: a server's own children end here.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    code = keep(float(sys.argv[1]), sys.argv[2:])
    # What the command may have left behind in its group. The keeper itself stays for its exit code.
    os.killpg(0, signal.SIGTERM)
    sys.exit(code if code >= 0 else 128 - code)

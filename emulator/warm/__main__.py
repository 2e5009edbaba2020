"""The process that forks: loads what commands have needed, and answers keepers that ask for a command.

    python -m emulator.warm LISTENER RECORD IDLE_S [LIBRARY ...]

LISTENER is the number of an open socket on which keepers ask, RECORD the file that keeps what was needed; `recent` in
the place of LIBRARY... stands for what was needed of late. It ends with standard input. After IDLE_S seconds without a
request it begins anew with nothing loaded; where installed packages have changed, with the same libraries. What it
cannot do as well as a fresh process, it refuses.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import shutil
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from emulator import keeper
from emulator.garbage import THRESHOLDS
from emulator.warm import child
from emulator.warm.libraries import Libraries, threads
from emulator.warm.program import Program
from emulator.warm.request import Request, UnsuitedError, receive

LOG = logging.getLogger("warm")
RECENT = "recent"
_LOOK_S = 1.0


class Asked(NamedTuple):
    """A keeper's question that a fork is to answer."""

    connection: socket.socket
    request: Request
    program: Program


class WarmParent:
    """What is loaded, and who asks. There is no thread in its process, so that a fork loses none.

    Args:
        listener: Where keepers ask.
        libraries: What is loaded.
        idle_s: Seconds without a question after which all libraries go.
        first: What is loaded before anyone asks.
    """

    def __init__(self, listener: socket.socket, libraries: Libraries, idle_s: float, first: Sequence[str]) -> None:
        self.listener = listener
        self.libraries = libraries
        self._idle_s = idle_s
        self._waiting = deque(first)
        self._asked = time.monotonic()
        self._reports, self.report = os.pipe()
        self._names = b""
        # Libraries add to it as they are loaded.
        self.environment = dict(os.environ)

    def added(self) -> dict[str, str]:
        """The variables that libraries have added to the environment as they were loaded."""
        return {name: value for name, value in os.environ.items() if name not in self.environment}

    def next_asked(self) -> Asked | None:
        """Waits for the next question, and loads what is to be loaded meanwhile; none once standard input ends."""
        while True:
            heard: list[int | socket.socket] = [0, self.listener, self._reports]
            readable = select.select(heard, [], [], 0 if self._waiting else _LOOK_S)[0]
            if 0 in readable and not os.read(0, 1):
                return None
            if self._reports in readable:
                self._hear()
            if self.listener in readable:
                if (asked := self._answer()) is not None:
                    return asked
            elif self._waiting:
                self._load(self._waiting.popleft())
            elif self.libraries.loaded and time.monotonic() - self._asked > self._idle_s:
                LOG.info("no one asks: all libraries go")
                self._begin_anew([])
            _bury()

    def _hear(self) -> None:
        self._names += os.read(self._reports, 1 << 16)
        *names, self._names = self._names.split(b"\n")
        needed = self.libraries.note(name.decode() for name in names)
        self._waiting.extend(name for name in needed if name not in self._waiting)

    def _load(self, name: str) -> None:
        began, count = time.perf_counter(), len(sys.modules)
        self.libraries.load(name)
        if len(sys.modules) > count:
            LOG.info("%s: loaded in %.2f s", name, time.perf_counter() - began)
            if others := threads():
                LOG.warning("%s has started threads that a fork would lose: %s", name, ", ".join(others))
                self.libraries.shun(name)
                self._begin_anew([*(known for known in self.libraries.loaded if known != name), *self._waiting])
        if not self._waiting:
            self.libraries.settle()
            gc.collect()
            gc.freeze()

    def _answer(self) -> Asked | None:
        self._asked = time.monotonic()
        if self.libraries.have_changed():
            LOG.info("installed packages have changed: all is loaded anew")
            self._begin_anew([*self.libraries.loaded, *self._waiting])
        connection = self.listener.accept()[0]
        try:
            request = receive(connection)
        except OSError:
            connection.close()
            return None
        try:
            program = request.program(self.environment, self.libraries.top_names(), self.added())
        except UnsuitedError as reason:
            LOG.info("%s: refused, since %s", " ".join(request.words[:3])[:200], reason)
            with contextlib.suppress(OSError):
                connection.sendall(keeper.REFUSED)
            request.close()
            connection.close()
            return None
        LOG.info("%s: forked", program.module or " ".join([program.file, *program.arguments[:1]]))
        return Asked(connection, request, program)

    def _begin_anew(self, first: Sequence[str]) -> None:
        # Who waits at the socket is answered by what follows.
        known = [str(self.listener.fileno()), str(self.libraries.record), str(self._idle_s)]
        command = [sys.executable, "-m", "emulator.warm", *known, *first]
        os.execve(sys.executable, command, self.environment)  # noqa: S606 - no shell is wanted


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(arguments: Sequence[str]) -> None:
    """Works until standard input ends; in a fork, until its program does."""
    number, record, idle_s, *first = arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    gc.set_threshold(*THRESHOLDS)
    if not sys.flags.safe_path:
        # From here on, installed packages alone are found.
        del sys.path[0]
    listener = socket.socket(fileno=int(number))
    libraries = Libraries(Path(record))
    parent = WarmParent(listener, libraries, float(idle_s), libraries.recent() if first == [RECENT] else first)
    while (asked := parent.next_asked()) is not None:
        if os.fork() == 0:
            break
        asked.request.close()
        asked.connection.close()
    else:
        # Whoever has started this process may have been killed.
        shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
        return
    # Nothing is above this on the stack that the end of a program would undo.
    connection, request, program = asked
    listener.detach()
    answer = child.settle(request, connection.detach(), parent.report)
    added = parent.added()

    def program_itself() -> None:
        os.close(answer)
        child.run(program, request, added, parent.report)

    code = keeper.keep_fork(program_itself, request.grace_s, request.scratch)
    with contextlib.suppress(OSError):
        os.write(answer, f"{code}".encode())
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])

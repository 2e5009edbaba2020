"""The Python that the emulator was started with: runs and model servers need it, and its packages, all the time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.api.errors import precondition


class Interpreter:
    """That Python.

    Attributes:
        executable: The program.
        prefix: The folder of its environment.
    """

    def __init__(self) -> None:
        self.executable = sys.executable
        self.prefix = sys.prefix
        marker = Path(self.prefix) / "pyvenv.cfg"
        self._marker = marker if marker.exists() else Path(self.executable)
        self._stamp = _stamp(self._marker)

    def lost(self) -> str:
        """What has become of it since the emulator was started, in a sentence; empty if nothing."""
        if not Path(self.executable).exists():
            return f"The Python that they were started with, {self.executable}, is not there any more."
        if _stamp(self._marker) != self._stamp:
            return f"The Python that they were started with, in {self.prefix}, was put anew since."
        return ""


@contextmanager
def interpreter_needed() -> Iterator[None]:
    """Starts a process with that Python.

    Raises:
        ApiError: FAILED_PRECONDITION, where it is not there any more.
    """
    try:
        yield
    except FileNotFoundError as error:
        if Path(sys.executable).exists():  # uvloop does not tell which file it is about
            raise
        raise precondition(
            f"The Python that the emulator was started with, {sys.executable}, is not there any more: it was moved, "
            "or its environment removed. Stop the emulator, start it again with the Python that is there now, and "
            "try again."
        ) from error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns

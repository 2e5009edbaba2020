"""The project in a folder of its own, and what is started there as a user would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.run_record import list_runs

ROOT = Path(__file__).resolve().parents[2]
ODD_NAME = "a  b* [c] d? 'e' \"f\" $HOME $x {y};&é#%20"
PATIENCE_S = 120.0


@dataclass
class Checkout:
    """The project in a folder of an odd name, and what is started there."""

    folder: Path
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def up(self) -> None:
        """Starts the local services, which are no processes of any command that follows."""
        subprocess.run([sys.executable, "-m", "pipeline", "up"], cwd=self.folder, check=True, capture_output=True)

    def down(self) -> None:
        """Stops them."""
        subprocess.run([sys.executable, "-m", "pipeline", "down"], cwd=self.folder, check=True, capture_output=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command in a session of its own, as a terminal does."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env={**os.environ, "RUN_MARKER": self.marker},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def command(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Runs a command to its end: exit code, output, errors.

        Args:
            arguments: Its arguments.
            given: Its standard input.
        """
        process = self.start(*arguments)
        out, err = process.communicate(given, timeout=PATIENCE_S)
        return process.returncode, out, err

    def processes(self) -> list[int]:
        """Processes started by a command here, and by those in turn."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"RUN_MARKER={self.marker}\0".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def wait_for_task(self, name: str) -> None:
        """Waits until a task of the newest run is at work, in a process of its own below three others."""
        for _ in patience():
            assert self.started[-1].poll() is None, self.started[-1].communicate()
            runs = list_runs(self.folder / "runs")
            tasks = runs[0].tasks if runs else ()
            is_running = any((task.name, task.state) == (name, "running") for task in tasks)
            if is_running and len(self.processes()) >= 4:
                return


def patience() -> Iterator[None]:
    """Turns of a loop that waits, until patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        yield
        time.sleep(0.01)
    pytest.fail(f"It did not happen within {PATIENCE_S} s.")


@contextmanager
def checked_out(parent: Path) -> Iterator[Checkout]:
    """The project, linked into a folder of an odd name; nothing that was started there outlives it."""
    folder = parent / ODD_NAME
    folder.mkdir()
    for room in ("trainer", "components", "pipeline", "emulator", "data"):
        # Links and not copies, so that coverage knows the files.
        (folder / room).symlink_to(ROOT / room)
    checkout = Checkout(folder)
    try:
        yield checkout
    finally:
        checkout.down()
        for pid in checkout.processes():
            os.kill(pid, signal.SIGKILL)
        for process in checkout.started:
            process.communicate()

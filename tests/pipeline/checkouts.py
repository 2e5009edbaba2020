"""The project in a folder of its own, and what is started there as a user would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.patience import patience_s, turns

ROOT = Path(__file__).resolve().parents[2]
ODD_NAME = "a  b* [c] d? 'e' \"f\" $HOME $x {y};&é#%20"

_PIPELINE = [sys.executable, "-m", "pipeline"]


@dataclass
class Checkout:
    """The project in a folder of an odd name, and what is started there."""

    folder: Path
    marker: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    at_rest: frozenset[int] = frozenset()

    def up(self) -> None:
        """Starts the local services."""
        subprocess.run([*_PIPELINE, "up"], cwd=self.folder, env=self._environment(), check=True, capture_output=True)
        self.at_rest = frozenset(self._marked())

    def down(self) -> None:
        """Stops them."""
        subprocess.run([*_PIPELINE, "down"], cwd=self.folder, check=True, capture_output=True)

    def services(self) -> dict[str, Any]:
        """What the local services tell of themselves."""
        about: dict[str, Any] = json.loads((self.folder / ".local/vertex/emulator.json").read_text())
        return about

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command in a session of its own, as a terminal does."""
        process = subprocess.Popen(
            [*_PIPELINE, *arguments],
            cwd=self.folder,
            env=self._environment(),
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
        out, err = process.communicate(given, timeout=patience_s())
        return process.returncode, out, err

    def processes(self) -> list[int]:
        """Processes started here, and by those in turn, but for those of the local services at rest.

        One of those is a runner that stands by, another one after each run. What the services are just starting has
        their own command line for a moment.
        """
        commands = {pid: _command_line(pid) for pid in self._marked() if pid not in self.at_rest}
        found = [pid for pid, words in commands.items() if words and b"emulator" not in words]
        runners = [pid for pid in found if b"emulator.runner.standby" in commands[pid]]
        return [pid for pid in found if pid not in runners[:1]]

    def runs(self) -> list[dict[str, Any]]:
        """The runs as the services tell of them, the newest first."""
        with httpx.Client(
            base_url=f"{self.services()['address']}/v1/", timeout=patience_s(), trust_env=False
        ) as client:
            jobs = (
                client.get("projects/local-project/locations/us-central1/pipelineJobs").json().get("pipelineJobs", [])
            )
            return [client.get(job["name"]).json() for job in jobs]

    def states(self, run_id: str) -> dict[str, str]:
        """The states of a run's tasks by their names."""
        (run,) = [job for job in self.runs() if job["name"].endswith(f"/{run_id}")]
        return {task["taskName"]: task["state"] for task in run["jobDetail"]["taskDetails"]}

    def wait_for_task(self, name: str) -> str:
        """Waits until a task of the newest run is at work, in a process of its own; the run's id."""
        for _ in turns():
            assert self.started[-1].poll() is None, self.started[-1].communicate()
            for job in self.runs()[:1]:
                details = job.get("jobDetail", {}).get("taskDetails", [])
                if any((task["taskName"], task["state"]) == (name, "RUNNING") for task in details):
                    return str(job["name"].rpartition("/")[2])
        raise AssertionError

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "RUN_MARKER": self.marker}

    def _marked(self) -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"RUN_MARKER={self.marker}\0".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found


def _command_line(pid: int) -> list[bytes]:
    """The words of a process; none where it has ended, or is just becoming another program."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").split()
    except OSError:
        return []


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
        for pid in checkout._marked():
            os.kill(pid, signal.SIGKILL)
        for process in checkout.started:
            process.communicate()

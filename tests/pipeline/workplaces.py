"""A folder in which the command line is used, with local services of its own."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline import services
from pipeline.cli import main
from pipeline.config import RunConfig
from tests.emulator.vertex_emulator import VertexEmulator
from tests.patience import turns

PARENT = "projects/local-project/locations/us-central1"


class Outcome(NamedTuple):
    code: int | str | None
    out: str
    err: str


class Workplace:
    """A folder with the local services in it.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state = folder / services.STATE_DIR
        state.mkdir(parents=True)
        self.emulator = VertexEmulator(state)
        self._gcsfs = _quiet_gcsfs()
        self._capture: pytest.CaptureFixture[str] | None = None

    def captured_by(self, capture: pytest.CaptureFixture[str]) -> None:
        """Names what catches the output of the commands that follow."""
        self._capture = capture

    def command(self, *arguments: str) -> Outcome:
        """Runs a command line in the folder, in this process."""
        assert self._capture is not None
        self._capture.readouterr()
        code: int | str | None
        with chdir(self.folder), self._as_it_was():
            try:
                code = main(arguments)
            except SystemExit as ended:
                code = ended.code
        return Outcome(code, *self._capture.readouterr())

    @contextmanager
    def connected(self) -> Iterator[RunConfig]:
        """The clients of this process, pointed at the services with the default configuration."""
        from pipeline.vertex.connection import connected

        config = RunConfig()
        with chdir(self.folder), self._as_it_was(), connected(config, start=True):
            yield config

    def wait_for(self, run_id: str, is_reached: Callable[[dict[str, str]], bool] | None = None) -> dict[str, str]:
        """Waits for the end of a run, or for states of its tasks; the states by the tasks' names."""
        for _ in turns():
            job = self.emulator.get(f"{PARENT}/pipelineJobs/{run_id}")
            states = {one["taskName"]: one["state"] for one in job.get("jobDetail", {}).get("taskDetails", [])}
            if is_reached(states) if is_reached else "endTime" in job:
                return states
        raise AssertionError

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """Undoes what a command does to the environment, and to the clients that remember it."""
        before = dict(os.environ)
        self._gcsfs.GCSFileSystem.clear_instance_cache()
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _quiet_gcsfs() -> Any:
    """The module gcsfs, which reads when it is loaded whether to ask Google, for minutes, about each bucket."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in services.environment(services.Services("", "", 0)).items():
            monkeypatch.setenv(name, value)
        module = importlib.import_module("gcsfs")
    assert module.GCSFileSystem.__module__ == "gcsfs.core", "gcsfs was loaded by another test, and would ask Google"
    return module

"""A folder with local services of its own, in which the command line is used on runs of a small pipeline."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from pipeline import services
from pipeline.cli import main
from tests.emulator.vertex_emulator import PATIENCE_S, ROOT, VertexEmulator, storage_client
from tests.pipeline.inspected_pipeline import compile_small

PARENT = "projects/local-project/locations/us-central1"
MANAGED = {"managed-by": "dnn-pipeline"}
BUCKET = "local-bucket"


class Outcome(NamedTuple):
    code: int | str | None
    out: str
    err: str


class LocalPlace:
    """The folder.

    Args:
        folder: An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state = folder / services.STATE_DIR
        state.mkdir(parents=True)
        self._spec = next(yaml.safe_load_all(compile_small(folder).read_text(encoding="utf-8")))
        self.emulator = VertexEmulator(state)
        self.bucket = storage_client(self.emulator).create_bucket(BUCKET)

    def submit(self, run_id: str, **parameters: Any) -> None:
        """Submits a run and returns at once."""
        runtime = {"gcsOutputDirectory": f"gs://{BUCKET}/pipeline-root", "parameterValues": parameters}
        job = {"displayName": run_id, "pipelineSpec": self._spec, "runtimeConfig": runtime, "labels": MANAGED}
        self.emulator.post(f"{PARENT}/pipelineJobs?pipelineJobId={run_id}", job)

    def wait(self, run_id: str, task: str = "") -> None:
        """Waits until a run has ended, or until a task of it is at work."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            job = self.emulator.get(f"{PARENT}/pipelineJobs/{run_id}")
            details = job.get("jobDetail", {}).get("taskDetails", [])
            at_work = {one["taskName"] for one in details if one.get("state") == "RUNNING"}
            if task in at_work if task else "endTime" in job:
                return
            assert time.monotonic() < deadline, job
            time.sleep(0.05)

    def run(self, run_id: str, **parameters: Any) -> None:
        """Submits a run and waits for its end."""
        self.submit(run_id, **parameters)
        self.wait(run_id)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the command line in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


@contextmanager
def local_place(folder: Path) -> Iterator[LocalPlace]:
    """A place whose services end with it."""
    place = LocalPlace(folder)
    try:
        yield place
    finally:
        place.emulator.close()


class Command:
    """Runs command lines in a folder, in this process.

    Args:
        folder: The folder.
        capsys: Hears what they print.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        code: int | str | None
        before = dict(os.environ)
        try:
            with chdir(self._folder):
                code = main(arguments)
        except SystemExit as ended:
            code = ended.code
        finally:
            # A command points the clients of its own process at the services.
            os.environ.clear()
            os.environ.update(before)
        return Outcome(code, *self._capsys.readouterr())

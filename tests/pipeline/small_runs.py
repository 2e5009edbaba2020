"""A workplace with runs of a small pipeline, each of a name and an outcome of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import yaml

from components.vertex.labels import MANAGED_BY
from pipeline.config import RunConfig
from pipeline.vertex.connection import connected
from tests.emulator.vertex_emulator import ROOT, storage_client
from tests.pipeline.inspected_pipeline import compile_small
from tests.pipeline.workplaces import PARENT, Workplace

BUCKET = "local-bucket"


class SmallRuns(Workplace):
    """The workplace.

    Args:
        folder: An empty one.
        compiled: Compiles the pipeline into a folder.
    """

    def __init__(self, folder: Path, compiled: Callable[[Path], Path] = compile_small) -> None:
        super().__init__(folder)
        self._spec = next(yaml.safe_load_all(compiled(folder).read_text(encoding="utf-8")))
        self.bucket = storage_client(self.emulator).create_bucket(BUCKET)

    def submit(self, run_id: str, **parameters: Any) -> None:
        """Submits a run and returns at once."""
        runtime = {"gcsOutputDirectory": f"gs://{BUCKET}/pipeline-root", "parameterValues": parameters}
        job = {"displayName": run_id, "pipelineSpec": self._spec, "runtimeConfig": runtime, "labels": MANAGED_BY}
        self.emulator.post(f"{PARENT}/pipelineJobs?pipelineJobId={run_id}", job)

    def run(self, run_id: str, **parameters: Any) -> None:
        """Submits a run and waits for its end."""
        self.submit(run_id, **parameters)
        self.wait_for(run_id)

    def wait_for_training(self, run_id: str) -> None:
        """Waits until a run is at its training."""
        self.wait_for(run_id, lambda states: states.get("train-model") == "RUNNING")

    @contextmanager
    def clients(self) -> Iterator[RunConfig]:
        """The light clients of this process, pointed at the services with the default configuration."""
        config = RunConfig()
        with chdir(self.folder), self._as_it_was(), connected(config):
            yield config

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
def small_runs(folder: Path, compiled: Callable[[Path], Path] = compile_small) -> Iterator[SmallRuns]:
    """A workplace whose services end with it."""
    place = SmallRuns(folder, compiled)
    try:
        yield place
    finally:
        place.emulator.close()

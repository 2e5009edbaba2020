"""Starts the runner as a user would: on a compiled pipeline, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.runner.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Runner:
    """The runner in a current directory, with the pipelines of pipelines.py.

    Attributes:
        folder: The current directory.
        run_id: The name of the run's folder in it.
    """

    folder: Path
    run_id: str = "run"

    def command(self, pipeline: str, parameters: Mapping[str, Any], *flags: str) -> list[str]:
        """The command that runs a pipeline into a folder of the current directory."""
        from tests.emulator.runner.pipelines import compile_pipeline

        spec = compile_pipeline(pipeline, self.folder)
        given = self.folder / "parameters.json"
        given.write_text(json.dumps(parameters), encoding="utf-8")
        files = ["--spec", spec.name, "--parameters", given.name, "--run-dir", self.run_id]
        return [sys.executable, "-m", "emulator.runner", *files, *flags]

    def run(self, pipeline: str, parameters: Mapping[str, Any], *flags: str) -> subprocess.CompletedProcess[str]:
        """Runs a pipeline to its end."""
        command = self.command(pipeline, parameters, *flags)
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    @property
    def environment(self) -> dict[str, str]:
        """That of the tests; the runner is found in the repository."""
        self.temporary.mkdir(exist_ok=True)
        return os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}

    @property
    def temporary(self) -> Path:
        """Where temporary files go."""
        return self.folder / "temporary"

    @property
    def output(self) -> RunFolder:
        """The run's folder."""
        return RunFolder(self.folder / self.run_id)

    @property
    def job(self) -> dict[str, Any]:
        """The run's state, as its file has it."""
        job: dict[str, Any] = json.loads(self.output.job.read_text(encoding="utf-8"))
        return job

    @property
    def details(self) -> dict[str, dict[str, Any]]:
        """The state of each task by its unique name; that of the run itself by an empty one."""
        return {task.get("taskUniqueName", ""): task for task in self.job["jobDetail"]["taskDetails"]}

    @property
    def states(self) -> dict[str, str]:
        """The states of the tasks by their unique names."""
        return {name: task["state"] for name, task in self.details.items() if name}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner in a folder of the test's own."""
    return Runner(tmp_path)


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The pipeline `whole`, run once in a folder whose name is as odd as names can be."""
    folder = tmp_path_factory.mktemp("runs") / 'it\'s "python3" $HOME #1: ü %d {{$}}'
    folder.mkdir()
    (folder / "here.py").write_text("NAME = 'counted here'\n", encoding="utf-8")
    runner = Runner(folder)
    done = runner.run("whole", {"first": 3.0})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return runner

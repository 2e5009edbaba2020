"""The files of a run: where they lie, how they are written, and whether their runner is alive.

RUN_ID/run.json          the run as Vertex AI's PipelineJob, written anew at every change
RUN_ID/runner.json       the runner's process; it holds a lock on this file while it is alive
RUN_ID/pipeline.yaml     what was asked: the pipeline
RUN_ID/parameters.json   and its parameters
RUN_ID/runner.log        kfp.local's own log
RUN_ID/tasks/TASK/log.txt   what each task wrote to standard output and standard error
RUN_ID/root/             the pipeline root: artifacts, at root/RUN_ID/TASK/OUTPUT
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from emulator.runner.errors import UsageError
from emulator.runner.public_uris import PublicUris
from emulator.runner.run_json import ended_by_death, is_final


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Attributes:
        path: Absolute. Its last part is the run's id.
    """

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def job(self) -> Path:
        """The run's state."""
        return self.path / "run.json"

    @property
    def runner(self) -> Path:
        """The runner's process and lock."""
        return self.path / "runner.json"

    @property
    def runner_log(self) -> Path:
        """The log of kfp.local."""
        return self.path / "runner.log"

    @property
    def pipeline(self) -> Path:
        """The pipeline, as it was given."""
        return self.path / "pipeline.yaml"

    @property
    def parameters(self) -> Path:
        """The parameters, as they were given."""
        return self.path / "parameters.json"

    @property
    def root(self) -> Path:
        """The pipeline root."""
        return self.path / "root"

    @property
    def artifacts(self) -> Path:
        """The folder of this run below the pipeline root. Its files are public below the runner's --root-uri."""
        return self.root / self.run_id

    def public_uris(self, root_uri: str) -> PublicUris:
        """What the run's artifacts are called in public.

        Args:
            root_uri: The public URI of `artifacts`. Empty where artifacts are called by their paths.
        """
        if not root_uri:
            return PublicUris({})
        parent = root_uri.rpartition("/")[0]
        named = {self.root: parent, self.artifacts: root_uri}
        # A component may have followed the links on the way to its artifacts.
        return PublicUris({str(path): uri for folder, uri in named.items() for path in (folder, folder.resolve())})

    def task_log(self, task: str) -> Path:
        """The log of the task that `job_state.task_folder` calls `task`."""
        return self.path / "tasks" / task / "log.txt"


def create(path: Path) -> RunFolder:
    """Makes the folder of a new run.

    Args:
        path: Its last part is the run's id.

    Raises:
        UsageError: It is there already and not empty, or cannot be made.
    """
    path = path.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except OSError as error:
        raise UsageError(f"The run folder {path} cannot be made: {error.strerror}.") from error
    if taken:
        raise UsageError(f"The run folder {path} is not empty. Each run needs a folder of its own.")
    return RunFolder(path)


def write_text(path: Path, text: str) -> None:
    """Writes a file such that a reader, at any moment, finds the old text or the new, whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def write_json(path: Path, value: Any) -> None:
    """As `write_text`, for a value in JSON's terms."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def claim(folder: RunFolder, facts: Mapping[str, Any]) -> TextIO:
    """Names this process as the folder's runner, for as long as the file returned stays open.

    Raises:
        FileExistsError: The folder has or had a runner.
    """
    file = folder.runner.open("x", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    json.dump(facts, file)
    file.flush()
    return file


def is_claimed(folder: RunFolder) -> bool:
    """Whether the folder's runner is alive. The system lets go of its lock however it ends."""
    try:
        with folder.runner.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_job(folder: RunFolder) -> dict[str, Any]:
    """The run as Vertex AI's PipelineJob; as failed where its runner was killed before the run had ended.

    Raises:
        FileNotFoundError: There is no run in the folder.
        OSError: It cannot be read, or holds something else: tasks can write there too.
    """
    job = _read(folder.job)
    if is_final(job) or is_claimed(folder):
        return job
    # It may have ended between the two looks.
    job = _read(folder.job)
    return job if is_final(job) else ended_by_death(job)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise OSError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("state"), str):
        raise OSError(f"{path.name} tells of no run")
    return value

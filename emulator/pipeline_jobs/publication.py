"""Copies the outputs of tasks that have ended from the runs' folders into the object store."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from emulator.api.names import parent_of
from emulator.pipeline_jobs.folders import JobFolders


class Publisher(Protocol):
    """The object store, as far as runs need it."""

    def has_bucket(self, uri: str) -> bool:
        """Whether the bucket of a URI is there."""

    def holds(self, uri: str) -> bool:
        """Whether there is an object at a URI, or below it."""

    def put(self, uri: str, path: Path) -> None:
        """Puts a file, or all files of a folder, at a URI."""


class Publication:
    """What one run has published so far.

    Args:
        folders: Where the files of runs lie.
        job_name: The run's job.
        root_uri: Where the run's artifacts are said to lie.
        publisher: The object store.
    """

    def __init__(self, folders: JobFolders, job_name: str, root_uri: str, publisher: Publisher) -> None:
        self._folders = folders
        self._job_name = job_name
        self._root_uri = root_uri
        self._publisher = publisher
        self._done: set[str] = set()

    def publish(self, run: Mapping[str, Any]) -> None:
        """Publishes what the tasks that have ended since it was last called have given.

        Args:
            run: The content of run.json.

        Raises:
            ApiError: NOT_FOUND, where the bucket is not there.
            OSError: A file cannot be copied.
        """
        for uri in _outputs(run, "SUCCEEDED"):
            if uri not in self._done and uri.startswith(f"{self._root_uri}/"):
                self._put(uri, self._job_name, uri.removeprefix(f"{self._root_uri}/"))
        for uri in _outputs(run, "SKIPPED"):
            if uri not in self._done and uri.count("/") > 4:
                self._restore(uri)

    def _restore(self, uri: str) -> None:
        """Puts back what an earlier run has published, if it is there no longer: the cache tells of it."""
        *_, job_id, task, output = uri.split("/")
        if self._publisher.has_bucket(uri) and not self._publisher.holds(uri):
            self._put(uri, f"{parent_of(self._job_name)}/pipelineJobs/{job_id}", f"{task}/{output}")
        self._done.add(uri)

    def _put(self, uri: str, job_name: str, below: str) -> None:
        path = self._folders.run(job_name).artifacts / below
        if ".." not in path.parts and path.exists():
            _require_own(path, self._folders.runs.resolve())
            self._publisher.put(uri, path)
        self._done.add(uri)


def _require_own(path: Path, home: Path) -> None:
    """Refuses to publish what no task has written, or what has no end.

    Args:
        path: An output: a file, or a folder whose files are all looked at.
        home: The folder of all runs, any of which a link may lead into. Resolved.

    Raises:
        OSError: A link leads out of that folder; or something is neither a file nor a folder.
    """
    if path.is_symlink() and path.exists() and not path.resolve().is_relative_to(home):
        raise OSError(f"{path.name} is a link that leads to {path.resolve()}. Copy what is there to the output.")
    if path.is_dir() and not path.is_symlink():
        for entry in path.iterdir():
            _require_own(entry, home)
    elif path.exists() and not (stat.S_ISREG(path.stat().st_mode) or path.is_dir()):
        raise OSError(f"{path.name} is neither a file nor a folder.")


def _outputs(run: Mapping[str, Any], state: str) -> Iterator[str]:
    for task in run.get("jobDetail", {}).get("taskDetails", ()):
        if task.get("state") == state:
            for artifacts in task.get("outputs", {}).values():
                for artifact in artifacts["artifacts"]:
                    if artifact.get("uri", "").startswith("gs://"):
                        yield artifact["uri"]

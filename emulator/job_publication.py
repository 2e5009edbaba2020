"""Copies the outputs of tasks that have ended from the run's folder into the object store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from emulator.runner.run_folder import RunFolder

# Those of a cache hit are where an earlier run has put them.
_PUBLISHED = {"SUCCEEDED"}


class Publisher(Protocol):
    """What puts files into the object store."""

    def put(self, uri: str, path: Path) -> None:
        """Puts a file, or all files of a folder, at a URI."""


class Publication:
    """What one run has published so far.

    Args:
        folder: The run's folder.
        root_uri: Where its artifacts are said to lie.
        publisher: The object store.
    """

    def __init__(self, folder: RunFolder, root_uri: str, publisher: Publisher) -> None:
        self._folder = folder
        self._root_uri = root_uri
        self._publisher = publisher
        self._done: set[str] = set()

    def publish(self, run: Mapping[str, Any]) -> None:
        """Publishes the outputs of the tasks that have succeeded since it was last called.

        Args:
            run: The content of run.json.

        Raises:
            ApiError: NOT_FOUND, where the bucket is not there.
            OSError: A file cannot be copied.
        """
        for uri in dict.fromkeys(_outputs(run)):
            if uri not in self._done:
                path = self._path(uri)
                if path is not None and path.exists():
                    self._publisher.put(uri, path)
                self._done.add(uri)

    def _path(self, uri: str) -> Path | None:
        below = uri.removeprefix(f"{self._root_uri}/")
        if below == uri or ".." in below.split("/"):
            return None
        return self._folder.artifacts / below


def _outputs(run: Mapping[str, Any]) -> Iterator[str]:
    for task in run.get("jobDetail", {}).get("taskDetails", ()):
        if task.get("state") in _PUBLISHED:
            for artifacts in task.get("outputs", {}).values():
                for artifact in artifacts["artifacts"]:
                    if artifact.get("uri"):
                        yield artifact["uri"]

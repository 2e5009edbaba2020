from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.api_errors import ApiError
from emulator.job_publication import Publication
from emulator.runner.run_folder import RunFolder

ROOT = "gs://bucket/root/run"


class Store:
    """An object store that only remembers."""

    def __init__(self) -> None:
        self.held: list[tuple[str, Path]] = []
        self.has_bucket = True

    def put(self, uri: str, path: Path) -> None:
        if not self.has_bucket:
            raise ApiError("NOT_FOUND", "no bucket")
        self.held.append((uri, path))


def task(state: str, *uris: str) -> dict[str, Any]:
    return {"state": state, "outputs": {str(n): {"artifacts": [{"uri": uri}]} for n, uri in enumerate(uris)}}


def run(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"jobDetail": {"taskDetails": list(tasks)}}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    for name in ("a/rows", "b/rows"):
        path = made.artifacts / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return made


def test_publishes_each_output_of_a_task_once_it_has_succeeded(folder: RunFolder) -> None:
    store = Store()
    publication = Publication(folder, ROOT, store)
    publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/rows"), task("RUNNING", f"{ROOT}/b/rows")))
    assert store.held == [(f"{ROOT}/a/rows", folder.artifacts / "a" / "rows")]
    publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/rows"), task("SUCCEEDED", f"{ROOT}/b/rows")))
    assert [uri for uri, _ in store.held] == [f"{ROOT}/a/rows", f"{ROOT}/b/rows"]


def test_passes_over_what_is_not_the_runs_own_file(folder: RunFolder) -> None:
    store = Store()
    elsewhere = (f"{ROOT}/a/metrics", "gs://bucket/root/other/a/rows", f"{ROOT}/../run/a/rows", "", f"{ROOT}x/a/rows")
    Publication(folder, ROOT, store).publish(
        run(task("SUCCEEDED", *elsewhere), task("SKIPPED", f"{ROOT}/a/rows"), {"state": "SUCCEEDED"})
    )
    assert store.held == []


def test_what_could_not_be_published_is_tried_again(folder: RunFolder) -> None:
    store = Store()
    store.has_bucket = False
    publication = Publication(folder, ROOT, store)
    told = run(task("SUCCEEDED", f"{ROOT}/a/rows"))
    with pytest.raises(ApiError, match="no bucket"):
        publication.publish(told)
    store.has_bucket = True
    publication.publish(told)
    assert len(store.held) == 1

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.api.errors import ApiError
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.publication import Publication

JOBS = "projects/p/locations/l/pipelineJobs"
BUCKET = "gs://bucket"
ROOT = f"{BUCKET}/root/run"


class Store:
    """An object store of one bucket that only remembers."""

    def __init__(self) -> None:
        self.held: dict[str, Path] = {}
        self.bucket = BUCKET

    def has_bucket(self, uri: str) -> bool:
        return uri.startswith(f"{self.bucket}/")

    def holds(self, uri: str) -> bool:
        return uri in self.held

    def put(self, uri: str, path: Path) -> None:
        if not self.has_bucket(uri):
            raise ApiError("NOT_FOUND", "no bucket")
        assert uri not in self.held
        self.held[uri] = path


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def folders(tmp_path: Path) -> JobFolders:
    made = JobFolders(tmp_path)
    for job_id in ("run", "earlier"):
        for task in ("a", "b"):
            path = made.run(f"{JOBS}/{job_id}").artifacts / task / "rows"
            path.parent.mkdir(parents=True)
            path.write_text("x")
    return made


@pytest.fixture
def publication(folders: JobFolders, store: Store) -> Publication:
    return Publication(folders, f"{JOBS}/run", ROOT, store)


def artifacts(folders: JobFolders, job_id: str) -> Path:
    return folders.run(f"{JOBS}/{job_id}").artifacts


def task(state: str, *uris: str) -> dict[str, Any]:
    return {"state": state, "outputs": {str(n): {"artifacts": [{"uri": uri}]} for n, uri in enumerate(uris)}}


def run(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"jobDetail": {"taskDetails": list(tasks)}}


def test_publishes_each_output_of_a_task_once_it_has_succeeded(
    publication: Publication, store: Store, folders: JobFolders
) -> None:
    publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/rows"), task("RUNNING", f"{ROOT}/b/rows")))
    assert store.held == {f"{ROOT}/a/rows": artifacts(folders, "run") / "a" / "rows"}
    publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/rows"), task("SUCCEEDED", f"{ROOT}/b/rows")))
    assert list(store.held) == [f"{ROOT}/a/rows", f"{ROOT}/b/rows"]


def test_passes_over_what_is_not_the_runs_own_file(publication: Publication, store: Store) -> None:
    elsewhere = (f"{ROOT}/a/metrics", f"{BUCKET}/root/earlier/a/rows", f"{ROOT}/../run/a/rows", "", f"{ROOT}x/a/rows")
    publication.publish(run(task("SUCCEEDED", *elsewhere), {"state": "SUCCEEDED"}))
    assert store.held == {}


def test_puts_back_what_the_cache_tells_of_and_the_bucket_lacks(
    publication: Publication, store: Store, folders: JobFolders
) -> None:
    there, gone = f"{BUCKET}/root/earlier/a/rows", f"{BUCKET}/other/earlier/b/rows"
    store.held[there] = Path("there")
    told = run(task("SKIPPED", there, gone, "gs://no-bucket/root/earlier/a/rows", "gs://short", f"{BUCKET}/x/y/z/rows"))
    publication.publish(told)
    publication.publish(told)
    assert store.held == {there: Path("there"), gone: artifacts(folders, "earlier") / "b" / "rows"}


def test_what_could_not_be_published_is_tried_again(publication: Publication, store: Store) -> None:
    store.bucket = "gs://other"
    told = run(task("SUCCEEDED", f"{ROOT}/a/rows"))
    with pytest.raises(ApiError, match="no bucket"):
        publication.publish(told)
    store.bucket = BUCKET
    publication.publish(told)
    assert len(store.held) == 1


def linked_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (linked_to("/etc/hosts"), "rows is a link that leads to /etc/hosts"),
        (linked_to("/etc"), "rows is a link that leads to /etc"),
        (linked_to("/dev/zero"), "rows is a link that leads to /dev/zero"),
        (os.mkfifo, "rows is neither a file nor a folder"),
    ],
)
@pytest.mark.parametrize("is_inside", [False, True])
def test_refuses_what_no_task_has_written_and_what_has_no_end(
    publication: Publication,
    store: Store,
    folders: JobFolders,
    make: Callable[[Path], None],
    sentence: str,
    is_inside: bool,
) -> None:
    path = artifacts(folders, "run") / "a" / ("model/rows" if is_inside else "rows")
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    make(path)
    with pytest.raises(OSError, match=sentence):
        publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/{'model' if is_inside else 'rows'}")))
    assert store.held == {}


def test_publishes_a_link_to_what_a_run_has_written(
    publication: Publication, store: Store, folders: JobFolders
) -> None:
    path = artifacts(folders, "run") / "a" / "rows"
    path.unlink()
    path.symlink_to(artifacts(folders, "earlier") / "a" / "rows")
    publication.publish(run(task("SUCCEEDED", f"{ROOT}/a/rows")))
    assert store.held == {f"{ROOT}/a/rows": path}

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem

from pipeline.interrupts import Interrupted
from pipeline.runs import staging
from pipeline.runs.staging import Staged, carry_out, place_of, plan, store_bytes
from trainer.errors import DataError
from trainer.table_files import expand

ODD_NAMES = [
    "a b.csv",
    "[ab]*?.csv",
    "ü'\"$(x)&;.csv",
    "-x.csv",
    "a::b.csv",
    "a%20b#c.csv",
    "~x.csv",
    "x.txt",
]


def stage(location: str, root: str) -> Staged:
    staged = plan(location, root)
    carry_out(staged)
    return staged


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def memory_root() -> Iterator[str]:
    yield "memory://bucket"
    filesystem = fsspec.filesystem("memory")
    if filesystem.exists("/bucket"):
        filesystem.rm("/bucket", recursive=True)


def test_one_file_is_addressed_by_its_content(tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    source.write_bytes(b"a,b\n1,2\n")
    staged = stage(str(source), str(tmp_path / "root"))
    assert staged.uri == str(tmp_path / "root" / "data" / sha256(b"a,b\n1,2\n") / "train.csv")
    assert Path(staged.uri).read_bytes() == b"a,b\n1,2\n"
    assert [(copy.source, copy.target) for copy in staged.copies] == [(source, staged.uri)]


def test_changed_byte_is_a_changed_uri(tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    uris = set()
    for data in (b"1", b"2"):
        source.write_bytes(data)
        uris.add(stage(str(source), str(tmp_path / "root")).uri)
    assert len(uris) == 2
    assert {Path(uri).read_bytes() for uri in uris} == {b"1", b"2"}


def test_file_that_is_there_is_not_copied_again(tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    source.write_bytes(b"1")
    first = Path(stage(str(source), str(tmp_path / "root")).uri)
    before = first.stat()
    stage(str(source), str(tmp_path / "root"))
    assert (first.stat().st_ino, first.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_copy_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    source.write_bytes(b"12")
    copy = Path(stage(str(source), str(tmp_path / "root")).uri)
    copy.write_bytes(b"1")
    stage(str(source), str(tmp_path / "root"))
    assert copy.read_bytes() == b"12"


def test_relative_root_gives_an_absolute_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.csv").write_bytes(b"1")
    assert Path(stage("train.csv", "runs").uri).is_relative_to(tmp_path / "runs")


def test_glob_becomes_a_folder_in_the_order_of_its_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.csv.gz"):
        (tmp_path / name).write_bytes(name.encode())
    staged = stage(str(tmp_path / "*.csv*"), str(tmp_path / "root"))
    names = ["00000-a.csv", "00001-b.csv", "00002-c.csv.gz"]
    assert [os.path.basename(path) for path in expand([staged.uri])] == names
    assert [copy.source for copy in staged.copies] == [tmp_path / name for name in ("a.csv", "b.csv", "c.csv.gz")]


def test_files_without_a_csv_name_are_found_in_the_folder(tmp_path: Path) -> None:
    for name in (".hidden", "part.txt", "part.txt.gz"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"1")
    staged = stage(str(tmp_path / "in" / "p*"), str(tmp_path / "root"))
    names = ["00000-part.txt.csv", "00001-part.txt.csv.gz"]
    assert [os.path.basename(path) for path in expand([staged.uri])] == names


def test_same_files_in_another_order_of_names_are_another_folder(tmp_path: Path) -> None:
    uris = []
    for first, second in ((b"1", b"2"), (b"2", b"1")):
        (tmp_path / "a.csv").write_bytes(first)
        (tmp_path / "b.csv").write_bytes(second)
        uris.append(stage(str(tmp_path / "*.csv"), str(tmp_path / "root")).uri)
    assert uris[0] != uris[1]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_staged_and_found_again(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "[o]dd * folder::"
    folder.mkdir()
    (folder / name).write_bytes(b"1")
    staged = stage(str(folder / name), str(folder / "root"))
    assert Path(staged.uri).name == name
    assert expand([staged.uri]) == [staged.uri]
    assert Path(staged.uri).read_bytes() == b"1"


def test_file_url_is_a_local_file(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"1")
    staged = stage(f"file://{tmp_path}/train.csv", f"file://{tmp_path}/root")
    assert staged.uri == str(tmp_path / "root" / "data" / sha256(b"1") / "train.csv")


def test_remote_url_is_passed_on(tmp_path: Path) -> None:
    staged = stage("gs://bucket/*.csv", str(tmp_path))
    assert (staged.uri, staged.content, staged.copies) == ("gs://bucket/*.csv", "gs://bucket/*.csv", ())
    assert list(tmp_path.iterdir()) == []


def test_remote_root_gets_the_file(tmp_path: Path, memory_root: str) -> None:
    (tmp_path / "train.csv").write_bytes(b"1")
    staged = stage(str(tmp_path / "train.csv"), memory_root)
    assert staged.uri == f"memory://bucket/data/{sha256(b'1')}/train.csv"
    with fsspec.open(staged.uri, "rb") as file:
        assert file.read() == b"1"
    assert stage(str(tmp_path / "train.csv"), memory_root) == staged


def test_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.csv matches no file"):
        stage(str(tmp_path / "no.csv"), str(tmp_path / "root"))


def test_root_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"1")
    (tmp_path / "root").write_bytes(b"a file")
    with pytest.raises(DataError, match=r"train\.csv cannot be copied to .*root: .*[^.]\. Check that you may write"):
        stage(str(tmp_path / "train.csv"), str(tmp_path / "root"))


def test_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.csv").write_bytes(b"1")

    def refuse(source: Path, check: Callable[[], None]) -> str:
        del check
        raise PermissionError(13, "Permission denied", str(source))

    monkeypatch.setattr(staging, "_sha256", refuse)
    with pytest.raises(DataError, match=r"train\.csv cannot be read: Permission denied\. Make it readable\.$"):
        plan(str(tmp_path / "train.csv"), "gs://bucket")


def test_file_that_changes_meanwhile_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "train.csv"
    source.write_bytes(b"1")
    read = staging._sha256

    def read_while_another_writes(path: Path, check: Callable[[], None]) -> str:
        digest = read(path, check)
        path.write_bytes(b"12")
        return digest

    monkeypatch.setattr(staging, "_sha256", read_while_another_writes)
    with pytest.raises(DataError, match=r"train\.csv changed while it was read\. Run again once it is written\."):
        stage(str(source), str(tmp_path / "root"))
    assert list((tmp_path / "root" / "data").iterdir()) == []


def test_plan_copies_nothing_and_has_the_same_content_below_each_root(tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    source.write_bytes(b"1")
    planned, elsewhere = plan(str(source), str(tmp_path / "root")), plan(str(source), "gs://bucket")
    assert planned.content == elsewhere.content == f"/data/{sha256(b'1')}/train.csv"
    assert not (tmp_path / "root").exists()
    assert stage(str(source), str(tmp_path / "root")) == planned


def test_bytes_are_kept_by_their_content(tmp_path: Path) -> None:
    place = place_of(b"1", "pipeline.yaml", str(tmp_path))
    assert place == f"{tmp_path}/pipelines/{sha256(b'1')}/pipeline.yaml"
    store_bytes(b"1", place)
    before = Path(place).stat()
    store_bytes(b"1", place)
    assert Path(place).read_bytes() == b"1"
    assert Path(place).stat().st_ino == before.st_ino


def test_bytes_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(b"a file")
    with pytest.raises(DataError, match=r"^The compiled pipeline cannot be copied to .*root/x: "):
        store_bytes(b"1", str(tmp_path / "root" / "x"))


class EndlessStore(AsyncFileSystem):  # type: ignore[misc] # fsspec publishes no types
    """An object store on a line so slow that no upload ever ends."""

    protocol = "endless"
    began = threading.Event()
    given_up = threading.Event()

    async def _exists(self, path: str, **options: Any) -> bool:
        del path, options
        assert not self.given_up.is_set(), "asked again, which may take minutes"
        return False

    async def _makedirs(self, path: str, exist_ok: bool = False) -> None:
        del path, exist_ok

    async def _put_file(self, lpath: str, rpath: str, **options: Any) -> None:
        del lpath, rpath, options
        self.began.set()
        try:
            await asyncio.sleep(24 * 3600)
        finally:
            self.given_up.set()


def test_upload_is_given_up_where_it_is_interrupted(tmp_path: Path) -> None:
    fsspec.register_implementation("endless", EndlessStore)
    (tmp_path / "train.csv").write_bytes(b"1")

    def interrupt_once_it_has_begun() -> None:
        if EndlessStore.began.is_set():
            raise Interrupted

    with pytest.raises(Interrupted):
        carry_out(plan(str(tmp_path / "train.csv"), "endless://bucket"), interrupt_once_it_has_begun)
    assert EndlessStore.given_up.wait(60)


def test_reading_of_a_large_file_is_given_up_where_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(bytes(2 * staging._BLOCK_BYTES))
    checks = 0

    def interrupt_in_the_middle() -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        plan(str(tmp_path / "train.csv"), "gs://bucket", interrupt_in_the_middle)

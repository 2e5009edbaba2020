from __future__ import annotations

import contextlib
import os
from pathlib import Path

import fsspec
import pytest

from trainer import storage
from trainer.errors import UsageError


@pytest.fixture(params=["local", "memory"])
def folder_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "a folder") if request.param == "local" else f"memory://{tmp_path}/folder"


def test_write_bytes_is_read_back_and_leaves_nothing_beside(folder_url: str) -> None:
    storage.write_bytes(f"{folder_url}/deep/file", b"one")
    storage.write_bytes(f"{folder_url}/deep/file", b"two")
    assert storage.read_bytes(f"{folder_url}/deep/file") == b"two"
    assert storage.list_files(f"{folder_url}/deep") == ["file"]


def test_require_writable_takes_a_folder_that_is_there_or_can_be_made(folder_url: str, tmp_path: Path) -> None:
    storage.require_writable(str(tmp_path))
    storage.require_writable(f"{folder_url}/not/yet")
    assert storage.list_files(folder_url) == []


def test_require_writable_refuses_a_file_and_what_would_lie_below_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        with pytest.raises(UsageError, match=rf"The folder {folder} cannot be made: {file} is a file"):
            storage.require_writable(str(folder))


def test_require_writable_goes_by_what_the_user_may(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refusal = rf"{tmp_path}/new cannot be written to: {tmp_path} admits no writing"
    nothing_is_closed_to_root = contextlib.nullcontext()
    with nothing_is_closed_to_root if os.geteuid() == 0 else pytest.raises(UsageError, match=refusal):
        storage.require_writable(f"{tmp_path}/new")


def test_require_writable_refuses_a_scheme_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match=r"foo://bucket/job cannot be written to: Protocol not known: foo. Give"):
        storage.require_writable("foo://bucket/job")


def test_list_files_of_no_folder_is_empty(folder_url: str) -> None:
    assert storage.list_files(f"{folder_url}/absent") == []


def test_remove_file_may_be_said_twice(folder_url: str) -> None:
    storage.write_bytes(f"{folder_url}/file", b"")
    storage.remove_file(f"{folder_url}/file")
    storage.remove_file(f"{folder_url}/file")
    assert storage.list_files(folder_url) == []


def test_holds_anything_tells_an_empty_folder_from_a_full_one(tmp_path: Path) -> None:
    assert not storage.holds_anything(str(tmp_path / "absent"))
    assert not storage.holds_anything(str(tmp_path))
    (tmp_path / "file").write_text("")
    assert storage.holds_anything(str(tmp_path))
    assert storage.holds_anything(str(tmp_path / "file"))


@pytest.mark.parametrize("rest_of_an_earlier_copy", [False, True])
def test_publish_folder_moves_every_file(folder_url: str, tmp_path: Path, rest_of_an_earlier_copy: bool) -> None:
    if rest_of_an_earlier_copy:
        storage.write_bytes(f"{folder_url}/inner/b", b"half")
    with storage.folder_beside(tmp_path / "new") as beside:
        (beside / "inner").mkdir(parents=True)
        (beside / "last").write_bytes(b"a")
        (beside / "inner" / "b").write_bytes(b"b")
        storage.publish_folder(beside, folder_url, "last")
        assert not beside.exists()
    assert storage.read_bytes(f"{folder_url}/last") == b"a"
    assert storage.read_bytes(f"{folder_url}/inner/b") == b"b"


def test_publish_folder_copies_the_completing_file_last(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    for name in ("a", "complete", "z"):
        (tmp_path / "made" / name).write_bytes(b"")
    filesystem, root = fsspec.url_to_fs(f"memory://{tmp_path}/target")
    storage.publish_folder(tmp_path / "made", f"memory://{tmp_path}/target", "complete")
    created = {name: filesystem.created(f"{root}/{name}") for name in ("a", "complete", "z")}
    assert max(created, key=lambda name: created[name]) == "complete"


def test_publish_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "made" / "a").mkdir(parents=True)
    (tmp_path / "made" / "a" / "x").write_bytes(b"")
    (tmp_path / "made" / "b").symlink_to(tmp_path / "made" / "a" / "x")
    target = tmp_path / "target"
    target.write_text("a file where a folder should go")
    with pytest.raises(OSError, match="target"):
        storage.publish_folder(tmp_path / "made", str(target), "b")


def test_folder_beside_is_gone_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with storage.folder_beside(tmp_path / "new") as beside:
            beside.mkdir()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_folder_beside_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    (tmp_path / f".new{storage.PARTIAL}" / "rest").mkdir(parents=True)
    with storage.folder_beside(tmp_path / "new") as beside:
        assert not beside.exists()


def test_upload_folder_copies_the_tree(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "events").write_bytes(b"1")
    url = f"memory://{tmp_path}/logs"
    storage.upload_folder(tmp_path, url)
    assert storage.read_bytes(f"{url}/run/events") == b"1"

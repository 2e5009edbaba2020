from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import state_folder
from pipeline.state_folder import announced, health, holder, identity, is_held, last_ports, place, signal_holder
from tests.pipeline.checkouts import ROOT
from trainer.errors import UsageError

HOLD = """
import pathlib, sys, time
from emulator.state_folder import owned
with owned(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
ABOUT: dict[str, Any] = {"address": "http://127.0.0.1:8470", "storageAddress": "http://127.0.0.1:8471", "pid": 7}

Process = subprocess.Popen[str]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts a Python script, which ends with the test."""
    started: list[Process] = []

    def start(script: str, *arguments: object) -> Process:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def held(tmp_path: Path, start: Callable[..., Process]) -> tuple[Path, Process]:
    """A state folder, and the process that has it as an emulator does."""
    folder = tmp_path / "vertex"
    process = start(HOLD, folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return folder, process


def test_place_of_a_folder_is_told_from_the_root_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert place(Path(".local/vertex")) == tmp_path / "work" / ".local/vertex"
    (tmp_path / "work").rmdir()
    with pytest.raises(UsageError, match=r"^The folder that this command works in is not there any more: .* `cd \"\$P"):
        place(Path(".local/vertex"))
    assert place(tmp_path) == tmp_path


def test_folder_is_held_by_the_process_that_the_kernel_knows(held: tuple[Path, Process]) -> None:
    folder, process = held
    for _ in range(2):  # to look changes nothing
        assert is_held(folder)
        assert holder(folder) == process.pid
    process.kill()
    process.wait()
    assert not is_held(folder)
    assert holder(folder) is None


def test_copy_of_a_folder_is_held_by_nobody(held: tuple[Path, Process], tmp_path: Path) -> None:
    folder, _ = held
    shutil.copytree(folder, tmp_path / "copy")
    archive = shutil.make_archive(str(tmp_path / "kept"), "tar", folder)
    shutil.unpack_archive(archive, tmp_path / "restored", filter="data")
    for copy in ("copy", "restored"):
        assert not is_held(tmp_path / copy)
        assert holder(tmp_path / copy) is None
        assert identity(tmp_path / copy) != identity(folder)


def test_copy_by_hard_links_has_no_holder_that_could_be_signalled(held: tuple[Path, Process], tmp_path: Path) -> None:
    folder, _ = held
    shutil.copytree(folder, tmp_path / "copy", copy_function=os.link)
    # Its lock is the same file, so that nobody can work in it beside the original.
    assert is_held(tmp_path / "copy")
    assert holder(tmp_path / "copy") is None


def test_folder_that_was_moved_is_held_where_it_is(held: tuple[Path, Process], tmp_path: Path) -> None:
    folder, process = held
    before = identity(folder)
    folder.rename(tmp_path / "moved")
    assert holder(tmp_path / "moved") == process.pid
    assert identity(tmp_path / "moved") == before
    folder.mkdir()
    assert not is_held(folder)
    (tmp_path / "link").symlink_to("moved")
    assert holder(tmp_path / "link") == process.pid
    assert identity(tmp_path / "link") == before


def test_folder_whose_lock_was_put_back_from_elsewhere_is_held_still(held: tuple[Path, Process]) -> None:
    folder, process = held
    (folder / "fresh").touch()
    (folder / "fresh").replace(folder / "lock")
    assert is_held(folder)
    assert holder(folder) == process.pid


def test_process_is_signalled_only_while_it_has_the_folder(
    held: tuple[Path, Process], start: Callable[..., Process], tmp_path: Path
) -> None:
    folder, process = held
    bystander = start("import time; time.sleep(600)")
    signal_holder(folder, bystander.pid, signal.SIGKILL)
    signal_holder(tmp_path, process.pid, signal.SIGKILL)
    assert (bystander.poll(), process.poll()) == (None, None)
    signal_holder(folder, process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    signal_holder(folder, process.pid, signal.SIGKILL)


@pytest.mark.parametrize("what", ["file", "folder", "link"])
@pytest.mark.parametrize("name", ["lock", "holder"])
def test_folder_with_anything_in_the_place_of_a_lock_is_held_by_nobody(tmp_path: Path, name: str, what: str) -> None:
    path = tmp_path / name
    if what == "file":
        path.touch()
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    assert not is_held(tmp_path)
    assert holder(tmp_path) is None


def test_what_is_no_folder_is_held_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "none", tmp_path / "file" / "below"):
        assert not is_held(path)
        assert announced(path) is None
        assert last_ports(path) is None
    assert identity(tmp_path / "none") is None


def texts() -> Iterator[str]:
    yield from ("", "{", "[]", "7", "null", '"text"', json.dumps(ABOUT)[:-9], "[" * 100_000, "\udcff")
    for key, value in [
        ("pid", -1), ("pid", 0), ("pid", "7"), ("pid", True), ("pid", 7.0), ("pid", None),
        ("address", ""), ("address", 5), ("address", "http://example.com:80"), ("address", "http://127.0.0.1"),
        ("address", "http://127.0.0.1:99999"), ("storageAddress", "http://127.0.0.1:0"), ("storageAddress", None),
        ("storageAddress", "http://127.0.0.1:80@example.com:80"),
    ]:  # fmt: skip
        yield json.dumps({**ABOUT, key: value})
    for key in ABOUT:
        yield json.dumps({name: value for name, value in ABOUT.items() if name != key})


@pytest.mark.parametrize("text", [pytest.param(text, id=str(number)) for number, text in enumerate(texts())])
def test_announcement_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "emulator.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert announced(tmp_path) is None
    assert last_ports(tmp_path) is None


def test_announcement_is_read(tmp_path: Path) -> None:
    (tmp_path / "emulator.json").write_text(json.dumps(ABOUT))
    assert announced(tmp_path) == ABOUT
    (tmp_path / "emulator.json").unlink()
    (tmp_path / "emulator.json").mkdir()
    assert announced(tmp_path) is None


@pytest.mark.parametrize("name", ["emulator.json", "last.json"])
def test_last_ports_are_those_of_this_very_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "vertex"
    folder.mkdir()
    of_another: list[dict[str, Any]] = [{}, {"folder": None}, {"folder": {}}, {"folder": {"device": 1, "inode": 2}}]
    for unknown in of_another:
        (folder / name).write_text(json.dumps({**ABOUT, **unknown}))
        assert last_ports(folder) is None
    (folder / name).write_text(json.dumps({**ABOUT, "folder": identity(folder)}))
    assert last_ports(folder) == (8470, 8471)
    shutil.copytree(folder, tmp_path / "copy")
    assert last_ports(tmp_path / "copy") is None
    assert last_ports(folder.rename(tmp_path / "moved")) == (8470, 8471)


def test_nobody_at_an_address_tells_nothing() -> None:
    assert health("http://127.0.0.1:9", 0.5) == {}
    assert state_folder.UNSEEN == 0

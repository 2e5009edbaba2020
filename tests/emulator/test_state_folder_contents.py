"""The state folder: nobody else looks into it, and what is wrong with it is told in a sentence."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.api.start_error import StartError
from emulator.state_folder import owned
from tests.emulator.job_requests import bucket, document, ended, job, pipelines, submit
from tests.emulator.vertex_emulator import ROOT, VertexEmulator

PRIVATE = 0o077


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """What below a folder others than its user may read, write or enter."""
    paths = [folder, *folder.rglob("*")]
    return [f"{path} {mode(path):o}" for path in paths if not path.is_symlink() and mode(path) & PRIVATE]


@pytest.mark.run
def test_nobody_else_can_look_into_what_an_emulator_writes(tmp_path: Path) -> None:
    emulator = VertexEmulator(tmp_path / "vertex", umask=0)
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload())
    bucket(emulator)
    name = submit(emulator, "private", job(document(pipelines(tmp_path)["rows"]), count=2))
    assert ended(emulator, name)["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert open_to_others(tmp_path / "vertex") == []
    assert len([*(tmp_path / "vertex").rglob("*")]) > 20
    emulator.close()


@pytest.mark.run
def test_a_command_may_set_another_umask_for_what_it_writes(tmp_path: Path) -> None:
    emulator = VertexEmulator(tmp_path / "vertex", umask=0)
    written = tmp_path / "written"
    script = f'umask; umask 022; touch {written}; exec "$@"'
    server = [*("python3", str(ROOT / "tests" / "emulator" / "model_server.py")), "one"]
    container = {
        "imageUri": "us-docker.pkg.dev/p/r/server:1",
        "command": ["/bin/sh", "-c", script, "sh"],
        "args": server,
    }
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload(model={"containerSpec": container}))
    assert mode(written) == 0o644
    log = next((tmp_path / "vertex" / "logs").glob("*/*.log")).read_text(encoding="utf-8")
    assert log.splitlines()[0] == "0077"
    emulator.close()


def test_owned_tightens_what_an_earlier_emulator_left_open(tmp_path: Path) -> None:
    folder = tmp_path / "vertex"
    for name in ("", "storage", "runs", "cache", "logs"):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    for name in ("lock", "vertex.sqlite3", "emulator.json"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    with owned(folder):
        assert open_to_others(folder) == []


@pytest.mark.parametrize(("first_mode", "name"), [(0o755, "notes.txt"), (0o1777, "lock")])
def test_owned_leaves_a_folder_that_is_not_the_emulators_alone_as_it_is(
    tmp_path: Path, first_mode: int, name: str
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / name).touch()
    (tmp_path / "shared").chmod(first_mode)
    with owned(tmp_path / "shared"):
        assert mode(tmp_path / "shared") == first_mode
        assert not mode(tmp_path / "shared" / "lock") & PRIVATE


@pytest.mark.parametrize("name", ["lock", "emulator.json", "vertex.sqlite3"])
def test_owned_refuses_a_folder_in_the_place_of_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StartError, match=rf"{name} is a folder, where a file must be\. Move it away"), owned(tmp_path):
        pass


@pytest.mark.parametrize("name", ["storage", "runs", "cache", "logs"])
def test_owned_refuses_a_file_in_the_place_of_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(StartError, match=rf"{name} is a file, where a folder must be\. Move it away"), owned(tmp_path):
        pass


def test_owned_refuses_a_file_as_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with (
            pytest.raises(StartError, match=r"the state folder .*file.* cannot be used: .*Mend it, or give another"),
            owned(folder),
        ):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read and write everything")
def test_owned_refuses_a_folder_that_it_cannot_write_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartError, match=r"lock: Permission denied\."), owned(tmp_path):
        pass
    tmp_path.chmod(0o700)


def cut_memory(folder: Path) -> None:
    path = folder / "vertex.sqlite3"
    path.write_bytes(path.read_bytes()[:5000])


def damaged_objects(folder: Path) -> None:
    path = folder / "storage" / "objects.sqlite3"
    path.write_bytes(path.read_bytes()[:5000])


def objects_in_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "storage")
    (folder / "storage").mkdir()
    (folder / "storage" / "objects").touch()


@pytest.mark.run
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut_memory, "vertex.sqlite3 cannot be read: "),
        (damaged_objects, "objects.sqlite3 cannot be read: "),
        (objects_in_a_file, "objects cannot be used: "),
    ],
)
def test_a_start_with_a_damaged_folder_tells_what_to_do(
    tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    emulator = VertexEmulator(tmp_path / "vertex")
    bucket(emulator)
    emulator.create_endpoint()
    emulator.close()
    damage(emulator.folder)
    command = emulator.command("--port", "0", "--storage-port", "0")
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("The emulator cannot start: ")
    assert sentence in done.stderr
    assert "give another --state-dir." in done.stderr
    assert not (emulator.folder / "emulator.json").exists()


@pytest.mark.run
def test_damaged_files_that_are_written_anew_are_no_hindrance(tmp_path: Path) -> None:
    emulator = VertexEmulator(tmp_path / "vertex")
    emulator.kill()
    for junk in (b"", b"[]", b"\xff{"):
        (emulator.folder / "emulator.json").write_bytes(junk)
        with (
            owned(emulator.folder),
            pytest.raises(StartError, match="Another emulator works in"),
            owned(emulator.folder),
        ):
            pass
    emulator.start()
    emulator.close()

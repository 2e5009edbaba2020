from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.api.start_error import StartError
from emulator.interpreter import Interpreter, interpreter_needed
from emulator.state_folder import DATABASE, LAST, LOCK, RUNNING, owned
from tests.emulator.vertex_emulator import LOCATION, ROOT, VertexEmulator, is_alive
from tests.patience import patience_s

SAID = {"pid": 7, "address": "http://127.0.0.1:1"}


def test_a_folder_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    with owned(tmp_path) as folder:
        with pytest.raises(StartError, match="Another emulator works in"), owned(tmp_path):
            pass
        folder.announce(SAID)
        with pytest.raises(StartError, match="process 7 at http://127"), owned(tmp_path):
            pass
        folder.withdraw()
        assert not (tmp_path / RUNNING).exists()
        assert json.loads((tmp_path / LAST).read_text()) == SAID
    with owned(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"pid": 7}', "null"])
def test_a_folder_that_is_taken_is_told_whatever_stands_in_it(tmp_path: Path, text: str) -> None:
    with owned(tmp_path):
        (tmp_path / RUNNING).write_text(text)
        with pytest.raises(StartError, match="Another emulator works in"), owned(tmp_path):
            pass


def test_a_folder_that_is_where_it_was_lacks_nothing(tmp_path: Path) -> None:
    with owned(tmp_path) as folder:
        (tmp_path / DATABASE).touch()
        folder.announce(SAID)
        assert folder.lost() == ""
        (tmp_path / DATABASE).write_text("more")
        (tmp_path / RUNNING).unlink()
        assert folder.lost() == ""


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_folder_that_was_moved_is_missed_and_put_in_order_where_it_is(tmp_path: Path, is_replaced: bool) -> None:
    path, moved = tmp_path / "vertex", tmp_path / "moved"
    with owned(path) as folder:
        folder.announce(SAID)
        path.rename(moved)
        if is_replaced:
            path.mkdir()
        assert folder.lost() == f"Their state folder was {path} when they were started, and is not there any more."
        folder.withdraw()
    assert not (moved / RUNNING).exists()
    assert (moved / LAST).exists()
    assert not (path / LAST).exists()


def test_a_folder_that_was_removed_is_missed(tmp_path: Path) -> None:
    with owned(tmp_path / "vertex") as folder:
        shutil.rmtree(tmp_path / "vertex")
        assert "is not there any more." in folder.lost()
        folder.withdraw()


@pytest.mark.parametrize("name", [LOCK, DATABASE])
def test_files_that_were_put_back_from_elsewhere_are_told(tmp_path: Path, name: str) -> None:
    with owned(tmp_path) as folder:
        (tmp_path / DATABASE).touch()
        folder.announce(SAID)
        (tmp_path / "other").touch()
        (tmp_path / "other").replace(tmp_path / name)
        assert folder.lost() == f"Other files were put in the place of those that they have open: {tmp_path / name}."


@pytest.mark.parametrize("name", [LOCK, "holder", RUNNING])
def test_a_folder_that_holds_something_else_in_their_place_is_refused(tmp_path: Path, name: str) -> None:
    if name == "holder":
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(StartError, match=rf"{name}.*(Is a directory|File exists|[Nn]ot)"), owned(tmp_path) as folder:
        folder.announce(SAID)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "vertex"):
        with pytest.raises(StartError, match=rf"the state folder {path} cannot be used: .*It must be a folder"):  # noqa: SIM117
            with owned(path):
                pass


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "vertex").mkdir()
    (tmp_path / "link").symlink_to("vertex")
    with owned(tmp_path / "link") as folder:
        with pytest.raises(StartError, match="Another emulator works in"), owned(tmp_path / "vertex"):
            pass
        (tmp_path / "other").mkdir()
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("other")
        assert "is not there any more." in folder.lost()


def test_an_environment_that_was_made_anew_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    (tmp_path / "pyvenv.cfg").write_text("version = 3.11.7\n")
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    interpreter = Interpreter()
    assert interpreter.lost() == ""
    (tmp_path / "other.cfg").write_text("version = 3.12.1\n")
    (tmp_path / "other.cfg").replace(tmp_path / "pyvenv.cfg")
    assert interpreter.lost() == f"The Python that they were started with, in {tmp_path}, was put anew since."
    python.unlink()
    assert interpreter.lost() == f"The Python that they were started with, {python}, is not there any more."
    with pytest.raises(Exception, match=rf"{python}, is not there any more: it was moved"), interpreter_needed():
        subprocess.run([sys.executable], check=True)


def test_a_program_that_is_not_there_is_not_taken_for_the_interpreter() -> None:
    with pytest.raises(FileNotFoundError), interpreter_needed():
        subprocess.run(["/there/is/none"], check=True)


@pytest.fixture
def python_of_its_own(tmp_path: Path) -> Path:
    """An environment with the packages of this one, which a test may remove."""
    made = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    [packages] = made.glob("lib/python*/site-packages")
    theirs = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "theirs.pth").write_text("\n".join(theirs) + "\n")
    return made


def health(emulator: VertexEmulator) -> dict[str, Any]:
    document: dict[str, Any] = emulator.call("GET", "/healthz").json()
    return document


@pytest.mark.run
def test_an_emulator_tells_which_folder_it_has(own_emulator: VertexEmulator) -> None:
    told = health(own_emulator)
    status = own_emulator.folder.stat()
    assert told["folder"] == {"device": status.st_dev, "inode": status.st_ino}
    assert (told["status"], told["python"]) == ("ok", sys.prefix)


@pytest.mark.run
@pytest.mark.parametrize("how", ["moved", "moved and replaced", "removed", "put back"])
def test_an_emulator_ends_when_its_folder_is_elsewhere(own_emulator: VertexEmulator, how: str) -> None:
    folder, moved = own_emulator.folder, own_emulator.folder.with_name("moved")
    own_emulator.upload(model_id="kept")
    pid = own_emulator.running["pid"]
    if how == "removed":
        shutil.rmtree(folder)
    elif how == "put back":
        shutil.copy(folder / LOCK, folder / "fresh")
        (folder / "fresh").replace(folder / LOCK)
    else:
        folder.rename(moved)
    if how == "moved and replaced":
        folder.mkdir()
        (folder / RUNNING).write_text("of another one")
    assert own_emulator._process is not None
    assert own_emulator._process.wait(patience_s()) == 0
    assert not is_alive(pid)
    if how == "removed":
        return
    # What another one has in its place is left alone.
    if how == "moved and replaced":
        assert [entry.name for entry in folder.iterdir()] == [RUNNING]
    if how.startswith("moved"):
        assert how == "moved and replaced" or not folder.exists()
        own_emulator.folder = moved
    own_emulator.start()
    assert own_emulator.get(f"{LOCATION}/models/kept@1")["displayName"] == "one"


@pytest.mark.run
def test_models_are_served_again_where_the_folder_was_moved(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    deployed = own_emulator.deploy(endpoint, own_emulator.upload())
    own_emulator.stop()
    own_emulator.folder = own_emulator.folder.rename(own_emulator.folder.with_name("moved"))
    own_emulator.start()
    assert own_emulator.predict(endpoint)["deployedModelId"] == deployed
    assert (own_emulator.folder / "logs").is_dir()
    assert not own_emulator.folder.with_name("vertex").exists()


@pytest.mark.run
def test_an_emulator_tells_that_its_python_is_gone(python_of_its_own: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, "executable", str(python_of_its_own / "bin" / "python"))
        emulator = VertexEmulator(tmp_path / "vertex")
    try:
        assert health(emulator)["python"] == str(python_of_its_own)
        model, endpoint = emulator.upload(), emulator.create_endpoint()
        shutil.rmtree(python_of_its_own)
        told = health(emulator)
        assert told["status"] == "lost"
        assert told["reason"].startswith(f"The Python that they were started with, {python_of_its_own}/bin/python, is")
        error = emulator.wait(emulator.begin_deploy(endpoint, model))["error"]
        assert error["code"] == 9
        assert error["message"].startswith(f"The Python that the emulator was started with, {python_of_its_own}/bin/py")
        assert error["message"].endswith("with the Python that is there now, and try again.")
    finally:
        emulator.close()


@pytest.mark.run
def test_the_output_of_an_emulator_that_cannot_start_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    command = [sys.executable, "-m", "emulator", "--port", "0", "--storage-port", "0", "--state-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"The emulator cannot start: {tmp_path / LOCK} is a folder, where a file must be. Move it away, or give "
        "another --state-dir.\n"
    )


def test_a_lock_that_is_looked_at_is_not_one_that_is_taken(tmp_path: Path) -> None:
    import fcntl
    import threading

    (tmp_path / LOCK).touch()
    with (tmp_path / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        threading.Timer(0.1, lambda: fcntl.flock(lock, fcntl.LOCK_UN)).start()
        with owned(tmp_path) as folder:
            assert os.fstat(folder.descriptor).st_ino == tmp_path.stat().st_ino

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline import services
from pipeline.interrupts import Interrupted
from pipeline.services import Services, create_bucket, ensure_running, environment, find_running, stop, why_none
from pipeline.state_folder import is_held
from tests.patience import eventually
from trainer.errors import ProjectError

pytestmark = pytest.mark.run

ROOT = Path(__file__).resolve().parents[2]


START = """
import pathlib, sys
from pipeline import services
services.ensure_running(pathlib.Path(sys.argv[1]))
"""


def start(folder: Path) -> Services:
    """Starts the services as a command does, which ends and leaves them behind."""
    subprocess.run([sys.executable, "-c", START, str(folder)], cwd=ROOT, check=True)
    running = find_running(folder)
    assert running is not None
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state of it"
    yield folder
    stop(folder)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("vertex")
    yield start(folder)
    stop(folder)


def run_python(script: str, running: Services, **variables: str) -> str:
    """Runs a script with the clients of its process pointed at the services."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("proxy")}
    given = {**inherited, **variables, **environment(running)}
    command = [sys.executable, "-W", "error::UserWarning", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=given, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_services_are_found_until_they_are_stopped(folder: Path) -> None:
    assert find_running(folder) is None
    assert not stop(folder)
    started = start(folder)
    assert start(folder) == ensure_running(folder) == ensure_running(folder, warm=True) == started
    with pytest.raises(ProjectError, match=r"and with --warm\. Run `python -m pipeline down`, and"):
        ensure_running(folder, warm=False)
    assert stop(folder)
    assert find_running(folder) is None
    assert "Traceback" not in (folder / services.LOG_FILE).read_text(encoding="utf-8")


def test_command_goes_on_while_they_start(folder: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from pipeline.services import ensure_running, find_running\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "ensure_running(folder, meanwhile=lambda: print(find_running(folder)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "None\n"
    assert find_running(folder) is not None


def test_services_that_were_killed_are_started_again(folder: Path) -> None:
    killed = start(folder)
    create_bucket(killed, "local-project", "gs://kept-bucket")
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: not is_held(folder))
    assert (folder / "emulator.json").exists()
    assert find_running(folder) is None
    again = start(folder)
    assert again.pid != killed.pid
    # Clients that wait for them find them again.
    assert (again.api_host, again.storage_host) == (killed.api_host, killed.storage_host)
    assert "kept-bucket" in run_python(LIST_BUCKETS, again)


def test_services_take_their_last_ports_again_if_they_are_free(folder: Path) -> None:
    first = start(folder)
    stop(folder)
    again = start(folder)
    assert (again.api_host, again.storage_host) == (first.api_host, first.storage_host)
    stop(folder)
    with socket.create_server(("127.0.0.1", int(first.api_host.rpartition(":")[2]))):
        other = start(folder)
    assert other.api_host != first.api_host
    assert other.storage_host == first.storage_host


def test_two_commands_at_once_start_one(folder: Path) -> None:
    with ThreadPoolExecutor() as pool:
        first, *others = pool.map(start, [folder] * 3)
    assert others == [first, first]


def test_another_server_at_their_port_is_not_taken_for_them(folder: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok", "pid": 1}')

        def log_message(self, *args: object) -> None:
            del args

    with HTTPServer(("127.0.0.1", 0), Handler) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        announce(folder, f"http://127.0.0.1:{other.server_address[1]}")
        assert find_running(folder) is None
        assert str(other.server_address[1]) not in start(folder).api_host
        other.shutdown()


def announce(folder: Path, address: str) -> None:
    folder.mkdir()
    about = {"address": address, "storageAddress": address, "pid": 1}
    (folder / "emulator.json").write_text(json.dumps(about))


def test_services_that_do_not_answer_are_told_and_can_be_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start(folder)
    for name, value_s in {"_ANSWER_TIMEOUT_S": 0.1, "_START_TIMEOUT_S": 0.3, "_STOP_TIMEOUT_S": 0.3}.items():
        monkeypatch.setattr(services, name, value_s)
    os.kill(running.pid, signal.SIGSTOP)
    assert find_running(folder) is None
    held = rf"^The local services in {folder}, process {running.pid}, do not answer\. Wait a moment, if they are just"
    assert re.match(held, why_none(folder))
    with pytest.raises(ProjectError, match=rf"do not answer: process {running.pid} has that folder\. Run `python -m p"):
        ensure_running(folder)
    assert stop(folder)
    assert not is_held(folder)


def test_services_that_another_command_has_begun_to_start_are_waited_for(folder: Path) -> None:
    folder.mkdir()
    with services._start(folder, warm=True) as begun:
        wait_until_owned(folder)
        assert ensure_running(folder).pid == begun.pid
        begun.terminate()


def test_waiting_for_another_command_that_starts_them_can_be_interrupted(folder: Path) -> None:
    def interrupt() -> None:
        raise Interrupted

    folder.mkdir()
    with (folder / "starting").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Interrupted):
            ensure_running(folder, check=interrupt)
    assert find_running(folder) is None


def test_services_that_are_starting_can_be_stopped(folder: Path) -> None:
    folder.mkdir()
    with services._start(folder, warm=True):
        wait_until_owned(folder)
        assert stop(folder)


def wait_until_owned(folder: Path) -> None:
    eventually(lambda: is_held(folder))


def test_services_that_do_not_start_are_told_with_their_last_words(folder: Path) -> None:
    folder.mkdir()
    (folder / "vertex.sqlite3").mkdir()
    told = rf"^The local services in {folder} do not start\. Mend (.|\n)*emulator\.log ends with:\n(.|\n)*is a folder"
    with pytest.raises(ProjectError, match=told):
        ensure_running(folder)


def test_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "vertex", tmp_path / "file"):
        told = (
            rf"^The folder of the local services, {path}, cannot be used: {tmp_path}/file.*: .*\. It must be a folder"
        )
        with pytest.raises(ProjectError, match=told):
            ensure_running(path)
        assert find_running(path) is None
        assert not stop(path)


@pytest.mark.parametrize("how", ["copied", "restored"])
def test_copy_of_a_folder_has_nothing_to_do_with_the_services_of_the_original(
    folder: Path, tmp_path: Path, how: str
) -> None:
    original = start(folder)
    create_bucket(original, "local-project", "gs://kept-bucket")
    copy = tmp_path / how
    if how == "copied":
        shutil.copytree(folder, copy)
    else:
        stop(folder)
        shutil.unpack_archive(shutil.make_archive(str(tmp_path / "kept"), "tar", folder), copy, filter="data")
        original = start(folder)
    assert find_running(copy) is None
    assert why_none(copy) == f"The local services are down: none work in {copy}. Run `python -m pipeline up`."
    assert not stop(copy)
    assert find_running(folder) == original
    second = start(copy)
    try:
        assert {second.api_host, second.storage_host}.isdisjoint({original.api_host, original.storage_host})
        assert "kept-bucket" in run_python(LIST_BUCKETS, second)
        create_bucket(second, "local-project", "gs://of-the-copy")
    finally:
        assert stop(copy)
    assert find_running(folder) == original
    assert "of-the-copy" not in run_python(LIST_BUCKETS, original)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_services_whose_folder_was_moved_are_started_anew_in_it(
    folder: Path, tmp_path: Path, is_replaced: bool
) -> None:
    first = start(folder)
    create_bucket(first, "local-project", "gs://kept-bucket")
    moved = folder.rename(tmp_path / "moved")
    try:
        with suppress(ProjectError):  # they end by themselves, sooner or later
            assert find_running(moved) is None
        if is_replaced:
            assert find_running(folder) is None
            other = start(folder)
            assert other.pid != first.pid
            assert "kept-bucket" not in run_python(LIST_BUCKETS, other)
        again = start(moved)
        assert again.pid != first.pid
        assert not Path(f"/proc/{first.pid}/cwd").exists()
        assert "kept-bucket" in run_python(LIST_BUCKETS, again)
        assert folder.exists() == is_replaced
        if is_replaced:
            assert find_running(folder) == other
    finally:
        stop(moved)


def test_process_that_has_the_number_of_the_services_is_left_alone(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander:
        try:
            first = start(folder)
            about = json.loads((folder / "emulator.json").read_text())
            (folder / "emulator.json").write_text(json.dumps({**about, "pid": bystander.pid}))
            # With them up: those that have the folder are ended, whatever the file says.
            assert find_running(folder) is None
            assert stop(folder)
            assert not is_held(folder)
            # And killed, with the number in another one's hands.
            (folder / "emulator.json").write_text(json.dumps({**about, "pid": bystander.pid}))
            assert find_running(folder) is None
            assert not stop(folder)
            second = start(folder)
            assert second.pid not in (first.pid, bystander.pid)
            assert bystander.poll() is None
        finally:
            bystander.kill()


@pytest.mark.parametrize("text", ["[]", '{"address": "http://127.0.0.1:1", "storageAddress": "", "pid": -1}'])
def test_services_start_whatever_stands_in_the_place_of_their_announcement(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "emulator.json").write_text(text)
    (folder / "last.json").write_text(text)
    assert find_running(folder) is None
    running = start(folder)
    (folder / "emulator.json").write_text(text)
    assert find_running(folder) is None
    assert f"process {running.pid}, do not answer" in why_none(folder)
    assert stop(folder)


def test_folder_that_is_locked_by_an_unknown_process_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_ANSWER_TIMEOUT_S", 0.1)
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ProjectError, match=rf"^The local services in {folder} cannot be ended from here: the sys"):
            stop(folder)
        assert f"{folder}, a process that cannot be seen from here, do not answer" in why_none(folder)


@pytest.mark.parametrize("name", ["lock", "holder", "starting", "emulator.json", "emulator.log"])
def test_folder_with_something_else_in_the_place_of_a_file_is_told(folder: Path, name: str) -> None:
    folder.mkdir()
    if name == "holder":
        (folder / name).touch()
    else:
        (folder / name).mkdir()
    with pytest.raises(ProjectError, match=rf"^(The local services in|The folder of) (.|\n)*{name}"):
        ensure_running(folder)
    assert find_running(folder) is None
    assert not stop(folder)


def test_link_to_a_folder_leads_to_its_services(folder: Path, tmp_path: Path) -> None:
    running = start(folder)
    (tmp_path / "link").symlink_to(folder)
    assert find_running(tmp_path / "link") == ensure_running(tmp_path / "link") == running
    assert stop(tmp_path / "link")
    assert find_running(folder) is None


def test_services_whose_python_was_replaced_are_started_anew(folder: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, "executable", str(environment_of_its_own(tmp_path / "venv")))
        first = start(folder)
    assert first.python == str(tmp_path / "venv")
    # It is there still, but not this command's own.
    assert find_running(folder) == first
    other = rf"{folder}, process {first.pid}, were started with the Python in {first.python}, and this command with "
    with pytest.raises(ProjectError, match=other):
        ensure_running(folder)
    (tmp_path / "venv").rename(tmp_path / "gone")
    lost = rf"^The local services in {folder}, process {first.pid}, cannot go on\. The Python that they were started w"
    with pytest.raises(ProjectError, match=lost):
        find_running(folder)
    command = [sys.executable, "-c", START, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    again = find_running(folder)
    assert again is not None
    assert (again.python, again.api_host) == (sys.prefix, first.api_host)
    assert done.stderr == (
        f"The local services are started anew. The Python that they were started with, {tmp_path}/venv/bin/python, is "
        "not there any more.\n"
    )


def environment_of_its_own(place: Path) -> Path:
    """The Python of an environment that has the packages of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    [packages] = place.glob("lib/python*/site-packages")
    (packages / "theirs.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n")
    return place / "bin" / "python"


LIST_BUCKETS = """
from google.cloud.storage import Client
print([bucket.name for bucket in Client().list_buckets()])
"""
USE_STORAGE = """
from trainer import storage
url = "gs://my-bucket/a folder/[x]*?.bin"
data = bytes(range(256)) * 100_000
storage.write_bytes(url, data)
assert storage.read_bytes(url) == data
print(storage.list_files("gs://my-bucket/a folder"))
"""


def test_bucket_is_created_once(running: Services) -> None:
    for _ in range(2):
        create_bucket(running, "local-project", "gs://my-bucket")
    assert run_python(LIST_BUCKETS, running) == "['my-bucket']\n"


def test_storage_is_read_and_written_without_a_word_to_google(running: Services) -> None:
    create_bucket(running, "local-project", "gs://my-bucket")
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    assert run_python(USE_STORAGE, running, **nowhere) == "['[x]*?.bin']\n"


def test_no_proxy_stands_before_the_services(running: Services) -> None:
    script = (
        "from components.vertex.connection import connect\n"
        "from components.vertex.registry import list_models\n"
        "print(list_models(connect('local-project', 'us-central1')))"
    )
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    assert run_python(script, running, **nowhere) == "[]\n"


def test_environment_keeps_what_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "example.com")
    assert environment(Services("http://127.0.0.1:1", "http://127.0.0.1:2", 3))["no_proxy"] == "example.com,127.0.0.1"

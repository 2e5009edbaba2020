from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline import services
from pipeline.interrupts import Interrupted
from pipeline.services import Services, create_bucket, ensure_running, environment, find_running, stop
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
    assert start(folder) == ensure_running(folder) == started
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
    eventually(lambda: not services._is_owned(folder))
    assert (folder / "emulator.json").exists()
    assert find_running(folder) is None
    again = start(folder)
    assert again.pid != killed.pid
    # Clients that wait for them find them again.
    assert (again.api_host, again.storage_host) == (killed.api_host, killed.storage_host)
    assert "kept-bucket" in run_python(LIST_BUCKETS, again)


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
    about = {"address": address, "storageAddress": address, "pid": 2}
    (folder / "emulator.json").write_text(json.dumps(about))


def test_services_that_do_not_answer_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start(folder)
    monkeypatch.setattr(services, "_ANSWER_TIMEOUT_S", 0.1)
    monkeypatch.setattr(services, "_START_TIMEOUT_S", 0.3)
    os.kill(running.pid, signal.SIGSTOP)
    try:
        assert find_running(folder) is None
        for command in (ensure_running, stop):
            with pytest.raises(ProjectError, match=r"^The local services do not answer\. Run again, or end their proc"):
                command(folder)
    finally:
        os.kill(running.pid, signal.SIGCONT)
        monkeypatch.undo()


def test_services_that_another_command_has_begun_to_start_are_waited_for(folder: Path) -> None:
    folder.mkdir()
    with services._start(folder) as begun:
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
    with services._start(folder):
        wait_until_owned(folder)
        assert stop(folder)


def wait_until_owned(folder: Path) -> None:
    eventually(lambda: services._is_owned(folder))


def test_services_that_do_not_start_are_told_with_their_last_words(folder: Path) -> None:
    folder.mkdir()
    (folder / "vertex.sqlite3").mkdir()
    with pytest.raises(ProjectError, match=r"services do not answer\. (.|\n)*emulator\.log ends with:\n(.|\n)*rror"):
        ensure_running(folder)


def test_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match=r"file/vertex, cannot be used: Not a directory\. Make it writable\."):
        ensure_running(tmp_path / "file" / "vertex")


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

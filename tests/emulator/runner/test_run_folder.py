from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from emulator.runner import run_folder
from emulator.runner.errors import UsageError
from emulator.runner.run_folder import RunFolder

RUNNING = {
    "state": "PIPELINE_STATE_RUNNING",
    "updateTime": "2026-01-01T00:00:00Z",
    "jobDetail": {"taskDetails": [{"state": "RUNNING"}]},
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = run_folder.create(tmp_path / "runs" / "run-1")
    run_folder.write_json(folder.job, RUNNING)
    return folder


def test_create_makes_a_folder_named_after_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = run_folder.create(Path("runs/run-1"))
    assert folder.path == tmp_path / "runs" / "run-1"
    assert folder.run_id == "run-1"


def test_create_refuses_a_folder_that_is_not_empty(folder: RunFolder) -> None:
    with pytest.raises(UsageError, match=r"run-1 is not empty\. Each run needs a folder of its own\."):
        run_folder.create(folder.path)


def test_create_refuses_a_path_through_a_file(folder: RunFolder) -> None:
    with pytest.raises(UsageError, match=r"run\.json/next cannot be made: Not a directory\."):
        run_folder.create(folder.job / "next")


def test_write_json_never_shows_half_a_file(folder: RunFolder) -> None:
    def write() -> None:
        for number in range(200):
            run_folder.write_json(folder.job, [number] * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        found = json.loads(folder.job.read_text(encoding="utf-8"))
        assert found == RUNNING or len(set(found)) == 1
    writer.join()
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_claim_holds_while_its_file_is_open(folder: RunFolder) -> None:
    assert not run_folder.is_claimed(folder)
    with run_folder.claim(folder, {"pid": 5}):
        assert run_folder.is_claimed(folder)
        assert json.loads(folder.runner.read_text(encoding="utf-8")) == {"pid": 5}
    assert not run_folder.is_claimed(folder)


def test_claim_is_given_once(folder: RunFolder) -> None:
    with run_folder.claim(folder, {}), pytest.raises(FileExistsError):
        run_folder.claim(folder, {})


def test_claim_ends_with_its_process(folder: RunFolder) -> None:
    script = (
        "import sys, pathlib\n"
        "from emulator.runner import run_folder\n"
        "file = run_folder.claim(run_folder.RunFolder(pathlib.Path(sys.argv[1])), {})\n"
        "print('claimed', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert run_folder.is_claimed(folder)
        assert run_folder.read_job(folder) == RUNNING
        process.kill()
    assert not run_folder.is_claimed(folder)
    assert run_folder.read_job(folder)["state"] == "PIPELINE_STATE_FAILED"


def test_read_job_leaves_a_run_that_has_ended_as_it_is(folder: RunFolder) -> None:
    ended = {"state": "PIPELINE_STATE_SUCCEEDED"}
    run_folder.write_json(folder.job, ended)
    assert run_folder.read_job(folder) == ended


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"state": 1}', "[" * 100_000])
def test_read_job_refuses_what_is_no_run(folder: RunFolder, text: str) -> None:
    folder.job.write_text(text, encoding="utf-8")
    with pytest.raises(OSError, match=r"run\.json"):
        run_folder.read_job(folder)

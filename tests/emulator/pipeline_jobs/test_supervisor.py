"""Runs that are cut off: by a killed emulator, a stopped one, a killed runner, a reset."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState

from emulator.api.calls import Work
from emulator.api.store import Store, Transaction
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.records import create_records, require_summary
from emulator.pipeline_jobs.supervisor import JobSupervisor
from emulator.settings import Settings
from emulator.storage.object_store import ObjectStore
from tests.emulator.job_requests import (
    JOBS,
    ROOT_URI,
    bucket,
    ended,
    job,
    running,
    states,
    submit,
    until,
)
from tests.emulator.vertex_emulator import VertexEmulator, descendants_of, is_alive, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

CUT_OFF = "The emulator was stopped or killed while this pipeline job ran. Submit the pipeline again."


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator that tests kill and start again, one after the other."""
    emulator = VertexEmulator(tmp_path_factory.mktemp("vertex"), "--max-concurrent-runs", "1")
    bucket(emulator)
    yield emulator
    emulator.close()


def runner_pid(emulator: VertexEmulator, name: str) -> int:
    folder = emulator.folder / "runs" / "p" / "us-central1" / name.rpartition("/")[2]
    pid: int = json.loads((folder / "runner.json").read_text(encoding="utf-8"))["pid"]
    return pid


def test_a_job_that_was_cancelled_as_its_turn_came_is_cancelled(tmp_path: Path) -> None:
    store, storage = Store(tmp_path / "store.sqlite3"), ObjectStore(tmp_path / "storage")
    name = f"{JOBS}/late"
    cancelling = PipelineState.PIPELINE_STATE_CANCELLING
    with store.transaction() as tx:
        create_records(tx, PipelineJob(name=name, state=cancelling, pipeline_spec={"pipelineInfo": {"name": "small"}}))

    async def run() -> None:
        supervisor = JobSupervisor(Settings(state_dir=tmp_path), store, storage, JobFolders(tmp_path), {})
        supervisor.take(Work("run", name))
        await supervisor.close()

    asyncio.run(run())
    with store.transaction() as tx:
        assert require_summary(tx, name).state == PipelineState.PIPELINE_STATE_CANCELLED
    store.close()
    storage.close()


class FullStore(Store):
    """A store on a disk that is full for a while.

    Attributes:
        refusals: How many more transactions fail.
    """

    refusals = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database or disk is full")
        with super().transaction() as tx:
            yield tx


def test_the_end_of_a_run_is_written_once_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.pipeline_jobs.supervisor.WRITE_AGAIN_S", 0.01)
    store, storage = FullStore(tmp_path / "store.sqlite3"), ObjectStore(tmp_path / "storage")
    name = f"{JOBS}/full"
    running_state = PipelineState.PIPELINE_STATE_RUNNING
    with store.transaction() as tx:
        create_records(tx, PipelineJob(name=name, state=running_state, pipeline_spec={"pipelineInfo": {"name": "s"}}))
    store.refusals = 3

    async def run() -> None:
        supervisor = JobSupervisor(Settings(state_dir=tmp_path), store, storage, JobFolders(tmp_path), {})
        supervisor.take(Work("stop", name))
        while store.refusals:
            await asyncio.sleep(0.01)
        await supervisor.close()

    asyncio.run(run())
    with store.transaction() as tx:
        assert require_summary(tx, name).state == PipelineState.PIPELINE_STATE_CANCELLED
    store.close()
    storage.close()


def test_a_killed_emulator_fails_what_ran_and_goes_on_with_what_waited(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    ran = submit(shared, "killed-ran", job(compiled["waits"], path=str(tmp_path / "never")))
    waited = submit(shared, "killed-waited", job(compiled["rows"], count=2))
    cancelled = submit(shared, "killed-cancelled", job(compiled["rows"]))
    running(shared, ran, "wait-for")
    pid = runner_pid(shared, ran)
    shared.kill()
    shared.start()
    found = shared.get(ran)
    assert found["state"] == "PIPELINE_STATE_FAILED"
    assert found["error"] == {"code": 10, "message": CUT_OFF}
    assert states(found) == dict.fromkeys(("waits", "wait-for"), "FAILED")
    shared.call("POST", f"/v1/{cancelled}:cancel", {})
    assert ended(shared, waited)["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert ended(shared, cancelled)["state"] in {"PIPELINE_STATE_CANCELLED", "PIPELINE_STATE_SUCCEEDED"}
    until(shared, ran, lambda _: not is_alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has started")
@pytest.mark.parametrize("half", [0, 1, 2])
def test_nothing_of_a_task_outlives_emulator_runner_and_keeper(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path, half: int
) -> None:
    before = descendants_of(shared.pid)
    name = submit(shared, f"all-killed-{half}", job(compiled["waits"], path=str(tmp_path / "never")))
    running(shared, name, "wait-for")
    runner = runner_pid(shared, name)
    log = shared.folder / "runs" / "p" / "us-central1" / f"all-killed-{half}" / "tasks" / "wait-for" / "log.txt"
    until(shared, name, lambda _: log.is_file() and "waiting" in log.read_text(encoding="utf-8"))
    # The keeper that asks for a fork, the outer and the inner process of the fork's own, and what they run.
    pids = [pid for pid in descendants_of(shared.pid) if pid not in {*before, runner}]
    assert len(pids) > 3
    for pid in (sorted(pids)[half], runner):
        os.kill(pid, signal.SIGKILL)
    shared.kill()
    eventually(lambda: not any(map(is_alive, pids)))
    shared.start()


def test_a_stopped_emulator_ends_its_runs_and_says_so_when_it_is_back(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    ran = submit(shared, "stopped-ran", job(compiled["waits"], path=str(tmp_path / "never")))
    waited = submit(shared, "stopped-waited", job(compiled["rows"]))
    running(shared, ran, "wait-for")
    pid = runner_pid(shared, ran)
    assert shared.stop() == 0
    assert not is_alive(pid)
    shared.start()
    assert shared.get(ran)["error"] == {"code": 10, "message": CUT_OFF}
    assert ended(shared, waited)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_an_emulator_whose_folder_was_moved_fails_what_ran_and_tells_what_it_had_done(
    own_emulator: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    bucket(own_emulator)
    ran = submit(own_emulator, "moved-ran", job(compiled["waits"], path=str(tmp_path / "never")))
    running(own_emulator, ran, "wait-for")
    pid, moved = runner_pid(own_emulator, ran), own_emulator.folder.with_name("moved")
    own_emulator.folder.rename(moved)
    own_emulator.folder = moved
    assert own_emulator._process is not None
    assert own_emulator._process.wait(60) == 0
    assert not is_alive(pid)
    assert not moved.with_name("vertex").exists()
    own_emulator.start()
    found = own_emulator.get(ran)
    assert found["error"] == {"code": 10, "message": CUT_OFF}
    assert states(found) == dict.fromkeys(("waits", "wait-for"), "FAILED")


def test_a_run_that_ended_without_the_emulator_is_published_by_the_next_one(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    name = submit(shared, "orphan", job(compiled["waits"], path=str(tmp_path / "never")))
    running(shared, name, "wait-for")
    pid = runner_pid(shared, name)
    shared.kill()
    folder = shared.folder / "runs" / "p" / "us-central1" / "orphan"
    eventually(lambda: not is_alive(pid))
    # As if the run had come to its end in the moment in which the emulator was killed.
    made = {"name": "text", "uri": f"{ROOT_URI}/orphan/wait-for/text", "schemaTitle": "system.Artifact"}
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run |= {"state": "PIPELINE_STATE_SUCCEEDED"}
    for detail in run["jobDetail"]["taskDetails"]:
        detail |= {"state": "SUCCEEDED", "outputs": {"text": {"artifacts": [made]}}}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    file = folder / "root" / "orphan" / "wait-for" / "text"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("made", encoding="utf-8")
    shared.start()
    assert shared.get(name)["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert bucket(shared).blob("root/orphan/wait-for/text").download_as_text() == "made"


def test_a_killed_runner_fails_its_job_alone(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    name = submit(shared, "runner-killed", job(compiled["waits"], path=str(tmp_path / "never")))
    following = submit(shared, "runner-next", job(compiled["rows"]))
    running(shared, name, "wait-for")
    os.kill(runner_pid(shared, name), signal.SIGKILL)
    found = ended(shared, name)
    assert found["state"] == "PIPELINE_STATE_FAILED"
    assert found["error"]["message"].startswith("The runner of this run was killed before the run had ended.")
    assert ended(shared, following)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_a_bucket_that_goes_away_fails_the_run(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    short = storage_client(shared).create_bucket("short-lived")
    slow = submit(shared, "in-front", job(compiled["waits"], path=str(tmp_path / "go")))
    name = submit(shared, "bucket-gone", job(compiled["rows"], root="gs://short-lived/root"))
    running(shared, slow, "wait-for")
    short.delete()
    (tmp_path / "go").touch()
    found = ended(shared, name)
    assert found["error"]["message"].startswith("The bucket gs://short-lived of the pipeline root does not exist.")


def test_the_folder_of_a_deleted_job_stays_while_a_run_may_read_in_it(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    read = submit(shared, "read-from", job(compiled["rows"], count=2))
    ended(shared, read)
    folder = shared.folder / "runs" / "p" / "us-central1" / "read-from"
    reader = submit(shared, "reader", job(compiled["waits"], path=str(tmp_path / "go")))
    running(shared, reader, "wait-for")
    shared.call("DELETE", f"/v1/{read}")
    assert folder.is_dir()
    (tmp_path / "go").touch()
    until(shared, reader, lambda _: not folder.exists())


def test_folders_of_forgotten_jobs_go_at_the_next_start(shared: VertexEmulator) -> None:
    left = shared.folder / "runs" / "p" / "us-central1" / "left-over"
    left.mkdir()
    kept = submit(shared, "kept", job(root="gs://no-such-bucket/root"))
    shared.kill()
    shared.start()
    until(shared, kept, lambda _: not left.exists())


def test_reset_stops_runs_and_forgets_them(
    shared: VertexEmulator, compiled: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    name = submit(shared, "reset", job(compiled["waits"], path=str(tmp_path / "never")))
    running(shared, name, "wait-for")
    pid = runner_pid(shared, name)
    assert shared.call("POST", "/_emulator/reset").status_code == 200
    assert not is_alive(pid)
    assert shared.get(JOBS) == {}
    assert not (shared.folder / "runs").exists()
    assert not (shared.folder / "cache").exists()
    bucket(shared)
    again = submit(shared, "reset", job(compiled["rows"]))
    assert ended(shared, again)["state"] == "PIPELINE_STATE_SUCCEEDED"

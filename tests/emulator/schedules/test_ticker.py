"""Schedules of a running emulator: raw requests, the real SDK, and what a killed one finds again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.api.store import Store
from emulator.schedules.clock import move_clock
from tests.emulator.schedules.schedule_requests import schedule
from tests.emulator.sdk import pointed
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator, storage_client
from tests.patience import eventually

pytestmark = [
    pytest.mark.run,
    # The SDK's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

SCHEDULES = f"{LOCATION}/schedules"


@pytest.fixture(scope="module")
def ticking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator whose clock these tests may move."""
    running = VertexEmulator(tmp_path_factory.mktemp("vertex"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _tidied(ticking: VertexEmulator) -> Iterator[None]:
    """Leaves no schedule behind, which would run on when the next test moves the clock."""
    yield
    for found in ticking.call("GET", f"/v1/{SCHEDULES}").json().get("schedules", []):
        ticking.call("DELETE", f"/v1/{found['name']}")


def move(emulator: VertexEmulator, **document: Any) -> datetime:
    """Moves the clock; what it shows then."""
    answer = emulator.call("POST", "/_emulator/clock", document)
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["now"])


def started(emulator: VertexEmulator, name: str) -> int:
    return int(emulator.get(name).get("startedRunCount", 0))


def jobs(emulator: VertexEmulator, name: str) -> list[dict[str, Any]]:
    answer = emulator.call("GET", f"/v1/{LOCATION}/pipelineJobs?filter=schedule_name={name}")
    found: list[dict[str, Any]] = answer.json().get("pipelineJobs", [])
    return found


def test_a_moved_clock_starts_runs_which_then_go_their_way(ticking: VertexEmulator) -> None:
    name = ticking.post(SCHEDULES, schedule())["name"]
    now = move(ticking, advance_s=2 * 3600)
    eventually(lambda: started(ticking, name) == 2)
    found = ticking.get(name)
    last = now.replace(minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(found["nextRunTime"]) == last + timedelta(hours=1)
    response = found["lastScheduledRunResponse"]
    assert datetime.fromisoformat(response["scheduledRunTime"]) == last
    # There is no bucket for their results: that fails the runs, not the schedule.
    eventually(lambda: [job["state"] for job in jobs(ticking, name)] == ["PIPELINE_STATE_FAILED"] * 2)
    assert jobs(ticking, name)[0]["name"] == response["runResponse"]
    assert jobs(ticking, name)[0]["scheduleName"] == name
    ticking.call("DELETE", f"/v1/{name}")
    assert len(jobs(ticking, name)) == 2


def test_a_schedule_starts_runs_by_the_true_clock(ticking: VertexEmulator) -> None:
    move(ticking, now="2030-01-01T12:00:59.5Z")
    name = ticking.post(SCHEDULES, schedule("* * * * *", maxRunCount=1))["name"]
    eventually(lambda: ticking.get(name)["state"] == "COMPLETED")
    response = ticking.get(name)["lastScheduledRunResponse"]
    assert response["scheduledRunTime"] == "2030-01-01T12:01:00Z"


def test_a_queued_run_starts_once_the_one_before_has_ended(ticking: VertexEmulator) -> None:
    body = schedule(allowQueueing=True, maxConcurrentActiveRunCount=1)
    name = ticking.post(SCHEDULES, body)["name"]
    move(ticking, advance_s=3 * 3600)
    eventually(lambda: started(ticking, name) == 3)


def test_a_clock_that_makes_no_sense_is_refused(ticking: VertexEmulator) -> None:
    answer = ticking.call("POST", "/_emulator/clock", {"advance_s": -1})
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_killed_emulator_goes_on_without_the_runs_that_it_missed(ticking: VertexEmulator) -> None:
    move(ticking, now="2030-01-01T12:30:00Z")
    endless, ending = (ticking.post(SCHEDULES, schedule(endTime=end))["name"] for end in (None, "2030-01-01T13:30:00Z"))
    ticking.kill()
    # As if it had been down for hours.
    store = Store(ticking.folder / "vertex.sqlite3")
    with store.transaction() as tx:
        move_clock(tx, {"now": "2030-01-01T15:30:00Z"})
    store.close()
    ticking.start()
    eventually(lambda: ticking.get(ending)["state"] == "COMPLETED")
    assert ticking.get(endless)["nextRunTime"] == "2030-01-01T16:00:00Z"
    assert (started(ticking, endless), started(ticking, ending)) == (0, 0)
    move(ticking, now="2030-01-01T16:00:00Z")
    eventually(lambda: started(ticking, endless) == 1)


def test_reset_forgets_schedules_and_sets_the_clock_right(ticking: VertexEmulator) -> None:
    ticking.post(SCHEDULES, schedule())
    move(ticking, advance_s=9 * 365 * 24 * 3600)
    ticking.call("POST", "/_emulator/reset")
    assert ticking.call("GET", f"/v1/{SCHEDULES}").json() == {}
    assert move(ticking, advance_s=0) - datetime.now(UTC) < timedelta(minutes=1)
    name = ticking.post(SCHEDULES, schedule())["name"]
    move(ticking, advance_s=3600)
    eventually(lambda: started(ticking, name) == 1)


@pytest.fixture(scope="module")
def sdk(ticking: VertexEmulator) -> Iterator[Any]:
    storage_client(ticking).create_bucket("scheduled")
    with pointed(ticking) as aiplatform:
        yield aiplatform


def test_the_sdk_creates_changes_and_ends_a_schedule(ticking: VertexEmulator, sdk: Any, tmp_path: Path) -> None:
    from kfp import compiler

    from tests.emulator.runner.pipelines import inner

    template = str(tmp_path / "inner.yaml")
    compiler.Compiler().compile(inner, template)
    job = sdk.PipelineJob(
        display_name="ignored",
        template_path=template,
        pipeline_root="gs://scheduled/root",
        parameter_values={"word": "x"},
        labels={"team": "a"},
        failure_policy="fast",
    )
    now = move(ticking, now="2031-01-01T12:30:00Z")
    nightly = sdk.PipelineJobSchedule(pipeline_job=job, display_name="nightly")
    nightly.create(cron="TZ=Europe/Berlin 0 3 * * *", max_run_count=2, end_time="2032-01-01T00:00:00Z")
    assert (nightly.cron, nightly.max_run_count, nightly.max_concurrent_run_count) == (
        "TZ=Europe/Berlin 0 3 * * *", 2, 1,
    )  # fmt: skip
    assert nightly.state.name == "ACTIVE"
    nightly.update(display_name="hourly", cron="0 * * * *", max_concurrent_active_run_count=3, allow_queueing=True)
    assert (nightly.cron, nightly.max_concurrent_active_run_count, nightly.allow_queueing) == ("0 * * * *", 3, True)
    (found,) = sdk.PipelineJobSchedule.list(filter='display_name="hourly"', order_by="create_time desc")
    assert found.resource_name == nightly.resource_name
    assert sdk.PipelineJobSchedule.list(filter='display_name="nightly"') == []
    nightly.pause()
    assert sdk.PipelineJobSchedule.get(nightly.resource_name).state.name == "PAUSED"
    nightly.resume(catch_up=True)
    assert nightly.state.name == "ACTIVE"
    move(ticking, now=(now + timedelta(hours=1)).isoformat())
    eventually(lambda: len(nightly.list_jobs()) == 1)
    (run,) = nightly.list_jobs()
    assert run.display_name == "hourly 2031-01-01T13:00Z"
    assert run.labels["team"] == "a"
    eventually(run.done)
    assert run.state.name == "PIPELINE_STATE_SUCCEEDED"
    move(ticking, now=(now + timedelta(hours=2)).isoformat())
    nightly.wait()
    assert nightly.state.name == "COMPLETED"
    nightly.delete()
    assert sdk.PipelineJobSchedule.list() == []

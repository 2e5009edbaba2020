from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    CreateScheduleRequest,
    PauseScheduleRequest,
    PipelineJob,
    PipelineState,
    ResumeScheduleRequest,
    Schedule,
    UpdateScheduleRequest,
)

from emulator.api.calls import Call, Work
from emulator.api.codec import parse_message
from emulator.api.store import Store, Transaction
from emulator.pipeline_jobs.records import PIPELINE_JOBS, put_summary, require_whole
from emulator.schedules.clock import move_clock
from emulator.schedules.methods import (
    COMPLETED,
    create_schedule,
    pause_schedule,
    put_schedule,
    require_schedule,
    resume_schedule,
    update_schedule,
)
from emulator.schedules.runs import MOST_RUNS_AT_ONCE, Tick, pass_over_missed, tick
from tests.emulator.schedules import schedule_requests
from tests.emulator.vertex_emulator import LOCATION

NOON = "2030-01-01T12:00:00Z"


class NoObjects:
    """Schedules ask nothing of the object store."""

    def holds(self, uri: str) -> bool:
        raise AssertionError(uri)


class Service:
    """ScheduleService and its ticks, without HTTP and without processes."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "vertex.sqlite3")
        self.transact(lambda tx: move_clock(tx, {"now": NOON}))

    def transact(self, step: Callable[[Transaction], Any]) -> Any:
        with self.store.transaction() as tx:
            return step(tx)

    def call(self, handler: Callable[[Any], Any], request: Any) -> Any:
        return self.transact(lambda tx: handler(Call(tx, request, NoObjects())))

    def create(self, cron: str = "0 * * * *", **fields: Any) -> str:
        """Creates a schedule; its name."""
        schedule = parse_message(Schedule, schedule_requests.schedule(cron, **fields))
        return str(self.call(create_schedule, CreateScheduleRequest(parent=LOCATION, schedule=schedule)).name)

    def update(self, name: str, **fields: Any) -> None:
        request = UpdateScheduleRequest(schedule=Schedule(name=name, **fields), update_mask={"paths": list(fields)})
        self.call(update_schedule, request)

    def pause(self, name: str) -> None:
        self.call(pause_schedule, PauseScheduleRequest(name=name))

    def resume(self, name: str, catch_up: bool = False) -> None:
        self.call(resume_schedule, ResumeScheduleRequest(name=name, catch_up=catch_up))

    def at(self, time: str, date: str = "2030-01-01") -> Tick:
        """What comes due at a time."""
        self.transact(lambda tx: move_clock(tx, {"now": f"{date}T{time}Z"}))
        done: Tick = self.transact(tick)
        return done

    def schedule(self, name: str) -> Schedule:
        found: Schedule = self.transact(lambda tx: require_schedule(tx, name))
        return found

    def jobs(self, name: str) -> list[PipelineJob]:
        """The runs of a schedule, oldest first."""
        jobs = self.transact(lambda tx: tx.children(PIPELINE_JOBS, LOCATION))
        return [job for job in jobs if job.schedule_name == name]

    def end_runs(self, name: str) -> None:
        """Ends the runs of a schedule."""
        with self.store.transaction() as tx:
            for job in tx.children(PIPELINE_JOBS, LOCATION):
                if job.schedule_name == name:
                    job.state = PipelineState(PipelineState.PIPELINE_STATE_SUCCEEDED)
                    put_summary(tx, job)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path)
    yield running
    running.store.close()


def next_run(schedule: Schedule) -> str:
    """The hour and minute of a schedule's next run."""
    moment: Any = schedule.next_run_time
    return f"{moment.astimezone(UTC):%H:%M}" if moment else ""


def test_tick_creates_a_run_when_it_is_due(service: Service) -> None:
    name = service.create(job=schedule_requests.inner_job(labels={"team": "a"}))
    early = service.at("12:59:59")
    assert (early.work, service.jobs(name)) == ([], [])
    assert 0 < (early.wake_in_s or 0) <= 1
    on_time = service.at("13:00:00")
    (job,) = service.jobs(name)
    assert on_time.work == [Work("run", job.name)]
    assert 3590 < (on_time.wake_in_s or 0) <= 3600
    whole = service.transact(lambda tx: require_whole(tx, job.name))
    assert (whole.schedule_name, whole.labels["team"]) == (name, "a")
    assert whole.state == PipelineState.PIPELINE_STATE_PENDING
    assert whole.display_name == "hourly 2030-01-01T13:00Z"
    schedule = service.schedule(name)
    assert (schedule.started_run_count, next_run(schedule)) == (1, "14:00")
    response = schedule.last_scheduled_run_response
    assert response.scheduled_run_time == datetime(2030, 1, 1, 13, tzinfo=UTC)
    assert response.run_response == job.name
    assert service.at("13:00:01").work == []


def test_tick_creates_each_run_that_came_due_meanwhile(service: Service) -> None:
    name = service.create()
    assert len(service.at("15:30:00").work) == 3
    assert [job.display_name[-6:] for job in service.jobs(name)] == ["13:00Z", "14:00Z", "15:00Z"]


def test_tick_takes_a_long_backlog_in_parts(service: Service) -> None:
    name = service.create("* * * * *")
    first = service.at("12:30:00")
    assert (len(first.work), first.wake_in_s) == (MOST_RUNS_AT_ONCE, 0)
    assert len(service.at("12:30:00").work) == 30 - MOST_RUNS_AT_ONCE
    assert service.schedule(name).started_run_count == 30


def test_tick_gives_each_schedule_its_turn(service: Service) -> None:
    names = [service.create("* * * * *"), service.create()]
    service.at("14:30:00")
    assert [service.schedule(name).started_run_count for name in names] == [MOST_RUNS_AT_ONCE, 2]


def test_tick_completes_a_schedule_after_its_last_run(service: Service) -> None:
    name = service.create(maxRunCount="2")
    service.at("16:00:00")
    schedule = service.schedule(name)
    assert (schedule.started_run_count, schedule.state, next_run(schedule)) == (2, COMPLETED, "")
    assert len(service.jobs(name)) == 2
    for change in (service.pause, service.resume, lambda given: service.update(given, cron="* * * * *")):
        with pytest.raises(Exception, match="Schedule"):
            change(name)


def test_tick_completes_a_schedule_at_its_end(service: Service) -> None:
    name = service.create(endTime="2030-01-01T14:30:00Z")
    service.at("14:00:00")
    schedule = service.schedule(name)
    assert (schedule.started_run_count, schedule.state, next_run(schedule)) == (2, Schedule.State.ACTIVE, "")
    assert service.at("14:29:59").wake_in_s == pytest.approx(1, abs=0.5)
    service.at("14:30:00")
    assert service.schedule(name).state == COMPLETED


def test_tick_waits_for_the_start(service: Service) -> None:
    name = service.create(startTime="2030-01-01T15:00:00Z")
    service.at("14:00:00")
    assert service.jobs(name) == []
    service.at("15:00:00")
    assert len(service.jobs(name)) == 1


def test_tick_passes_over_runs_while_as_many_are_active_as_may_be(service: Service) -> None:
    name = service.create(maxConcurrentActiveRunCount=1)
    service.at("13:00:00")
    assert not service.at("14:00:00").waits
    schedule = service.schedule(name)
    assert (schedule.started_run_count, next_run(schedule)) == (1, "15:00")
    service.end_runs(name)
    service.at("14:30:00")
    assert len(service.jobs(name)) == 1
    service.at("15:00:00")
    assert len(service.jobs(name)) == 2


def test_tick_queues_runs_where_it_is_allowed(service: Service) -> None:
    name = service.create(maxConcurrentActiveRunCount=1, allowQueueing=True)
    service.at("13:00:00")
    assert service.at("15:30:00").waits
    schedule = service.schedule(name)
    assert (schedule.started_run_count, next_run(schedule)) == (1, "14:00")
    for expected in (2, 3):
        service.end_runs(name)
        service.at("15:30:00")
        assert service.schedule(name).started_run_count == expected
    assert next_run(service.schedule(name)) == "16:00"


def test_tick_leaves_a_paused_schedule_alone(service: Service) -> None:
    name = service.create(endTime="2030-01-01T18:00:00Z")
    service.pause(name)
    assert service.at("20:00:00") == Tick([], None, False)
    assert service.schedule(name).state == Schedule.State.PAUSED


def test_resume_goes_on_with_the_next_run_after_now(service: Service) -> None:
    name = service.create()
    service.pause(name)
    service.at("15:30:00")
    service.resume(name)
    assert next_run(service.schedule(name)) == "16:00"
    service.at("16:00:00")
    assert len(service.jobs(name)) == 1


def test_resume_with_catch_up_runs_what_was_missed_first(service: Service) -> None:
    name = service.create(maxConcurrentActiveRunCount=1)
    service.pause(name)
    service.at("15:30:00")
    service.resume(name, catch_up=True)
    for expected in ("13:00Z", "14:00Z", "15:00Z"):
        service.at("16:15:00")
        assert service.jobs(name)[-1].display_name.endswith(expected)
        service.end_runs(name)
    # What came due after the return is passed over, as ever, while the last one of these runs.
    service.at("17:00:00")
    assert [job.display_name[-6:] for job in service.jobs(name)] == ["13:00Z", "14:00Z", "15:00Z", "17:00Z"]


def test_update_of_the_time_drops_runs_that_wait(service: Service) -> None:
    name = service.create(maxConcurrentActiveRunCount=1, allowQueueing=True)
    service.at("13:00:00")
    service.at("15:30:00")
    service.update(name, display_name="other")
    assert next_run(service.schedule(name)) == "14:00"
    service.update(name, cron="45 * * * *")
    assert next_run(service.schedule(name)) == "15:45"


def test_update_below_the_runs_already_started_completes(service: Service) -> None:
    name = service.create()
    service.at("15:00:00")
    service.update(name, max_run_count=2)
    service.at("15:00:01")
    assert service.schedule(name).state == COMPLETED


def test_a_run_that_cannot_be_created_is_told_and_not_counted(service: Service) -> None:
    name = service.create()

    with service.store.transaction() as tx:
        spoilt = require_schedule(tx, name)
        spoilt.create_pipeline_job_request.pipeline_job.runtime_config.gcs_output_directory = "nowhere"
        put_schedule(tx, spoilt)
    assert service.at("13:00:00").work == []
    schedule = service.schedule(name)
    assert (schedule.started_run_count, next_run(schedule)) == (0, "14:00")
    assert "gcs_output_directory" in schedule.last_scheduled_run_response.run_response


def test_pass_over_missed_leaves_the_next_run_alone(service: Service) -> None:
    missed, waiting, caught_up, paused = (service.create(maxConcurrentActiveRunCount=1) for _ in range(4))
    service.update(waiting, start_time=datetime(2030, 1, 1, 20, tzinfo=UTC))
    for name in (caught_up, paused):
        service.pause(name)
    service.transact(lambda tx: move_clock(tx, {"now": "2030-01-01T13:30:00Z"}))
    service.resume(caught_up, catch_up=True)
    service.transact(lambda tx: move_clock(tx, {"now": "2030-01-01T15:30:00Z"}))
    service.transact(pass_over_missed)
    times = [next_run(service.schedule(name)) for name in (missed, waiting, caught_up, paused)]
    assert times == ["16:00", "20:00", "13:00", "13:00"]
    service.at("15:30:00")
    assert [len(service.jobs(name)) for name in (missed, waiting, caught_up, paused)] == [0, 0, 1, 0]

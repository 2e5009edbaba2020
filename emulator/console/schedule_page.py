"""The page of one schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from emulator.console.addresses import location_of, page_of
from emulator.console.frame import Frame, framed, refused
from emulator.console.markup import (
    banner,
    cell,
    crumbs,
    duration,
    empty,
    fact,
    head_cell,
    link,
    row,
    state_badge,
    table,
    tag,
    text_fact,
    time,
)
from emulator.console.polling import Poll
from emulator.console.reader import ReadError
from emulator.console.runs import SUMMARY_FIELDS, RunSummary, parse_summary
from emulator.console.schedules import ScheduleView, parse_schedule
from emulator.console.schedules_page import POLL_S, change, count_text, pause_button
from emulator.console.services import Services
from emulator.console.states import shown_state
from emulator.console.task_panel import long_text
from emulator.console.values import value_text

# Of the runs that a schedule began, the newest.
RUNS_SHOWN = 20


async def show_schedule(services: Services, name: str, _query: Mapping[str, str]) -> None:
    """Builds the page of a schedule.

    Args:
        services: What it reads from.
        name: Its resource name.
    """
    location = location_of(name)
    try:
        schedule = parse_schedule(await services.reader.get(name))
    except ReadError as error:
        with framed("Schedule", location, "Schedules"):
            refused(error, "schedule")
        return
    with framed(schedule.title, location, "Schedules") as frame:
        crumbs("Schedules", page_of(f"{location}/schedules"), name.rpartition("/")[2])
        page = _Schedule(services, name, frame)
        await page.look()
        Poll(POLL_S, page.look)


class _Schedule:
    """The page of one schedule for one reader.

    Args:
        services: What it reads from.
        name: Its resource name.
        frame: The page around it.
    """

    def __init__(self, services: Services, name: str, frame: Frame) -> None:
        self._services = services
        self._name = name
        self._frame = frame
        self._shown: object = None
        self._place = tag("div", classes="stack")

    async def look(self) -> bool:
        """Reads the schedule and its runs, and shows them where they have changed."""
        try:
            schedule = parse_schedule(await self._services.reader.get(self._name))
            query = {"filter": f'schedule_name="{self._name}"', "pageSize": str(RUNS_SHOWN)}
            query["readMask"] = ",".join(SUMMARY_FIELDS)
            answer = await self._services.reader.get(f"{location_of(self._name)}/pipelineJobs", query)
        except ReadError as error:
            self._place.clear()
            with self._place:
                banner(str(error), "bad")
            return True
        runs = [parse_summary(job) for job in answer.get("pipelineJobs", [])]
        if self._shown != (schedule, runs):
            self._shown = (schedule, runs)
            self._place.clear()
            with self._place:
                self._show(schedule, runs)
        return True

    def _show(self, schedule: ScheduleView, runs: Sequence[RunSummary]) -> None:
        with tag("div", classes="heading"):
            tag("h1", schedule.title)
            state_badge(schedule.state)
            with tag("div", classes="end"):
                pause_button(schedule, partial(self._change, schedule))
        _facts(schedule)
        _parameters(schedule)
        tag("h2", "Runs begun")
        with tag("div", classes="card flush"):
            if not runs:
                empty("It has not begun a run yet", _when(schedule))
                return
            with table("Runs begun", ["State", "Run", "Started", "Duration"], ["Duration"]):
                for run in runs:
                    with row():
                        with cell("", classes="badge"):
                            state_badge(run.state)
                        with head_cell():
                            link(run.title, page_of(run.name))
                        with cell("Started", classes="when"):
                            time(run.started or run.created)
                        with cell("Duration", classes="number"):
                            duration(run.started, run.ended, run.is_final)

    async def _change(self, schedule: ScheduleView) -> None:
        await change(self._services, schedule, self._frame)
        await self.look()


def _when(schedule: ScheduleView) -> str:
    if schedule.state == "active":
        return "The next one begins at the time above."
    return f"It is {shown_state(schedule.state).word.lower()}."


def _facts(schedule: ScheduleView) -> None:
    with tag("section", classes="card", attributes={"aria-label": "Schedule"}), tag("dl", classes="facts across"):
        with fact("Cron"):
            tag("code", schedule.cron)
        with fact("Next run"):
            time(schedule.next_run if schedule.state == "active" else None)
        text_fact("Pipeline", schedule.run.pipeline)
        text_fact("Runs begun", count_text(schedule))
        if schedule.most_at_once:
            text_fact("At once", str(schedule.most_at_once))
        for name, moment in (("Created", schedule.created), ("From", schedule.start), ("Until", schedule.end)):
            if moment is not None:
                with fact(name):
                    time(moment)


def _parameters(schedule: ScheduleView) -> None:
    if not schedule.parameters:
        return
    part = tag("section", classes="card flush", attributes={"aria-label": "Parameters"})
    with part, table("Parameters", ["Parameter", "Value"], stacking=False):
        for name, value in sorted(schedule.parameters.items()):
            with row():
                head_cell(name)
                with cell("Value", classes="value mono"):
                    long_text(value_text(value))

"""The list of schedules, and the page of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from nicegui import ui

from emulator.console.addresses import linked_page, page_of
from emulator.console.frame import Frame, button, framed
from emulator.console.markup import (
    banner,
    cell,
    empty,
    head_cell,
    link,
    row,
    state_badge,
    table,
    tag,
    time,
)
from emulator.console.polling import Poll
from emulator.console.reader import ReadError
from emulator.console.schedules import ScheduleView, parse_schedule
from emulator.console.services import Services

POLL_S = 2.0


async def show_schedules(services: Services, location: str, _query: Mapping[str, str]) -> None:
    """Builds the list.

    Args:
        services: What it reads from.
        location: Whose schedules.
    """
    with framed("Schedules", location, "Schedules") as frame:
        tag("h1", "Schedules")
        await _Schedules(services, location, frame).build()


class _Schedules:
    """The list of one reader.

    Args:
        services: What it reads from.
        location: Whose schedules.
        frame: The page around it.
    """

    def __init__(self, services: Services, location: str, frame: Frame) -> None:
        self._services = services
        self._location = location
        self._frame = frame
        self._shown: Sequence[ScheduleView] | None = None

    async def build(self) -> None:
        """Puts the list into the page and keeps it up to date."""
        self._trouble = tag("div", classes="stack")
        self._place = tag("div", classes="card flush")
        await self._look()
        Poll(POLL_S, self._look)

    async def _look(self) -> bool:
        try:
            schedules = [
                parse_schedule(one) for one in await self._services.reader.list_all(self._location, "schedules")
            ]
        except ReadError as error:
            self._trouble.clear()
            with self._trouble:
                banner(str(error), "bad")
            return True
        if schedules != self._shown:
            self._shown = schedules
            self._trouble.clear()
            self._place.clear()
            with self._place:
                self._show(schedules)
        return True

    def _show(self, schedules: Sequence[ScheduleView]) -> None:
        if not schedules:
            text = "A schedule begins a run by itself, every night for example."
            empty("No schedules yet", text, 'python -m pipeline schedule --cron "0 3 * * *"')
            return
        with table(
            "Schedules", ["State", "Schedule", "Cron", "Next run", "Runs begun", "Last run", ""], ["Runs begun"]
        ):
            for schedule in schedules:
                with row():
                    with cell("", classes="badge"):
                        state_badge(schedule.state)
                    with head_cell():
                        link(schedule.title, page_of(schedule.name))
                    cell("Cron", schedule.cron, "mono")
                    with cell("Next run", classes="when"):
                        time(schedule.next_run if schedule.state == "active" else None)
                    cell("Runs begun", count_text(schedule), "number")
                    with cell("Last run"):
                        _run_link(schedule.last_run)
                    with cell("", classes="labels"):
                        pause_button(schedule, partial(self._change, schedule))

    async def _change(self, schedule: ScheduleView) -> None:
        await change(self._services, schedule, self._frame)
        await self._look()


def pause_button(schedule: ScheduleView, on_click: Callable[[], object]) -> None:
    """Pauses a schedule, or resumes it; nothing for one that has come to its end."""
    verb = {"active": "Pause", "paused": "Resume"}.get(schedule.state)
    if verb:
        button(verb, on_click).props["aria-label"] = f"{verb} {schedule.title}"


async def change(services: Services, schedule: ScheduleView, frame: Frame) -> None:
    """Pauses an active schedule, resumes a paused one, and says so.

    Args:
        services: What it reads from.
        schedule: The schedule.
        frame: The page.
    """
    verb, done = ("pause", "paused") if schedule.state == "active" else ("resume", "active again")
    try:
        await services.reader.post(f"{schedule.name}:{verb}", {})
    except ReadError as error:
        ui.notify(str(error), type="negative")
    else:
        frame.announce(f"{schedule.title} is {done}")


def count_text(schedule: ScheduleView) -> str:
    """How many runs it has begun, and of how many."""
    return f"{schedule.started_runs} of {schedule.most_runs}" if schedule.most_runs else str(schedule.started_runs)


def _run_link(name: str) -> None:
    if linked_page(name):
        link(name.rpartition("/")[2], page_of(name))
    else:
        tag("span", name, "soft")

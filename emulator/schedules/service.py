"""ScheduleService: its methods and where they are, and the ticker behind them."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from emulator.api.bodies import json_response, read_document
from emulator.api.calls import Work
from emulator.api.routes import LOCATION, Route
from emulator.schedules import methods
from emulator.schedules.clock import move_clock
from emulator.schedules.ticker import ScheduleTicker
from emulator.service import Host, Service

SCHEDULE = f"{LOCATION}/schedules/*"


class Schedules(Service):
    """Schedules, and the clock of theirs that tests move: POST /_emulator/clock."""

    collection = "schedules"
    routes = (
        Route("CreateSchedule", "POST", f"{LOCATION}/schedules", "parent", "schedule", methods.create_schedule),
        Route("GetSchedule", "GET", SCHEDULE, "name", "", methods.get_schedule),
        Route("ListSchedules", "GET", f"{LOCATION}/schedules", "parent", "", methods.list_schedules),
        Route("UpdateSchedule", "PATCH", SCHEDULE, "schedule.name", "schedule", methods.update_schedule),
        Route("PauseSchedule", "POST", f"{SCHEDULE}:pause", "name", "*", methods.pause_schedule),
        Route("ResumeSchedule", "POST", f"{SCHEDULE}:resume", "name", "*", methods.resume_schedule),
        Route("DeleteSchedule", "DELETE", SCHEDULE, "name", "", methods.delete_schedule),
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._ticker = ScheduleTicker(host.store, host.take)

    async def open(self) -> None:
        """Begins to start runs; what came due while it was closed is passed over."""
        await self._ticker.open()

    async def close(self) -> None:
        """Starts nothing more."""
        await self._ticker.close()

    def take(self, work: Work) -> None:
        """Looks what is due: a schedule has changed."""
        del work
        self._ticker.wake()

    def pages(self) -> list[HttpRoute]:
        """The control of the clock."""
        return [HttpRoute("/_emulator/clock", self._move_clock, methods=["POST"])]

    async def _move_clock(self, request: Request) -> Response:
        shown = await asyncio.to_thread(self._moved, await read_document(request))
        self._ticker.wake()
        return json_response(shown)

    def _moved(self, document: Any) -> dict[str, str]:
        with self._host.store.transaction() as tx:
            return move_clock(tx, document)

"""Looking again and again, for as long as somebody looks at the page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import background_tasks, ui


class Poll:
    """Calls something at intervals while the page is open and joined to the emulator.

    NiceGUI's own timer goes on while no browser is joined, and counts its interval from the start of a call.

    Args:
        interval_s: Seconds between the end of a call and the next one.
        look: What is called. It tells whether there may be anything new later on.
        at_once: Whether the first call follows the page's opening without a pause.
    """

    def __init__(self, interval_s: float, look: Callable[[], Awaitable[bool]], at_once: bool = False) -> None:
        self._interval_s = interval_s
        self._look = look
        self._at_once = at_once
        self._place = ui.context.slot.parent
        self._task: asyncio.Task[None] | None = None
        client = ui.context.client
        client.on_connect(self._begin)
        client.on_disconnect(self._end)
        client.on_delete(self._end)

    def _begin(self) -> None:
        self._end()
        self._task = background_tasks.create(self._run(), name="poll")

    async def _run(self) -> None:
        if not self._at_once:
            await asyncio.sleep(self._interval_s)
        with self._place:
            while await self._look():
                await asyncio.sleep(self._interval_s)

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

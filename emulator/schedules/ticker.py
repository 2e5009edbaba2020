"""Starts the runs of schedules on time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from emulator.api.calls import Work
from emulator.api.clock import now
from emulator.api.store import Store
from emulator.schedules.runs import pass_over_missed, tick

LOG = logging.getLogger(__name__)
# The machine's clock may be set, and it sleeps: the time is looked at so often, whatever is due.
LONGEST_NAP_S = 30.0
# How often it is looked whether a run has ended that others wait for.
WAITING_NAP_S = 1.0
# A nap that took so much longer was the machine's own: what came due meanwhile is as if the emulator had been down.
SLEPT_S = 60.0


class ScheduleTicker:
    """Sleeps until something is due.

    Args:
        store: The emulator's memory.
        take: What starts a run that has been created.
    """

    def __init__(self, store: Store, take: Callable[[Work], None]) -> None:
        self._store = store
        self._take = take
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begins; what came due while the emulator was down is passed over."""
        await self._store.transact(pass_over_missed)
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Looks again at once: a schedule or the clock has changed."""
        self._changed.set()

    async def _run(self) -> None:
        slept = False
        while True:
            self._changed.clear()
            nap_s = LONGEST_NAP_S
            try:
                if slept:
                    await self._store.transact(pass_over_missed)
                nap_s = await self._tick()
            except Exception:
                LOG.exception("The schedules broke down. They go on in %g s.", LONGEST_NAP_S)
            began = now()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), nap_s)
            slept = (now() - began).total_seconds() > nap_s + SLEPT_S

    async def _tick(self) -> float:
        done = await self._store.transact(tick)
        for work in done.work:
            self._take(work)
        nap_s = LONGEST_NAP_S if done.wake_in_s is None else min(done.wake_in_s, LONGEST_NAP_S)
        return min(nap_s, WAITING_NAP_S) if done.waits else nap_s

    async def close(self) -> None:
        """Starts nothing more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

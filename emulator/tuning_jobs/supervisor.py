"""Tuning jobs at work: each is looked at several times a second, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from emulator.api.calls import Objects, Work
from emulator.api.errors import fault
from emulator.api.store import Store, Transaction
from emulator.custom_jobs.folders import JobFolders
from emulator.custom_jobs.records import is_final
from emulator.tuning_jobs.records import TUNING_JOBS
from emulator.tuning_jobs.study import Step, Study

LOG = logging.getLogger(__name__)
LOOK_S = 0.1


class TuningSupervisor:
    """Follows tuning jobs.

    Args:
        store: The emulator's memory.
        objects: The object store.
        folders: Where the files of custom jobs lie.
        hand_on: Hands work on to the service of custom jobs.
    """

    def __init__(self, store: Store, objects: Objects, folders: JobFolders, hand_on: Callable[[Work], None]) -> None:
        self._store = store
        self._objects = objects
        self._folders = folders
        self._hand_on = hand_on
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Set where there is no time to wait for the next look, by the job.
        self._wakes: dict[str, asyncio.Event] = {}
        self._is_closing = False

    async def open(self) -> None:
        """Goes on with the jobs that had not ended when the emulator did."""

        def left(tx: Transaction) -> list[str]:
            return [job.name for job in tx.everything(TUNING_JOBS).values() if not is_final(job)]

        for name in await self._store.transact(left):
            self._begin(name)

    def take(self, work: Work) -> None:
        """Begins work that a request left.

        Args:
            work: `run` starts a job, `stop` ends one.
        """
        {"run": self._begin, "stop": self._wake}[work.action](work.name)

    def _begin(self, name: str) -> None:
        self._wakes[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._live(name))

    def _wake(self, name: str) -> None:
        if name in self._wakes:
            self._wakes[name].set()

    async def _live(self, name: str) -> None:
        try:
            study = await asyncio.to_thread(Study, self._store, self._objects, self._folders, name)
            await self._follow(name, study)
        finally:
            del self._tasks[name], self._wakes[name]

    async def _follow(self, name: str, study: Study) -> None:
        step = Step([], is_over=False)
        while not (step.is_over or self._is_closing):
            try:
                step = await asyncio.to_thread(study.advance)
            except Exception as error:
                LOG.exception("The tuning job %s broke down.", name)
                failure = fault(f"The emulator failed at {name}", error)
                step = Step(await asyncio.to_thread(study.abandon, failure), is_over=True)
            for work in step.work:
                self._hand_on(work)
            if not step.is_over:
                await self._pause(name)

    async def _pause(self, name: str) -> None:
        wake = self._wakes[name]
        try:
            async with asyncio.timeout(LOOK_S):
                await wake.wait()
        except TimeoutError:
            return
        wake.clear()

    async def close(self) -> None:
        """Stops following; the jobs go on at the next start."""
        self._is_closing = True
        for wake in self._wakes.values():
            wake.set()
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._is_closing = False

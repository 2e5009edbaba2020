"""The runs of all pipeline jobs: a few at once, each in a process of its own, the others waiting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState

from emulator.api.calls import Work
from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.pipeline_jobs import failures, updates
from emulator.pipeline_jobs.details import is_cut_off
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.process import JobProcess, job_environment, root_uri, start_runner
from emulator.pipeline_jobs.publication import Publication, Publisher
from emulator.pipeline_jobs.records import PIPELINE_JOBS, is_final, with_request
from emulator.pipeline_jobs.runners import Runners
from emulator.runner import run_folder
from emulator.settings import Settings

Result = TypeVar("Result")
LOG = logging.getLogger(__name__)

POLL_S = 0.05
WRITE_AGAIN_S = 1.0


@dataclass
class _Run:
    """One run at work.

    Attributes:
        process: None before it is started.
        must_stop: Whether its end was asked for.
    """

    process: JobProcess | None = None
    must_stop: bool = False

    def stop(self) -> None:
        """Asks for its end."""
        self.must_stop = True
        if self.process is not None:
            self.process.stop()


class JobSupervisor:
    """Starts, follows and ends the runs of pipeline jobs.

    Args:
        settings: How the emulator was started.
        store: Its memory.
        storage: The object store.
        folders: Where the files of runs lie.
        base: The environment that runs inherit.
    """

    def __init__(
        self, settings: Settings, store: Store, storage: Publisher, folders: JobFolders, base: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._store = store
        self._storage = storage
        self._runners = Runners(job_environment(base), settings.warm_idle_s if settings.warm else 0.0)
        self._folders = folders
        self._waiting: deque[str] = deque()
        self._runs: dict[str, _Run] = {}
        self._forgotten: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def open(self) -> None:
        """Ends the jobs that ran when the emulator last did, and goes on with those that waited."""
        jobs = await self._transact(lambda tx: tx.everything(PIPELINE_JOBS))
        for job in jobs.values():
            if job.state == PipelineState.PIPELINE_STATE_PENDING:
                self._waiting.append(job.name)
            elif not is_final(job):
                await self._end_interrupted(job.name)
        left_over = await asyncio.to_thread(self._folders.left_over, jobs)
        self._begin_task(asyncio.to_thread(self._folders.remove, left_over))
        self._start_next()
        if jobs and not self._runs:
            self._begin_task(self._runners.stand_by())

    async def _end_interrupted(self, name: str) -> None:
        try:
            await asyncio.to_thread(self._conclude_interrupted, name)
        except Exception as error:  # one broken run is no reason not to start
            LOG.exception("What %s has done cannot be told.", name)
            await self._end(name, failures.broken(error))

    def take(self, work: Work) -> None:
        """Begins work that a request left.

        Args:
            work: `run` starts a job when its turn comes, `stop` ends it, `remove` removes its folder.
        """
        {"run": self._queue, "stop": self._stop, "remove": self._remove}[work.action](work.name)

    def _queue(self, name: str) -> None:
        self._waiting.append(name)
        self._start_next()

    def _stop(self, name: str) -> None:
        if name in self._runs:
            self._runs[name].stop()
            return
        if name in self._waiting:
            self._waiting.remove(name)
        self._begin_task(self._end(name, updates.CANCELLED))

    def _remove(self, name: str) -> None:
        self._forgotten.add(name)
        self._remove_forgotten()

    def _remove_forgotten(self) -> None:
        """Removes the folders of deleted jobs, unless runs may read what the cache has given them of one."""
        if self._runs:
            return
        aside = [path for name in self._forgotten for path in self._folders.put_aside(name)]
        self._forgotten.clear()
        self._begin_task(asyncio.to_thread(self._folders.remove, aside))

    def _begin_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start_next(self) -> None:
        # A deleted job's id can be another one's before its own run has left.
        ready = [name for name in self._waiting if name not in self._runs] if not self._is_closing else []
        for name in ready[: self._settings.max_concurrent_runs - len(self._runs)]:
            self._waiting.remove(name)
            self._runs[name] = _Run()
            self._begin_task(self._live(name, self._runs[name]))

    async def _live(self, name: str, run: _Run) -> None:
        """One run, from its start to its end. Its job is written to have ended when nothing else is left to do."""
        try:
            job = await self._transact(lambda tx: updates.begin(tx, name))
            # Without one, it was cancelled before its turn came.
            await (self._end(name, updates.CANCELLED) if job is None else self._execute(job, run))
        except Exception as error:
            LOG.exception("The run of %s broke down.", name)
            if run.process is not None:
                await run.process.close()
            await self._end(name, failures.INTERRUPTED if self._is_closing else failures.broken(error))
        finally:
            del self._runs[name]
            self._remove_forgotten()
            self._start_next()
        if not self._runs and not self._is_closing:
            await self._runners.stand_by()

    async def _end(self, name: str, error: ApiError) -> None:
        await self._transact(lambda tx: updates.end(tx, name, None, error))

    async def _execute(self, job: PipelineJob, run: _Run) -> None:
        if not await asyncio.to_thread(self._storage.has_bucket, root_uri(job)):
            await self._end(job.name, failures.missing_bucket(job))
            return
        self._forgotten.discard(job.name)
        await asyncio.to_thread(self._folders.prepare, job)
        publication = Publication(self._folders, job.name, root_uri(job), self._storage)
        most = self._settings.max_concurrent_tasks
        run.process = await start_runner(job, self._folders, self._runners, most)
        if run.must_stop:
            run.process.stop()
        error = await self._follow(job, run.process, publication)
        if self._is_closing and not self._folders.run(job.name).path.exists():
            return  # The state folder was moved: the next start finds in it what the run has told.
        told, error = await asyncio.to_thread(self._conclude, job, publication, run.process.told(), error)
        await self._transact(lambda tx: updates.end(tx, job.name, told, error))

    async def _follow(self, job: PipelineJob, process: JobProcess, publication: Publication) -> ApiError | None:
        """Tells what a run does while it lasts; why it had to be ended, if it had to."""
        path = self._folders.run(job.name).job
        seen = None
        error = None
        while not await process.ended(POLL_S):
            stamp = _stamp(path)
            if stamp != seen and error is None:
                seen = stamp
                error = await asyncio.to_thread(self._go_on, job, publication)
                if error is not None:
                    process.stop()
        return error

    def _go_on(self, job: PipelineJob, publication: Publication) -> ApiError | None:
        run, _ = self._told(job.name)
        if run is None:
            return None  # What has become of it is told at its end.
        try:
            publication.publish(run)
        except (ApiError, OSError) as error:
            return failures.unpublished(job, error)
        # The disk may be full for now; the end is told in any case.
        with contextlib.suppress(sqlite3.OperationalError), self._store.transaction() as tx:
            updates.go_on(tx, job.name, run)
        return None

    def _conclude(
        self, job: PipelineJob, publication: Publication, told: str, error: ApiError | None
    ) -> tuple[dict[str, Any] | None, ApiError | None]:
        """Publishes what is left; what a run has told at its end, and why it has ended otherwise, if it has."""
        run, unread = self._told(job.name)
        if run is None:
            error = error or unread or ApiError("FAILED_PRECONDITION", told)
        else:
            try:
                publication.publish(run)
            except (ApiError, OSError) as fault:
                error = error or failures.unpublished(job, fault)
        if self._is_closing and is_cut_off(run):
            error = failures.INTERRUPTED
        self._folders.forget_request(job.name)
        return run, error

    def _conclude_interrupted(self, name: str) -> None:
        """Writes the end of a run that this emulator did not see: as its runner tells it, if it came to its end."""
        with self._store.transaction() as tx:
            job = with_request(tx, tx.get(PIPELINE_JOBS, name) or PipelineJob(name=name))
        run, unread = self._told(name)
        error: ApiError | None = unread or failures.INTERRUPTED
        if run is not None and not is_cut_off(run):
            try:
                Publication(self._folders, name, root_uri(job), self._storage).publish(run)
                error = None
            except (ApiError, OSError) as fault:
                error = failures.unpublished(job, fault)
        self._folders.forget_request(name)
        with self._store.transaction() as tx:
            updates.end(tx, name, run, error)

    def _told(self, name: str) -> tuple[dict[str, Any] | None, ApiError | None]:
        """What a run has told so far, if it has begun; and why that cannot be known, if it cannot."""
        try:
            return run_folder.read_job(self._folders.run(name)), None
        except FileNotFoundError:
            return None, None
        except OSError as error:
            return None, ApiError("INTERNAL", f"What the run has told of itself cannot be read: {error}.")

    async def _transact(self, step: Callable[[Transaction], Result]) -> Result:
        while True:
            try:
                return await self._store.transact(step)
            except sqlite3.OperationalError as error:
                # A full disk. A job whose end is not written would never end.
                if self._is_closing:
                    raise
                LOG.error("The state of a pipeline job cannot be written yet: %s.", error)  # noqa: TRY400 - no fault
                await asyncio.sleep(WRITE_AGAIN_S)

    async def close(self) -> None:
        """Stops all runs. Jobs that wait stay so, for the next start."""
        self._is_closing = True
        self._waiting.clear()
        for run in self._runs.values():
            run.stop()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runners.close()
        self._is_closing = False

    async def forget(self) -> None:
        """Removes the files of all jobs, once it is closed; their records are the caller's to remove."""
        self._forgotten.clear()
        await asyncio.to_thread(self._folders.remove_all)


def _stamp(path: os.PathLike[str]) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino

"""Custom jobs at work: a few at once, each from its start to its end, the others waiting."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import CustomJob, JobState

from emulator.api.calls import Work
from emulator.api.clock import now, seconds
from emulator.api.errors import ApiError, fault
from emulator.api.store import Store, Transaction
from emulator.custom_jobs import packages
from emulator.custom_jobs.folders import JobFolders
from emulator.custom_jobs.processes import ReplicaProcess, replica_processes
from emulator.custom_jobs.records import (
    CANCELLED,
    CUSTOM_JOBS,
    JOB_LOGS,
    OWNERS,
    TRIAL_IDS,
    JobLogs,
    is_final,
    logs_name,
    put_state,
)
from emulator.custom_jobs.replicas import Replica, replicas
from emulator.custom_jobs.task_jobs import has_ended
from emulator.model_servers.command import tail
from emulator.storage.object_store import ObjectStore

LOG = logging.getLogger(__name__)
# How many jobs run at once.
MOST_AT_ONCE = 4
# A job whose replicas were killed, as those of a machine in trouble are, starts again.
MOST_ATTEMPTS = 3
# How often it is looked whether the pipeline job still runs that has asked for a job.
LOOK_S = 0.5
LONGEST_S = 604_800.0
# By SIGKILL: as the keeper tells it, and as the end of a keeper that was killed itself is told.
_KILLED = {137, -9}
_MISSING = re.compile(r"^ModuleNotFoundError: No module named '([^']+)'", re.MULTILINE)


@dataclass
class _Running:
    """A job at work.

    Attributes:
        must_stop: Set once its end is asked for.
        processes: Of its replicas, while they are there.
    """

    must_stop: asyncio.Event = field(default_factory=asyncio.Event)
    processes: Sequence[ReplicaProcess] = ()


class JobSupervisor:
    """Starts, follows and ends custom jobs.

    Args:
        store: The emulator's memory.
        storage: The object store.
        folders: Where the files of jobs lie.
        environment: What replicas inherit.
    """

    def __init__(self, store: Store, storage: ObjectStore, folders: JobFolders, environment: Mapping[str, str]) -> None:
        self._store = store
        self._storage = storage
        self._folders = folders
        self._environment = environment
        self._waiting: deque[str] = deque()
        self._running: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def open(self) -> None:
        """Goes on with the jobs that waited or ran when the emulator last did: those that ran start again."""

        def left(tx: Transaction) -> list[str]:
            found = []
            for job in tx.everything(CUSTOM_JOBS).values():
                if job.state == JobState.JOB_STATE_CANCELLING:
                    put_state(tx, job, JobState.JOB_STATE_CANCELLED, CANCELLED)
                elif not is_final(job):
                    found.append(job.name)
            return found

        self._waiting.extend(await self._store.transact(left))
        self._start_next()

    def take(self, work: Work) -> None:
        """Begins work that a request left.

        Args:
            work: `run` starts a job when its turn comes, `stop` ends it, `remove` removes its folder.
        """
        {"run": self._queue, "stop": self._stop, "remove": self._remove}[work.action](work.name)

    def preempt(self, name: str, replica: str) -> bool:
        """Kills a replica as a machine that is taken away does; whether there is such a one at work."""
        running = self._running.get(name)
        found = [one for one in running.processes if one.replica.name == replica] if running else []
        for one in found:
            one.kill()
        return bool(found)

    def _queue(self, name: str) -> None:
        self._waiting.append(name)
        self._start_next()

    def _stop(self, name: str) -> None:
        if name in self._running:
            self._running[name].must_stop.set()
            return
        if name in self._waiting:
            self._waiting.remove(name)
        self._begin(self._end(name, JobState.JOB_STATE_CANCELLED, CANCELLED))

    def _remove(self, name: str) -> None:
        self._begin(asyncio.to_thread(shutil.rmtree, self._folders.job(name), ignore_errors=True))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start_next(self) -> None:
        while self._waiting and len(self._running) < MOST_AT_ONCE and not self._is_closing:
            name = self._waiting.popleft()
            self._running[name] = _Running()
            self._begin(self._live(name, self._running[name]))

    async def _live(self, name: str, running: _Running) -> None:
        try:
            job = await self._store.transact(lambda tx: self._begun(tx, name))
            if job is not None:
                watch = asyncio.create_task(self._stop_with_owner(name, running))
                try:
                    error = await self._execute(job, running)
                finally:
                    watch.cancel()
                if not self._is_closing:
                    await self._end(name, _state_after(error), error)
        except Exception as error:
            LOG.exception("The custom job %s broke down.", name)
            await self._end(name, JobState.JOB_STATE_FAILED, fault(f"The emulator failed at {name}", error))
        finally:
            del self._running[name]
            self._start_next()

    def _begun(self, tx: Transaction, name: str) -> CustomJob | None:
        job = tx.get(CUSTOM_JOBS, name)
        if job is None or is_final(job):
            return None
        if job.state == JobState.JOB_STATE_CANCELLING:
            put_state(tx, job, JobState.JOB_STATE_CANCELLED, CANCELLED)
            return None
        put_state(tx, job, JobState.JOB_STATE_RUNNING)
        names = [one.name for one in replicas(job.job_spec)]
        if tx.get(JOB_LOGS, logs_name(name)) is None:
            tx.put(JOB_LOGS, logs_name(name), JobLogs(name, now().isoformat(), names))
        return job

    async def _stop_with_owner(self, name: str, running: _Running) -> None:
        """Ends a job once the pipeline job has ended that has asked for it, however its task was ended."""
        owner = await asyncio.to_thread(self._store.peek, OWNERS, name)
        while owner is not None:
            if await asyncio.to_thread(has_ended, self._store, owner):
                running.must_stop.set()
                return
            await asyncio.sleep(LOOK_S)

    async def _end(self, name: str, state: int, error: ApiError | None) -> None:
        def end(tx: Transaction) -> None:
            job = tx.get(CUSTOM_JOBS, name)
            if job is None or is_final(job):
                return
            if job.state == JobState.JOB_STATE_CANCELLING and error is not None:
                put_state(tx, job, JobState.JOB_STATE_CANCELLED, CANCELLED)
            else:
                put_state(tx, job, state, error)

        await self._store.transact(end)

    async def _execute(self, job: CustomJob, running: _Running) -> ApiError | None:
        """Runs a job to its end, again where a machine was in trouble; why it has not succeeded."""
        folder = self._folders.job(job.name)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        try:
            members = replicas(job.job_spec)
            environment = await asyncio.to_thread(self._prepared, members, folder)
            limit_s = seconds(job.job_spec.scheduling.timeout) or LONGEST_S
            async with asyncio.timeout(limit_s):
                for _ in range(MOST_ATTEMPTS):
                    ended = await self._attempt(job, members, environment, running)
                    if ended is None or ended.end.result() not in _KILLED or job.job_spec.scheduling.disable_retries:
                        break
                    LOG.warning("%s of %s was killed. The job starts again.", ended.replica.name, job.name)
        except ApiError as error:
            return error
        except TimeoutError:
            return ApiError("CANCELLED", f"The job was stopped: it ran for longer than {limit_s:g} s, its timeout.")
        if running.must_stop.is_set():
            return CANCELLED
        return None if ended is None else self._failure(job, ended)

    def _prepared(self, members: Sequence[Replica], folder: Path) -> Mapping[str, str]:
        uris = list(dict.fromkeys(uri for one in members for uri in one.packages))
        if not uris:
            return self._environment
        place = packages.install(uris, self._storage, folder)
        others = self._environment.get("PYTHONPATH", "")
        return {**self._environment, "PYTHONPATH": f"{place}:{others}" if others else str(place)}

    async def _attempt(
        self, job: CustomJob, members: Sequence[Replica], environment: Mapping[str, str], running: _Running
    ) -> ReplicaProcess | None:
        """Runs all replicas until the primary's end; the replica that has failed, if one has."""
        trial = await asyncio.to_thread(self._store.peek, TRIAL_IDS, job.name) or ""
        async with replica_processes(job, members, environment, self._folders.job(job.name), trial) as processes:
            running.processes = processes
            stop = asyncio.create_task(running.must_stop.wait())
            try:
                waiting = {one.end: one for one in processes}
                while not stop.done():
                    done, _ = await asyncio.wait([stop, *waiting], return_when=asyncio.FIRST_COMPLETED)
                    ended = [one for end, one in waiting.items() if end in done]
                    failed = [one for one in ended if one.end.result() != 0]
                    if failed:
                        return max(failed, key=lambda one: one.end.result() in _KILLED)
                    if processes[0] in ended:
                        return None
                    waiting = {end: one for end, one in waiting.items() if end not in done}
                return None
            finally:
                stop.cancel()
                running.processes = ()

    def _failure(self, job: CustomJob, failed: ReplicaProcess) -> ApiError:
        name, log = failed.replica.name, self._folders.log(job.name, failed.replica.name)
        end = tail(log)
        missing = _MISSING.search(end)
        hint = (
            f" Its image has the package {missing[1]}; the emulator runs it with its own Python, which has it not: "
            "install it there."
            if missing
            else ""
        )
        return ApiError(
            "INVALID_ARGUMENT",
            f"The replica {name} exited with a non-zero status of {failed.end.result()}.{hint} To find out more about "
            f"why your job exited please check the logs: {log}" + (f" They end:\n{end}" if end else ""),
        )

    async def close(self) -> None:
        """Stops all jobs. Those that ran or wait do so again at the next start."""
        self._is_closing = True
        self._waiting.clear()
        for running in self._running.values():
            running.must_stop.set()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._is_closing = False

    async def forget(self) -> None:
        """Removes the files of all jobs, once it is closed; their records are the caller's to remove."""
        await asyncio.to_thread(shutil.rmtree, self._folders.all, ignore_errors=True)


def _state_after(error: ApiError | None) -> int:
    if error is None:
        return JobState.JOB_STATE_SUCCEEDED
    return JobState.JOB_STATE_CANCELLED if error.status == "CANCELLED" else JobState.JOB_STATE_FAILED

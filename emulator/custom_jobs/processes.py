"""The processes of a custom job's replicas: all of them, or none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from google.cloud.aiplatform_v1.types import CustomJob

from emulator import keeper
from emulator.api.errors import precondition
from emulator.custom_jobs.replicas import Replica, contract_of
from emulator.interpreter import interpreter_needed
from emulator.model_servers.command import search_path
from emulator.model_servers.ports import reserved_port

# Between SIGTERM and SIGKILL. TensorFlow in a cluster hears no SIGTERM.
GRACE_S = 5.0
_PATIENCE_S = GRACE_S + 5.0


class ReplicaProcess:
    """A started replica.

    Attributes:
        replica: What it is.
        end: Gives its exit code; 128 and more tell the signal that ended it.
    """

    def __init__(self, replica: Replica, process: asyncio.subprocess.Process) -> None:
        self.replica = replica
        self._process = process
        self.end: asyncio.Task[int] = asyncio.create_task(process.wait())

    def kill(self) -> None:
        """Kills it at once, as a machine that is taken away."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Ends it with all its processes: they get SIGTERM and, after `GRACE_S`, SIGKILL."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.wait([self.end], timeout=_PATIENCE_S)
        if not self.end.done():
            # Whatever keeps the keeper from its work: its other half takes over.
            self.kill()
            await self.end


@asynccontextmanager
async def replica_processes(
    job: CustomJob, replicas: Sequence[Replica], base: Mapping[str, str], folder: Path, trial: str = ""
) -> AsyncIterator[list[ReplicaProcess]]:
    """Starts all replicas of a job, and stops at the end those that are left.

    Args:
        job: The job.
        replicas: Its replicas.
        base: The environment that the contract's is laid over.
        folder: Where their logs go, after what is there, and a trial's metrics.
        trial: The id of the trial that the job is; empty where it is none.

    Raises:
        ApiError: FAILED_PRECONDITION, where a command is not there, or no Python any more to start it with.
        OSError: There is no free port, or no process to be had.
    """
    path = search_path(base.get("PATH", os.defpath), Path(sys.executable))
    started: list[ReplicaProcess] = []
    with contextlib.ExitStack() as held:
        ports = {one.name: await asyncio.to_thread(held.enter_context, reserved_port()) for one in replicas}
        ready = []
        for one in replicas:
            surroundings = {"PYTHONUNBUFFERED": "1", **base, "PATH": path}
            contract = contract_of(job, one, ports, trial)
            if trial:
                contract["CLOUD_ML_HP_METRIC_FILE"] = str(folder / f"{one.name}.metrics")
            environment = one.environment(surroundings, contract)
            ready.append((one, _program(one, one.command(environment), environment["PATH"]), environment))
        try:
            for one, words, environment in ready:
                started.append(await _started(one, words, environment, folder))
            yield started
        finally:
            await asyncio.shield(_all_stopped(started))


async def _all_stopped(processes: Sequence[ReplicaProcess]) -> None:
    await asyncio.gather(*(one.stop() for one in processes))


def _program(replica: Replica, words: Sequence[str], path: str) -> list[str]:
    if not words:
        raise precondition(
            f"The containerSpec of {replica.name} has neither command nor args. The emulator starts them as a process "
            "of this machine; it cannot run an image, whose entry point is not known here. Set containerSpec.command."
        )
    program = shutil.which(words[0], path=path)
    if program is None:
        raise precondition(f'The command of {replica.name} starts "{words[0]}", which is not on this machine.')
    return [program, *words[1:]]


async def _started(
    replica: Replica, words: Sequence[str], environment: Mapping[str, str], folder: Path
) -> ReplicaProcess:
    with (folder / f"{replica.name}.log").open("ab") as log, interpreter_needed():
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", keeper.__file__, str(GRACE_S), "", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    return ReplicaProcess(replica, process)

"""One life of a model server: a command under a keeper, and its health."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from emulator import keeper
from emulator.api.errors import ApiError, precondition
from emulator.interpreter import interpreter_needed
from emulator.model_servers.command import ModelCommand, search_path, tail
from emulator.model_servers.ports import reserved_port

# Between SIGTERM and SIGKILL.
STOP_AFTER_S = 5.0
FIRST_PROBE_S = 0.05
LONGEST_PROBE_S = 0.1
PROBE_TIMEOUT_S = 5.0


class ModelProcess:
    """A started process.

    Attributes:
        port: Where it is to listen.
        address: The URL of its root.
    """

    def __init__(self, command: ModelCommand, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self._command = command
        self._process = process
        self._log = log
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Waits for the end of the process; its exit code."""
        return await self._process.wait()

    async def wait_healthy(self, client: httpx.AsyncClient, timeout_s: float) -> None:
        """Waits until the health route answers 200.

        Raises:
            ApiError: FAILED_PRECONDITION, where the process ends, or is not healthy after `timeout_s`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        pause = FIRST_PROBE_S
        while not self.ended:
            if await self.is_healthy(client) and not self.ended:
                return
            if loop.time() >= deadline:
                raise self._failure(f"It did not answer 200 at {self._command.health_route} within {timeout_s:g} s.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), pause)
            pause = min(pause * 1.5, LONGEST_PROBE_S)
        raise self._failure(f"Exit code {self._process.returncode}.")

    async def is_healthy(self, client: httpx.AsyncClient) -> bool:
        """Whether the health route answers 200 now."""
        try:
            answer = await client.get(f"{self.address}{self._command.health_route}", timeout=PROBE_TIMEOUT_S)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _failure(self, reason: str) -> ApiError:
        end = tail(self._log)
        return precondition(
            f"Model server exited unexpectedly. Model server logs can be found at {self._log}. {reason}"
            + (f" The log ends:\n{end}" if end else " The log is empty.")
        )

    async def stop(self) -> None:
        """Ends the server with all its processes: they get SIGTERM and, after `STOP_AFTER_S`, SIGKILL."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_AFTER_S + 5)
        except TimeoutError:
            # Whatever keeps the keeper from its work: its other half takes over.
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def model_process(command: ModelCommand, base: Mapping[str, str], log: Path) -> AsyncIterator[ModelProcess]:
    """Starts a model server on a port of its own, and stops it at the end.

    Args:
        command: What to start.
        base: The environment that the container's own is laid over.
        log: Where its output goes, after what is there.

    Raises:
        ApiError: FAILED_PRECONDITION, where there is no such command, or no Python any more to start it with.
    """
    path = search_path(base.get("PATH", os.defpath), Path(sys.executable))
    with contextlib.ExitStack() as held:
        port = await asyncio.to_thread(held.enter_context, reserved_port())
        environment = command.environment({"PYTHONUNBUFFERED": "1", **base, "PATH": path}, port)
        words = command.arguments(environment)
        program = shutil.which(words[0], path=environment["PATH"])
        if program is None:
            raise precondition(f'The model\'s containerSpec.command starts "{words[0]}", which is not on this machine.')
        log.parent.mkdir(parents=True, exist_ok=True)
        output = held.enter_context(log.open("ab"))
        with interpreter_needed():
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", keeper.__file__, str(STOP_AFTER_S), "", program, *words[1:]),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        started = ModelProcess(command, process, port, log)
        try:
            yield started
        finally:
            await asyncio.shield(started.stop())

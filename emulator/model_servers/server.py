"""The server of a deployed model: started, watched by its health route, started again, stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from emulator.api.errors import ApiError, precondition
from emulator.model_servers.command import ModelCommand
from emulator.model_servers.process import ModelProcess, model_process


@dataclass(frozen=True)
class Watch:
    """How a model server is watched.

    Attributes:
        period_s: Seconds between two looks at the health route.
        failures: How many looks in a row may fail before the server is started again.
        first_pause_s: Seconds before the first new start; doubled at each further one.
        longest_pause_s: The most of it.
        drain_s: Seconds that predictions under way have to end, before the server is stopped.
    """

    period_s: float = 5.0
    failures: int = 3
    first_pause_s: float = 0.25
    longest_pause_s: float = 30.0
    drain_s: float = 10.0


class ModelServer:
    """A model server across its lives.

    Args:
        command: What to start.
        base: The environment that the container's own is laid over.
        log: Where its output goes.
        client: What asks its health route.
        timeout_s: Seconds within which it must be healthy.
        watch: How it is watched.
    """

    def __init__(
        self,
        command: ModelCommand,
        base: Mapping[str, str],
        log: Path,
        client: httpx.AsyncClient,
        timeout_s: float,
        watch: Watch | None = None,
    ) -> None:
        self.command = command
        self.log = log
        self._base = base
        self._client = client
        self._timeout_s = timeout_s
        self._watch = watch or Watch()
        self._ready = asyncio.Event()
        self._port = 0
        self._life: asyncio.Task[None] | None = None
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Starts the server and waits until it is healthy. From then on it is kept alive.

        Raises:
            ApiError: It ended, or did not become healthy in time; it is stopped then.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(first))
        try:
            # Either is done first: the life ends before only by a fault of the emulator, which it raises.
            await asyncio.wait({first, self._life}, return_when=asyncio.FIRST_COMPLETED)
            await (first if first.done() else self._life)
        except BaseException:
            await self.stop()
            raise

    def revive(self) -> None:
        """Starts the server of an earlier deployment: it is kept alive even if the first start fails."""
        self._life = asyncio.create_task(self._live(None))

    async def _live(self, first: asyncio.Future[None] | None) -> None:
        pause = self._watch.first_pause_s
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with model_process(self.command, self._base, self.log) as process:
                    await process.wait_healthy(self._client, self._timeout_s)
                    self._port = process.port
                    self._ready.set()
                    if first is not None and not first.done():
                        first.set_result(None)
                    reason = await self._watched(process)
            except (ApiError, OSError, ValueError) as error:
                if first is not None and not first.done():
                    first.set_exception(_told(error))
                    return
                reason = str(error).partition("\n")[0]
            finally:
                self._ready.clear()
            if loop.time() - began > self._watch.longest_pause_s:
                pause = self._watch.first_pause_s
            self._note(f"{reason} It starts again in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._watch.longest_pause_s)

    async def _watched(self, process: ModelProcess) -> str:
        """Returns, with the reason, when the process has ended or has been unhealthy for too long."""
        failures = 0
        while failures < self._watch.failures:
            try:
                code = await asyncio.wait_for(process.wait(), self._watch.period_s)
            except TimeoutError:
                failures = 0 if await process.is_healthy(self._client) else failures + 1
            else:
                return f"The model server ended with exit code {code}."
        return f"The model server failed {failures} health checks in a row."

    def _note(self, text: str) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        with contextlib.suppress(OSError), self.log.open("a", encoding="utf-8") as file:
            file.write(f"[emulator {stamp}] {text}\n")

    @property
    def is_ready(self) -> bool:
        """Whether the server was healthy when it was last looked at."""
        return self._ready.is_set()

    async def healthy_port(self, patience_s: float) -> int:
        """The server's port, once it is healthy.

        Raises:
            ApiError: UNAVAILABLE, where it is not healthy within `patience_s`.
        """
        if not self._ready.is_set():
            try:
                await asyncio.wait_for(self._ready.wait(), patience_s)
            except TimeoutError:
                raise ApiError(
                    "UNAVAILABLE",
                    f"The model server of deployed model {self.command.name} is being started again and was not "
                    f"healthy within {patience_s:g} s. Its log is {self.log}.",
                ) from None
        return self._port

    @contextlib.contextmanager
    def use(self) -> Iterator[None]:
        """Marks a prediction as under way: the server is not stopped before its end."""
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def stop(self, drain: bool = False) -> None:
        """Stops the server for good.

        Args:
            drain: Whether predictions under way may end first.
        """
        if drain:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), self._watch.drain_s)
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life


def _told(error: Exception) -> ApiError:
    """What a deployment ends with: a command that cannot be started is its sender's fault."""
    return error if isinstance(error, ApiError) else precondition(f"The model server cannot be started: {error}.")

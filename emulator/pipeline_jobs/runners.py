"""The processes of runners, of which one stands by for the next run."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import Mapping
from pathlib import Path

from emulator.interpreter import interpreter_needed
from emulator.runner.standby import Call


class Runners:
    """Starts runners.

    Args:
        environment: Their environment.
        standby_s: For how long one stands by; with 0 none does.
    """

    def __init__(self, environment: Mapping[str, str], standby_s: float) -> None:
        self._environment = environment
        self._standby_s = standby_s
        self._standby: Process | None = None
        self._dismissal: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()

    async def stand_by(self) -> Process | None:
        """Has one stand by, if none does; it. None where none is wanted, or can be started."""
        async with self._one_at_a_time:
            if self._standby_s and self._standby is None:
                await self._stand_by()
            return self._standby

    async def _stand_by(self) -> None:
        with contextlib.suppress(OSError):  # the next run will tell
            command = [sys.executable, "-m", "emulator.runner.standby"]
            self._standby = await create_subprocess_exec(
                *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env=self._environment, start_new_session=True
            )
            self._dismissal = asyncio.get_running_loop().call_later(self._standby_s, self._dismiss)

    async def start(self, call: Call) -> Process:
        """Starts a runner, which leads a session and whose standard input can be written to.

        Raises:
            ApiError: FAILED_PRECONDITION, where there is no Python any more to start it with.
            OSError: It cannot be started.
        """
        ready = self._standby
        if ready is not None and ready.stdin is not None and Path(sys.executable).exists():
            self._release()
            with contextlib.suppress(ConnectionError):  # it has just been killed
                if ready.returncode is None:
                    ready.stdin.write(call.line)
                    await ready.stdin.drain()
                    return ready
        command = [sys.executable, "-m", "emulator.runner", *call.arguments]
        variables = {**self._environment, **call.variables}
        with Path(call.output).open("wb") as output, interpreter_needed():
            return await create_subprocess_exec(
                *command, stdin=PIPE, stdout=output, stderr=output, env=variables, start_new_session=True
            )

    async def close(self) -> None:
        """Ends the one that stands by."""
        ready = self._standby
        self._dismiss()
        if ready is not None:
            await ready.wait()

    def _dismiss(self) -> None:
        ready = self._standby
        self._release()
        if ready is not None:
            with contextlib.suppress(ProcessLookupError):
                ready.terminate()

    def _release(self) -> None:
        self._standby = None
        if self._dismissal is not None:
            self._dismissal.cancel()

"""Runs a task that is one of Google's launchers, as it is, against the emulator."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import httpx

from emulator.runner import launcher_start
from emulator.runner.errors import RunnerError
from emulator.runner.job_failure import failure_of
from emulator.runner.json_values import plain
from emulator.runner.launchers import JOBS, argument, payload_text, resources_in
from emulator.runner.task_handler import TaskHandler
from emulator.runner.task_processes import StoppedError

_ASK_S = 60.0


class LauncherHandler(TaskHandler):
    """The handler of such a task. What it has begun is cancelled with it."""

    def _execute(self, log: IO[bytes]) -> str:
        address = os.environ.get("VERTEX_EMULATOR_HOST", "")
        if not address:
            raise RunnerError("The task calls Vertex AI, which the emulator is. Submit the pipeline to an emulator.")
        self._command = _started(self._command)
        told = _resources(self._command)
        if told is not None:
            told.parent.mkdir(parents=True, exist_ok=True)
            # What an earlier attempt has begun is not this one's.
            told.unlink(missing_ok=True)
        error = ""
        try:
            error = super()._execute(log)
            return error and (_of_job(address, told, log) or error)
        finally:
            # A launcher that is stopped ends with exit code 0, and cancels nothing where it has not yet begun to ask.
            if (error or self._processes.is_stopped) and told is not None:
                _cancel(address, told)
            if self._processes.is_stopped:
                raise StoppedError


def _resources(command: Sequence[str]) -> Path | None:
    """The file in which a launcher tells what it has started, if it is one that does."""
    name = "--gcp_resources"
    return Path(argument(command, name)) if name in command else None


def _started(command: Sequence[str]) -> list[str]:
    """The command by which a launcher reaches the emulator, and with whole numbers in what it sends."""
    started = ["python3", launcher_start.__file__, *command[3:]]
    # Of what is no JSON the launcher has to tell, and some have none.
    with contextlib.suppress(ValueError):
        payload = plain(json.loads(payload_text(command), strict=False))
        started[started.index("--payload") + 1] = json.dumps(payload)
    return started


def _of_job(address: str, told: Path | None, log: IO[bytes]) -> str:
    """Why the job that a launcher has started has failed, which no launcher tells; "" where there is none."""
    with contextlib.suppress(OSError, httpx.HTTPError), _asking(address) as http:
        for name in [] if told is None else resources_in(told.read_text(encoding="utf-8")):
            if any(f"/{kind.collection}/" in name for kind in JOBS.values()):
                error, details = failure_of(http, http.get(name).raise_for_status().json())
                log.write(f"{details}\n".encode("utf-8", "replace"))
                return error
    return ""


def _asking(address: str) -> httpx.Client:
    return httpx.Client(base_url=f"{address}/v1/", trust_env=False, timeout=_ASK_S)


def _cancel(address: str, told: Path) -> None:
    with contextlib.suppress(OSError, httpx.HTTPError), _asking(address) as http:
        for name in resources_in(told.read_text(encoding="utf-8")):
            http.post(f"{name}:cancel")

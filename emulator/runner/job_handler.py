"""Runs a task that is a job: in the place of Google's launcher, whose imports alone take longer than most jobs."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import httpx

from emulator.runner.errors import RunnerError
from emulator.runner.job_failure import failure_of
from emulator.runner.launchers import JOBS, RUN_LABELS, JobKind, argument, gcp_resources, payload_of
from emulator.runner.task_handler import TaskHandler
from emulator.runner.task_processes import StoppedError

POLL_S = 0.1
_ASK_S = 60.0
# The emulator may be busy; a job that is asked for in vain for so long has ended with it.
_PATIENCE_S = 30.0
_FINAL = {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"}


class JobHandler(TaskHandler):
    """The handler of such a task. The job is the emulator's, and ends with the task however that ends."""

    def _execute(self, log: IO[bytes]) -> str:
        kind = JOBS[self._task.launcher]
        address = os.environ.get("VERTEX_EMULATOR_HOST", "")
        if not address:
            raise RunnerError(
                f"The task is a {kind.noun}, which the emulator runs. Submit the pipeline to an emulator."
            )
        job = _Job(kind, address, log)
        with job.http, self._processes.stoppable(job.stop):
            told = job.run(argument(self._command, "--project"), argument(self._command, "--location"), self._payload())
            _write(Path(argument(self._command, "--gcp_resources")), gcp_resources(kind, told["name"]))
            told = job.followed(told["name"])
            if self._processes.is_stopped:
                raise StoppedError
            return "" if told["state"] == "JOB_STATE_SUCCEEDED" else job.failure(told)

    def _payload(self) -> dict[str, Any]:
        payload = payload_of(self._command)
        labels = {**json.loads(os.environ.get(RUN_LABELS) or "{}"), **payload.get("labels", {})}
        return {**payload, "labels": labels}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class _Job:
    """The job of one attempt.

    Args:
        kind: What kind of job it is.
        address: The emulator's.
        log: Where it is told what becomes of the job.
    """

    def __init__(self, kind: JobKind, address: str, log: IO[bytes]) -> None:
        self._kind = kind
        self.http = httpx.Client(base_url=f"{address}/v1/", trust_env=False, timeout=_ASK_S)
        self._log = log
        self._name = ""
        self._ended = threading.Event()

    def run(self, project: str, location: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Creates it.

        Raises:
            RunnerError: It is refused.
        """
        answer = self.http.post(f"projects/{project}/locations/{location}/{self._kind.collection}", json=payload)
        told: dict[str, Any] = answer.json()
        if answer.is_error:
            raise RunnerError(f"The {self._kind.noun} is refused: {told['error']['message']}")
        self._name = told["name"]
        self._tell(f"The {self._kind.noun} {self._name} is created.")
        return told

    def followed(self, name: str) -> dict[str, Any]:
        """Waits for its end; what it then is."""
        seen, lost_s = "", 0.0
        while True:
            try:
                told: dict[str, Any] = self.http.get(name).raise_for_status().json()
                lost_s = 0.0
            except httpx.HTTPError as error:
                lost_s += POLL_S
                if lost_s > _PATIENCE_S:
                    raise RunnerError(f"The {self._kind.noun} {name} cannot be asked for any more: {error}.") from error
                told = {"state": seen}
            if told["state"] != seen:
                seen = told["state"]
                self._tell(f"The {self._kind.noun} {name} is in state {seen}.")
            if seen in _FINAL:
                self._ended.set()
                return told
            self._ended.wait(POLL_S)

    def stop(self) -> None:
        """Has it cancelled, and waits for its end."""
        with contextlib.suppress(httpx.HTTPError):
            if self._name:
                self.http.post(f"{self._name}:cancel")
                self._ended.wait(_PATIENCE_S)

    def failure(self, told: Mapping[str, Any]) -> str:
        """Why it has failed. The log has the rest."""
        error, details = failure_of(self.http, told)
        self._tell(details)
        return error

    def _tell(self, text: str) -> None:
        self._log.write(f"{text}\n".encode("utf-8", "replace"))

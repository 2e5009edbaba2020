"""Runs the command of one task in the place of kfp.local, and notes its inputs and why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from emulator.runner.failures import explain
from emulator.runner.public_uris import PublicUris
from emulator.runner.recorder import Recorder
from emulator.runner.task_processes import StoppedError, TaskProcesses
from emulator.runner.task_record import TaskPath, Values
from emulator.runner.task_values import given_to

if TYPE_CHECKING:
    from kfp.local.status import Status

_LOG_READ = 1 << 20


@dataclass
class TaskRun:
    """One task at work.

    Attributes:
        log: The file of its own output.
        attempts: How often it has been tried.
        error: Why the last attempt failed.
        cached_inputs: What it would have been given, where it need not run.
        launcher: Which of Google's launchers it is; empty if it is none.
    """

    path: TaskPath
    log: Path
    attempts: int = 0
    error: str = ""
    cached_inputs: Values | None = None
    launcher: str = ""


class TaskHandler:
    """Stands in for kfp.local's SubprocessTaskHandler, which is made with a task's command and then run.

    That one warns of every image without "python" in its name, changes each `python3` in the arguments, data
    included, into an unquoted path, and prints the task's output among its own.

    Args:
        task: The task at work.
        recorder: Is told what the task was given.
        uris: Tells artifacts' public URIs.
        processes: Runs the command.
        full_command: The command, every placeholder in it resolved.
        env_vars: Environment variables of the task's own.
        unused: What else kfp.local gives: the image, the pipeline root and the runner.
    """

    def __init__(
        self,
        task: TaskRun,
        recorder: Recorder,
        uris: PublicUris,
        processes: TaskProcesses,
        *,
        full_command: list[str],
        env_vars: Mapping[str, str] | None = None,
        **unused: Any,
    ) -> None:
        del unused
        self._task = task
        self._recorder = recorder
        self._uris = uris
        self._processes = processes
        self._command = full_command
        self._variables = env_vars or {}

    def run(self) -> Status:
        """Runs the command to its end.

        Raises:
            StoppedError: The run was stopped in the meantime.
        """
        from kfp.local.status import Status

        task = self._task
        with self._recorder.change() as (state, now):
            state.task_given(task.path, given_to(self._command).with_uris(self._uris.of), now)
            if task.attempts:
                state.task_retried(task.path, self._uris.in_text(task.error), now)
        task.attempts += 1
        task.log.parent.mkdir(parents=True, exist_ok=True)
        with task.log.open("ab", buffering=0) as log:
            if task.attempts > 1:
                log.write(f"\n--- Attempt {task.attempts} ---\n".encode())
            error = self._execute(log)
        if not error:
            return Status.SUCCESS
        task.error = error
        return Status.FAILURE

    def _execute(self, log: IO[bytes]) -> str:
        """Does one attempt; why it has failed, if it has."""
        start = log.tell()
        code = self._processes.run(self._command, log, self._variables)
        if code and self._processes.is_stopped:
            raise StoppedError
        return explain(_tail(self._task.log, start), code) if code else ""


def _tail(log: Path, start: int) -> str:
    """The end of a log, at most `_LOG_READ` bytes of it and nothing before `start`."""
    with log.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(start, end - _LOG_READ))
        return file.read().decode("utf-8", errors="replace")

"""The process that executes one pipeline job: how it is started and how it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from google.cloud.aiplatform_v1.types import PipelineJob
from google.cloud.aiplatform_v1.types.pipeline_failure_policy import PipelineFailurePolicy

from emulator.api.names import id_of
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.runners import Runners
from emulator.runner.launchers import RUN_LABELS
from emulator.runner.standby import Call
from emulator.runner.task_processes import GRACE_S

# Between SIGTERM and SIGKILL: the runner gives its tasks GRACE_S and a few seconds more.
STOP_AFTER_S = GRACE_S + 8.0
_LONGEST_TOLD = 4000
# Even where an emulator is named, gcsfs asks Google what kind of bucket it has, unless it is told not to, and takes
# the user's own credentials before none.
_STORAGE_OPTIONS = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false", "FSSPEC_GCS_TOKEN": "anon"}


def job_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of a run's tasks: it points their clients at this emulator, no proxy between.

    Args:
        base: The emulator's own, with the addresses of its services.
    """
    beyond_proxies = [*filter(None, [base.get("no_proxy") or base.get("NO_PROXY")]), "127.0.0.1"]
    return {**base, **_STORAGE_OPTIONS, "no_proxy": ",".join(beyond_proxies)}


def root_uri(job: PipelineJob) -> str:
    """Where a job's artifacts lie: below its output directory, in a folder of its own."""
    return f"{job.runtime_config.gcs_output_directory.rstrip('/')}/{id_of(job.name)}"


class JobProcess:
    """A started runner.

    Args:
        process: Its process, which leads a session of its own.
        errors: The file that has what it wrote to standard error.
    """

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self._process = process
        self._errors = errors
        self._end = asyncio.create_task(process.wait())
        self._ending: asyncio.Task[None] | None = None

    async def ended(self, patience_s: float) -> bool:
        """Waits for the process's end; whether it has come in time."""
        await asyncio.wait([self._end], timeout=patience_s)
        return self._end.done()

    def stop(self) -> None:
        """Asks the runner to stop its tasks and to end; it is killed if that takes too long."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        if not await self.ended(STOP_AFTER_S):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Stops the runner, if it has not ended, and waits for its end."""
        if not self._end.done():
            self.stop()
        if self._ending is not None:
            await self._ending
        await self._end

    def told(self) -> str:
        """What the runner wrote to standard error, in short."""
        with contextlib.suppress(OSError):  # the file may be gone with its folder
            if text := self._errors.read_text(encoding="utf-8", errors="replace").strip():
                return text[-_LONGEST_TOLD:]
        return f"The runner ended with exit code {self._process.returncode}."


async def start_runner(
    job: PipelineJob, folders: JobFolders, runners: Runners, max_concurrent_tasks: int
) -> JobProcess:
    """Starts the runner of a job whose folder is prepared. It ends by itself should this process die.

    Args:
        job: The job.
        folders: Where its files lie.
        runners: Start its process.
        max_concurrent_tasks: As the emulator's settings tell.

    Raises:
        ApiError: FAILED_PRECONDITION, where there is no Python any more to start it with.
        OSError: It cannot be started.
    """
    request = folders.request(job.name)
    policy = job.runtime_config.failure_policy
    is_fast = policy == PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST
    options = {
        "--spec": request / "pipeline.json",
        "--parameters": request / "parameters.json",
        "--run-dir": folders.run(job.name).path,
        "--job-name": job.name,
        "--root-uri": root_uri(job),
        "--cache-dir": folders.cache,
        "--failure-policy": "fast" if is_fast else "slow",
        "--max-concurrent-tasks": max_concurrent_tasks,
    }
    arguments = ["--stop-with-stdin", *(str(word) for option in options.items() for word in option)]
    errors = request / "errors.txt"
    labels = {RUN_LABELS: json.dumps(dict(job.labels))}
    return JobProcess(await runners.start(Call(arguments, labels, str(errors))), errors)

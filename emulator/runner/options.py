"""The runner's command line."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from emulator.runner.errors import UsageError

_JOB_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/pipelineJobs/(?P<id>[^/]+)")


class FailurePolicy(StrEnum):
    """What becomes of a run once a task has failed.

    SLOW runs everything that does not need the failed task; FAST begins nothing new. What runs ends by itself,
    and exit handlers run, under either.
    """

    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True)
class Options:
    """What a run is asked to be.

    Attributes:
        spec: The compiled pipeline.
        parameters: The file of its parameters. None where there are none.
        run_dir: The folder of the run. Absolute.
        job_name: The run's resource name.
        root_uri: Where artifacts are said to lie. Empty tells their paths.
        cache_dir: The folder of the cache's entries. None runs every task.
        max_concurrent_tasks: How many of the run's tasks are at work at once.
    """

    spec: Path
    parameters: Path | None
    run_dir: Path
    job_name: str
    root_uri: str
    cache_dir: Path | None
    max_concurrent_tasks: int
    failure_policy: FailurePolicy
    stop_with_stdin: bool

    @property
    def location(self) -> str:
        """The `projects/P/locations/L` of the run."""
        return self.job_name.rpartition("/pipelineJobs/")[0]


def parse_options(arguments: Sequence[str] | None) -> Options:
    """Reads the command line; None reads that of this process.

    Raises:
        UsageError: The job's name and the run folder's do not belong together, or a number makes no sense.
        SystemExit: It cannot be read.
    """
    given = _parser().parse_args(arguments)
    run_dir = given.run_dir.absolute()
    name = given.job_name or f"projects/local/locations/local/pipelineJobs/{run_dir.name}"
    found = _JOB_NAME.fullmatch(name)
    if given.max_concurrent_tasks < 0:
        raise UsageError(f"--max-concurrent-tasks must not be negative. Received: {given.max_concurrent_tasks}.")
    if found is None or found["id"] != run_dir.name:
        raise UsageError(
            f"--job-name must be projects/PROJECT/locations/LOCATION/pipelineJobs/{run_dir.name}, "
            f"after the run folder {run_dir}. Received: {name}."
        )
    return Options(
        spec=given.spec,
        parameters=given.parameters,
        run_dir=run_dir,
        job_name=name,
        root_uri=given.root_uri.rstrip("/"),
        cache_dir=None if given.no_cache or given.cache_dir is None else given.cache_dir.absolute(),
        max_concurrent_tasks=given.max_concurrent_tasks or _processors(),
        failure_policy=FailurePolicy(given.failure_policy),
        stop_with_stdin=given.stop_with_stdin,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator.runner", description="Runs a compiled pipeline here.")
    add = parser.add_argument
    add("--spec", type=Path, required=True, metavar="YAML", help="the pipeline, compiled by kfp")
    add("--parameters", type=Path, metavar="JSON", help="an object of names and values (default: none)")
    add(
        "--run-dir",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where the run's files go; its name is the run's id",
    )
    add(
        "--job-name",
        default="",
        metavar="NAME",
        help="the run's name (default: projects/local/locations/local/pipelineJobs/ID)",
    )
    add(
        "--root-uri",
        default="",
        metavar="URI",
        help="where artifacts are said to lie, such as gs://bucket/pipeline-root/ID (default: where they lie)",
    )
    add("--cache-dir", type=Path, metavar="FOLDER", help="where outputs are found again (default: every task runs)")
    add("--no-cache", action="store_true", help="run every task, whatever the cache holds")
    add(
        "--max-concurrent-tasks",
        type=int,
        default=0,
        metavar="NUMBER",
        help="how many tasks are at work at once; 0 has as many as there are processors (default: 0)",
    )
    policies = [policy.value for policy in FailurePolicy]
    add("--failure-policy", choices=policies, default=FailurePolicy.SLOW.value, help="what runs after a failure")
    add("--stop-with-stdin", action="store_true", help="stop the run when standard input ends")
    return parser


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

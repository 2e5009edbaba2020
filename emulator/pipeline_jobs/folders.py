"""Where the files of runs lie in the state folder.

runs/PROJECT/LOCATION/JOB_ID            the run's folder, as emulator/runner/run_folder.py tells
runs/PROJECT/LOCATION/JOB_ID.request    what its runner is given, until the run has ended
cache/                                  the runner's cache
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob
from google.protobuf import json_format

from emulator.runner.run_folder import RunFolder

_ASIDE = ".removed-"


@dataclass(frozen=True)
class JobFolders:
    """The folders of all runs.

    Attributes:
        state_dir: The emulator's state folder.
    """

    state_dir: Path

    @property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.state_dir / "runs"

    @property
    def cache(self) -> Path:
        """The folder of the runner's cache."""
        return self.state_dir / "cache"

    def run(self, job_name: str) -> RunFolder:
        """The run folder of a job."""
        _, project, _, location, _, job_id = job_name.split("/")
        return RunFolder(self.runs / project / location / job_id)

    def request(self, job_name: str) -> Path:
        """The folder of what a job's runner is given. No job's id holds a dot."""
        path = self.run(job_name).path
        return path.with_name(f"{path.name}.request")

    def prepare(self, job: PipelineJob) -> None:
        """Writes what the runner of a job is given, and clears what an earlier job of the name has left.

        Args:
            job: The job with its request.
        """
        self.remove(self.put_aside(job.name))
        request = self.request(job.name)
        request.mkdir(parents=True)
        pb = PipelineJob.pb(job)
        spec = json_format.MessageToDict(pb.pipeline_spec)
        values: dict[str, Any] = {
            name: json_format.MessageToDict(value) for name, value in pb.runtime_config.parameter_values.items()
        }
        # Those of specifications before 2.1.0: {"intValue": ...}, {"doubleValue": ...} or {"stringValue": ...}.
        for name, value in pb.runtime_config.parameters.items():
            values[name] = getattr(value, value.WhichOneof("value") or "string_value")
        (request / "pipeline.json").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
        (request / "parameters.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")

    def forget_request(self, job_name: str) -> None:
        """Removes what a runner was given: its run has ended."""
        shutil.rmtree(self.request(job_name), ignore_errors=True)

    def put_aside(self, job_name: str) -> list[Path]:
        """Gives the folders of a job other names, which takes no time: a new job of that id can then begin.

        Returns:
            The folders, which are to be removed.
        """
        aside = []
        for path in (self.run(job_name).path, self.request(job_name)):
            other = path.with_name(f"{path.name}{_ASIDE}{secrets.token_hex(4)}")
            with contextlib.suppress(FileNotFoundError):
                path.rename(other)
                aside.append(other)
        return aside

    @staticmethod
    def remove(paths: Iterable[Path]) -> None:
        """Removes folders."""
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)

    def left_over(self, job_names: Iterable[str]) -> list[Path]:
        """The folders that belong to none of the jobs that there are: their jobs were deleted."""
        known = {self.run(name).path for name in job_names}
        return [path for path in self.runs.glob("*/*/*") if path not in known]

    def remove_all(self) -> None:
        """Removes the folders of all jobs, and the cache."""
        self.remove([self.runs, self.cache])

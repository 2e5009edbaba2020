"""Where the files of runs lie in the state folder.

runs/PROJECT/LOCATION/JOB_ID            the run's folder, as emulator/runner/run_folder.py tells
runs/PROJECT/LOCATION/JOB_ID.request    what its runner is given, until the run has ended
cache/                                  the runner's cache
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob
from google.protobuf import json_format

from emulator.runner.run_folder import RunFolder


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
        self.remove(job.name)
        request = self.request(job.name)
        request.mkdir(parents=True)
        pb = PipelineJob.pb(job)
        spec = json_format.MessageToDict(pb.pipeline_spec)
        values: dict[str, Any] = {
            name: json_format.MessageToDict(value) for name, value in pb.runtime_config.parameter_values.items()
        }
        (request / "pipeline.json").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
        (request / "parameters.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")

    def remove(self, job_name: str) -> None:
        """Removes the folders of a job, if there are any."""
        shutil.rmtree(self.run(job_name).path, ignore_errors=True)
        shutil.rmtree(self.request(job_name), ignore_errors=True)

    def remove_all(self) -> None:
        """Removes the folders of all jobs, and the cache."""
        shutil.rmtree(self.runs, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)

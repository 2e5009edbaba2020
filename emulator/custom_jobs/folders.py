"""Where the files of custom jobs lie in the state folder.

custom_jobs/N/workerpool0-0.log       what a replica wrote; N is the job's number
custom_jobs/N/workerpool0-0.metrics   what it reports as a trial of a tuning job
custom_jobs/N/packages                those of a pythonPackageSpec
custom_jobs/N/site-packages           the same, installed
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emulator.api.names import id_of


@dataclass(frozen=True)
class JobFolders:
    """The folders of all jobs.

    Attributes:
        state_dir: The emulator's state folder.
    """

    state_dir: Path

    @property
    def all(self) -> Path:
        """The folder of all jobs."""
        return self.state_dir / "custom_jobs"

    def job(self, name: str) -> Path:
        """The folder of a job."""
        return self.all / id_of(name)

    def log(self, name: str, replica: str) -> Path:
        """The file that has what a replica of a job writes."""
        return self.job(name) / f"{replica}.log"

    def metrics(self, name: str, replica: str) -> Path:
        """The file into which a replica of a trial reports its metrics."""
        return self.job(name) / f"{replica}.metrics"

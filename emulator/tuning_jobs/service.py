"""JobService: the methods of hyperparameter tuning jobs and where they are, and the search behind them."""

from __future__ import annotations

from emulator.api.calls import Work
from emulator.api.routes import LOCATION, Route
from emulator.custom_jobs.folders import JobFolders
from emulator.service import Host, Service
from emulator.tuning_jobs import methods
from emulator.tuning_jobs.rules import JOB
from emulator.tuning_jobs.supervisor import TuningSupervisor

HELD = f"{LOCATION}/hyperparameterTuningJobs"
ONE = f"{HELD}/*"


class TuningJobs(Service):
    """Hyperparameter tuning jobs. Their trials are custom jobs."""

    collection = "hyperparameterTuningJobs"
    routes = (
        Route("CreateHyperparameterTuningJob", "POST", HELD, "parent", JOB, methods.create_tuning_job),
        Route("GetHyperparameterTuningJob", "GET", ONE, "name", "", methods.get_tuning_job),
        Route("ListHyperparameterTuningJobs", "GET", HELD, "parent", "", methods.list_tuning_jobs),
        Route("CancelHyperparameterTuningJob", "POST", f"{ONE}:cancel", "name", "*", methods.cancel_tuning_job),
        Route("DeleteHyperparameterTuningJob", "DELETE", ONE, "name", "", methods.delete_tuning_job),
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        folders = JobFolders(host.settings.state_dir)
        self._supervisor = TuningSupervisor(host.store, host.storage, folders, host.take)

    async def open(self) -> None:
        """Goes on with the jobs that had not ended."""
        await self._supervisor.open()

    async def close(self) -> None:
        """Stops following jobs; they go on at the next start."""
        await self._supervisor.close()

    def take(self, work: Work) -> None:
        """Begins a job, or its end."""
        self._supervisor.take(work)

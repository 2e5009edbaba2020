"""PipelineService: its methods and where they are, and the runs behind them."""

from __future__ import annotations

from emulator.api.calls import Work
from emulator.api.routes import LOCATION, Route
from emulator.pipeline_jobs import batches, listing, methods
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.supervisor import JobSupervisor
from emulator.service import Host, Service

PIPELINE_JOB = f"{LOCATION}/pipelineJobs/*"


class PipelineJobs(Service):
    """Pipeline jobs and their runs."""

    collection = "pipelineJobs"
    routes = (
        Route("CreatePipelineJob", "POST", f"{LOCATION}/pipelineJobs", "parent", "pipeline_job",
              methods.create_pipeline_job),
        Route("GetPipelineJob", "GET", PIPELINE_JOB, "name", "", methods.get_pipeline_job),
        Route("ListPipelineJobs", "GET", f"{LOCATION}/pipelineJobs", "parent", "", listing.list_pipeline_jobs),
        Route("CancelPipelineJob", "POST", f"{PIPELINE_JOB}:cancel", "name", "*", methods.cancel_pipeline_job),
        Route("DeletePipelineJob", "DELETE", PIPELINE_JOB, "name", "", methods.delete_pipeline_job),
        Route("BatchDeletePipelineJobs", "POST", f"{LOCATION}/pipelineJobs:batchDelete", "parent", "*",
              batches.batch_delete_pipeline_jobs),
        Route("BatchCancelPipelineJobs", "POST", f"{LOCATION}/pipelineJobs:batchCancel", "parent", "*",
              batches.batch_cancel_pipeline_jobs),
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._folders = JobFolders(host.settings.state_dir)
        self._supervisor = JobSupervisor(host.settings, host.store, host.storage, self._folders, host.environment)

    async def open(self) -> None:
        """Ends the jobs that ran when the emulator last did, and goes on with those that waited."""
        await self._supervisor.open()

    async def close(self) -> None:
        """Stops all runs; jobs that wait stay so."""
        await self._supervisor.close()

    async def forget(self) -> None:
        """Removes the files of all jobs."""
        await self._supervisor.forget()

    def take(self, work: Work) -> None:
        """Begins a job's run, its end, or the removal of its folder."""
        self._supervisor.take(work)

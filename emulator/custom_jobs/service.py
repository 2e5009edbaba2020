"""JobService: the methods of custom jobs and where they are, and the replicas behind them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from emulator.api.bodies import json_response, read_document
from emulator.api.calls import Work
from emulator.api.errors import ApiError, invalid
from emulator.api.routes import LOCATION, Route
from emulator.custom_jobs import methods
from emulator.custom_jobs.folders import JobFolders
from emulator.custom_jobs.supervisor import JobSupervisor
from emulator.pipeline_jobs.process import job_environment
from emulator.service import Host, Service

CUSTOM_JOB = f"{LOCATION}/customJobs/*"
# What a request to take a machine away names.
_PREEMPTED = ("customJob", "replica")


class CustomJobs(Service):
    """Custom jobs and their replicas."""

    collection = "customJobs"
    routes = (
        Route("CreateCustomJob", "POST", f"{LOCATION}/customJobs", "parent", "custom_job", methods.create_custom_job),
        Route("GetCustomJob", "GET", CUSTOM_JOB, "name", "", methods.get_custom_job),
        Route("ListCustomJobs", "GET", f"{LOCATION}/customJobs", "parent", "", methods.list_custom_jobs),
        Route("CancelCustomJob", "POST", f"{CUSTOM_JOB}:cancel", "name", "*", methods.cancel_custom_job),
        Route("DeleteCustomJob", "DELETE", CUSTOM_JOB, "name", "", methods.delete_custom_job),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        folders = JobFolders(host.settings.state_dir)
        self._supervisor = JobSupervisor(host.store, host.storage, folders, job_environment(host.environment))

    def pages(self) -> list[HttpRoute]:
        """What takes a replica's machine away, for tests."""
        return [HttpRoute("/_emulator/preempt", self._preempt, methods=["POST"])]

    async def _preempt(self, request: Request) -> Response:
        document = await read_document(request)
        if not isinstance(document, dict) or not all(isinstance(document.get(key), str) for key in _PREEMPTED):
            raise invalid("preempt", 'must be {"customJob": "projects/...", "replica": "workerpool0-0"}.')
        name, replica = (document[key] for key in _PREEMPTED)
        if not self._supervisor.preempt(name, replica):
            raise ApiError("NOT_FOUND", f"No replica {replica} of {name} is at work.")
        return json_response({})

    async def open(self) -> None:
        """Goes on with the jobs that waited or ran."""
        await self._supervisor.open()

    async def close(self) -> None:
        """Stops all jobs; they go on at the next start."""
        await self._supervisor.close()

    async def forget(self) -> None:
        """Removes the files of all jobs."""
        await self._supervisor.forget()

    def take(self, work: Work) -> None:
        """Begins a job, its end, or the removal of its folder."""
        self._supervisor.take(work)

"""The model servers of all deployments, and the operations that start and stop them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping

import httpx
from google.cloud.aiplatform_v1.types import (
    DeployedModel,
    DeployModelRequest,
    UndeployModelResponse,
)

from emulator.api import operations
from emulator.api.calls import Work
from emulator.api.errors import ApiError, fault
from emulator.api.names import id_of
from emulator.api.store import Store, Transaction
from emulator.endpoints.deployments import (
    PENDING_UNDEPLOYMENTS,
    complete_deployment,
    fail_deployment,
    require_pending,
    version_of,
)
from emulator.model_servers.command import ModelCommand, model_command
from emulator.model_servers.server import ModelServer
from emulator.models.registry import ENDPOINTS, PENDING_DEPLOYMENTS
from emulator.settings import Settings

LOG = logging.getLogger(__name__)


class Fleet:
    """Keeps one process for each deployed model.

    Args:
        settings: How the emulator was started.
        store: Its memory.
        base: The environment that each server's own is laid over.
    """

    def __init__(self, settings: Settings, store: Store, base: Mapping[str, str]) -> None:
        self._settings = settings
        self._store = store
        self._prober: httpx.AsyncClient
        self._base = base
        self._servers: dict[tuple[str, str], ModelServer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        self._committing: set[str] = set()

    async def open(self) -> None:
        """Starts what was deployed when the emulator last ran, and goes on with what was under way."""

        def read(tx: Transaction) -> tuple[list[tuple[str, DeployedModel, ModelCommand]], list[Work]]:
            deployed = [
                (endpoint.name, model, model_command(endpoint.name, model, version_of(tx, model)))
                for endpoint in tx.everything(ENDPOINTS).values()
                for model in endpoint.deployed_models
            ]
            work = [Work("undeploy", name) for name in tx.everything(PENDING_UNDEPLOYMENTS)]
            work += [Work("deploy", name) for name in tx.everything(PENDING_DEPLOYMENTS)]
            return deployed, work

        self._prober = httpx.AsyncClient(trust_env=False)
        deployed, work = await self._store.transact(read)
        for endpoint, model, command in deployed:
            server = self._server(endpoint, model.id, command)
            self._servers[endpoint, model.id] = server
            server.revive()
        for item in work:
            self.take(item)

    def _server(self, endpoint: str, deployed_id: str, command: ModelCommand) -> ModelServer:
        log = self._settings.state_dir / "logs" / id_of(endpoint) / f"{deployed_id}.log"
        timeout_s = command.timeout_s or self._settings.deployment_timeout_s
        return ModelServer(command, self._base, log, self._prober, timeout_s)

    def find(self, endpoint: str, deployed_id: str) -> ModelServer | None:
        """The server of a deployed model."""
        return self._servers.get((endpoint, deployed_id))

    def take(self, work: Work) -> None:
        """Begins work that a request left.

        Args:
            work: `deploy` starts the model server of a deployment, `undeploy` stops it, `cancel` gives a deployment up.
        """
        if work.action == "cancel":
            task = self._tasks.get(work.name)
            if task is not None and work.name not in self._committing:
                self._cancelled.add(work.name)
                task.cancel()
            return
        steps = {"deploy": self._deploy, "undeploy": self._undeploy}
        task = asyncio.create_task(steps[work.action](work.name))
        self._tasks[work.name] = task
        task.add_done_callback(lambda _task: self._forget(work.name))

    def _forget(self, operation: str) -> None:
        self._tasks.pop(operation, None)
        self._cancelled.discard(operation)
        self._committing.discard(operation)

    async def settle(self, operation: str, patience_s: float) -> None:
        """Waits a moment for an operation's end."""
        task = self._tasks.get(operation)
        if task is not None:
            await asyncio.wait([task], timeout=patience_s)

    async def _deploy(self, operation: str) -> None:
        server: ModelServer | None = None
        try:
            request, command = await self._store.transact(lambda tx: self._pending_command(tx, operation))
            endpoint, deployed_id = request.endpoint, request.deployed_model.id
            server = self._server(endpoint, deployed_id, command)
            await server.start()
            self._servers[endpoint, deployed_id] = server
            self._committing.add(operation)
            await self._store.transact(lambda tx: complete_deployment(tx, operation))
        except asyncio.CancelledError:
            await self._abandon(server)
            if operation in self._cancelled:
                await self._fail(operation, ApiError("CANCELLED", "The deployment was cancelled."))
        except ApiError as error:
            await self._abandon(server)
            await self._fail(operation, error)
        except Exception as error:
            LOG.exception("The deployment %s broke down.", operation)
            await self._abandon(server)
            await self._fail(operation, fault("The emulator failed to start the model server", error))

    @staticmethod
    def _pending_command(tx: Transaction, operation: str) -> tuple[DeployModelRequest, ModelCommand]:
        request = require_pending(tx, operation)
        deployed = request.deployed_model
        return request, model_command(request.endpoint, deployed, version_of(tx, deployed))

    async def _abandon(self, server: ModelServer | None) -> None:
        if server is not None:
            for place in [place for place, held in self._servers.items() if held is server]:
                del self._servers[place]
            await server.stop()

    async def _fail(self, operation: str, error: ApiError) -> None:
        await self._store.transact(lambda tx: fail_deployment(tx, operation, error))

    async def _undeploy(self, operation: str) -> None:
        request = await self._store.transact(lambda tx: tx.get(PENDING_UNDEPLOYMENTS, operation))
        if request is None:
            return
        server = self._servers.pop((request.endpoint, request.deployed_model_id), None)
        if server is not None:
            try:
                await server.stop(drain=True)
            finally:
                await server.stop()

        def end(tx: Transaction) -> None:
            tx.delete(PENDING_UNDEPLOYMENTS, operation)
            operations.finish(tx, operations.require(tx, operation), UndeployModelResponse())

        await self._store.transact(end)

    async def close(self) -> None:
        """Stops all servers. Deployments under way stay pending, for the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        self._servers.clear()
        await self._prober.aclose()

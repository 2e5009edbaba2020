"""The emulator put together: an ASGI application over the store, the object store and the model servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.api.bodies import json_response, read_document
from emulator.api.calls import Work
from emulator.api.errors import ApiError
from emulator.api.guard import Guarded
from emulator.api.paths import VERSIONS
from emulator.api.store import Store
from emulator.console.loading import Console
from emulator.controls import Controls
from emulator.server import Api
from emulator.service import Host
from emulator.services import SERVICES
from emulator.settings import Settings
from emulator.state_folder import DATABASE
from emulator.storage.application import StorageApi
from emulator.storage.object_store import ObjectStore

# What most requests ask for is looked for first.
_OF_API = tuple(f"/{version}/" for version in VERSIONS)


class Emulator:
    """Everything that a running emulator holds.

    Args:
        settings: How it was started.
        base: The environment of model servers, but for the containers' own variables.
        running: What /healthz and emulator.json tell.
        lost: Tells in a sentence what it needs and has lost since it was started; nothing if all is there.
    """

    def __init__(
        self, settings: Settings, base: Mapping[str, str], running: dict[str, Any], lost: Callable[[], str]
    ) -> None:
        self.running = running
        self._lost = lost
        self.storage = ObjectStore(settings.state_dir / "storage")
        self.storage.address = running["storageAddress"]
        self.controls = Controls(settings.operation_delay_s)
        self.store = Store(settings.state_dir / DATABASE)
        host = Host(settings, self.store, self.storage, base, self._take)
        self.services = [service(host) for service in SERVICES]
        self.api = Api(self.store, self.storage, self.services, self.controls)

    def _take(self, work: Work) -> None:
        self.api.take(work)

    def application(self, storage_port: int) -> ASGIApp:
        """The ASGI application.

        Args:
            storage_port: The port on which it is Cloud Storage; on any other one it is everything else.
        """
        routes = [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/_emulator/requests", self._requests, methods=["GET"]),
            Route("/_emulator/faults", self._faults, methods=["POST"]),
            Route("/_emulator/operation_delay", self._operation_delay, methods=["POST"]),
            Route("/_emulator/reset", self._reset, methods=["POST"]),
            *(page for service in self.services for page in service.pages()),
            Mount("/", self.api),
        ]
        handlers: Any = {ApiError: _refusal}
        app = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)
        console = Console(app, self.storage.address, self.running["project"], self.running["location"])
        storage = StorageApi(self.storage)

        async def by_port(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan" and scope["server"][1] == storage_port:
                await storage(scope, receive, send)
            elif scope["type"] == "http" and scope["path"].startswith(_OF_API):
                await self.api(scope, receive, send)
            else:
                await console(scope, receive, send)

        return Guarded(by_port)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._open()
        try:
            yield
        finally:
            await self._close()
            self.store.close()
            self.storage.close()

    async def _open(self) -> None:
        for service in self.services:
            await service.open()

    async def _close(self) -> None:
        for service in reversed(self.services):
            await service.close()

    async def _healthz(self, _request: Request) -> Response:
        lost = self._lost()
        status = {"status": "lost", "reason": lost} if lost else {"status": "ok"}
        return json_response({**status, **self.running})

    async def _requests(self, _request: Request) -> Response:
        return json_response({"requests": list(self.controls.requests)})

    async def _faults(self, request: Request) -> Response:
        return json_response(self.controls.add_fault(await read_document(request)))

    async def _operation_delay(self, request: Request) -> Response:
        return json_response(self.controls.set_delay(await read_document(request)))

    async def _reset(self, _request: Request) -> Response:
        await self._close()
        for service in self.services:
            await service.forget()
        with self.store.transaction() as tx:
            tx.erase()
        self.storage.erase()
        self.controls.reset()
        await self._open()
        return json_response({})


async def _refusal(_request: Request, error: ApiError) -> Response:
    return json_response(error.body(), error.http_status)

"""The emulator put together: an ASGI application over the store, the object store and the model servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from emulator.api_errors import ApiError
from emulator.codec import parse_json
from emulator.console.loading import Console
from emulator.controls import Controls
from emulator.fleet import Fleet
from emulator.guard import Guarded
from emulator.job_folders import JobFolders
from emulator.job_supervisor import JobSupervisor
from emulator.log_entries import list_entries
from emulator.model_client import ModelClient
from emulator.prediction import Predictor
from emulator.schedule_clock import move_clock
from emulator.schedule_ticker import ScheduleTicker
from emulator.server import LARGEST_REQUEST, Api, json_response, read_body
from emulator.settings import Settings
from emulator.storage_server import StorageServer
from emulator.store import Store

# Model servers close idle connections after 5 s (uvicorn's default); the emulator lets them go first.
KEEP_ALIVE_S = 4.0


class Emulator:
    """Everything that a running emulator holds.

    Args:
        settings: How it was started.
        storage: The object store, already listening.
        base: The environment of model servers, but for the containers' own variables.
        running: What /healthz and emulator.json tell.
    """

    def __init__(
        self, settings: Settings, storage: StorageServer, base: Mapping[str, str], running: dict[str, Any]
    ) -> None:
        self.running = running
        self.storage = storage
        self.controls = Controls(settings.operation_delay_s)
        self.store = Store(settings.state_dir / "vertex.sqlite3")
        self.prober = httpx.AsyncClient(trust_env=False)
        self.client = ModelClient(KEEP_ALIVE_S)
        self.fleet = Fleet(settings, self.store, self.prober, base)
        predictor = Predictor(settings, self.store, self.fleet, self.client)
        self.folders = JobFolders(settings.state_dir)
        self.supervisor = JobSupervisor(settings, self.store, storage, self.folders, base)
        self.ticker = ScheduleTicker(self.store, self.supervisor.take)
        self.api = Api(self.store, storage, self.fleet, self.supervisor, self.ticker, predictor, self.controls)

    def application(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/v2/entries:list", self._log_entries, methods=["POST"]),
            Route("/_emulator/requests", self._requests, methods=["GET"]),
            Route("/_emulator/faults", self._faults, methods=["POST"]),
            Route("/_emulator/operation_delay", self._operation_delay, methods=["POST"]),
            Route("/_emulator/clock", self._clock, methods=["POST"]),
            Route("/_emulator/reset", self._reset, methods=["POST"]),
            Mount("/", self.api),
        ]
        handlers: Any = {ApiError: _refusal}
        app = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)
        return Guarded(Console(app, self.storage.address, self.running["project"], self.running["location"]))

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.fleet.open()
        await self.supervisor.open()
        await self.ticker.open()
        try:
            yield
        finally:
            await self.ticker.close()
            await self.supervisor.close()
            await self.fleet.close()
            self.client.close()
            await self.prober.aclose()
            self.store.close()

    async def _healthz(self, _request: Request) -> Response:
        return json_response({"status": "ok", **self.running})

    async def _log_entries(self, request: Request) -> Response:
        document = parse_json(await read_body(request, LARGEST_REQUEST))
        return json_response(await asyncio.to_thread(list_entries, self.store, self.folders, document))

    async def _requests(self, _request: Request) -> Response:
        return json_response({"requests": list(self.controls.requests)})

    async def _faults(self, request: Request) -> Response:
        return json_response(self.controls.add_fault(parse_json(await read_body(request, LARGEST_REQUEST))))

    async def _operation_delay(self, request: Request) -> Response:
        return json_response(self.controls.set_delay(parse_json(await read_body(request, LARGEST_REQUEST))))

    async def _clock(self, request: Request) -> Response:
        document = parse_json(await read_body(request, LARGEST_REQUEST))
        with self.store.transaction() as tx:
            shown = move_clock(tx, document)
        self.ticker.wake()
        return json_response(shown)

    async def _reset(self, _request: Request) -> Response:
        await self.ticker.close()
        await self.supervisor.reset()
        await self.fleet.close()
        with self.store.transaction() as tx:
            tx.erase()
        self.storage.erase()
        self.controls.reset()
        await self.ticker.open()
        return json_response({})


async def _refusal(_request: Request, error: ApiError) -> Response:
    return json_response(error.body(), error.http_status)

"""Cloud Logging: where its one method is."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from emulator.api.bodies import json_response, read_document
from emulator.logging.entries import list_entries
from emulator.service import Service


class Logging(Service):
    """The list of log entries."""

    def pages(self) -> list[HttpRoute]:
        """entries.list, which is no method of Vertex AI."""
        return [HttpRoute("/v2/entries:list", self._list_entries, methods=["POST"])]

    async def _list_entries(self, request: Request) -> Response:
        document = await read_document(request)
        state_dir = self._host.settings.state_dir
        return json_response(await asyncio.to_thread(list_entries, self._host.store, state_dir, document))

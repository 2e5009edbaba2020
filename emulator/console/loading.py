"""The console inside the emulator's own application: NiceGUI is loaded at the first request for a page."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.console.addresses import PREFIX
from emulator.console.door import refusal_of, refuse, with_frames_alone
from emulator.console.objects import ObjectReader
from emulator.console.reader import Reader

# NiceGUI's pages need inline scripts and templates that are compiled in the browser. Everything else is the page's
# own: nothing is fetched from, or sent to, any other machine, and no other page may show this one in a frame.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-src 'self'"
)
HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Console:
    """Serves the pages below /console, and passes everything else on.

    Args:
        app: The emulator's application, whose API is all that the pages know of it.
        storage_address: The object store's address.
        project: The project whose runs are shown first.
        location: Likewise the region.
    """

    def __init__(self, app: ASGIApp, storage_address: str, project: str, location: str) -> None:
        self._app = app
        self._reader = Reader(app)
        self._objects = ObjectReader(storage_address)
        self._home = f"projects/{project}/locations/{location}"
        self._lock = asyncio.Lock()
        self._pages: ASGIApp | None = None
        self._life: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request or websocket; the application's end is the pages' end too."""
        if scope["type"] == "lifespan":
            await self._app(scope, self._ending_with(receive), send)
        elif scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/"):
            await self._show(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = refusal_of(scope)
        if refusal is not None:
            await refuse(refusal, scope, receive, _with_headers(send))
            return
        if scope["type"] == "websocket":
            receive = with_frames_alone(receive, send)
        async with self._lock:
            pages = self._pages = self._pages or await self._load()
        if scope["path"] == PREFIX:
            scope = {**scope, "path": f"{PREFIX}/", "raw_path": f"{PREFIX}/".encode()}
        await pages(scope, receive, _with_headers(send))

    def _ending_with(self, receive: Receive) -> Receive:
        async def receive_and_close() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._close()
            return message

        return receive_and_close

    async def _load(self) -> ASGIApp:
        from emulator.console.website import make_website

        site = await asyncio.to_thread(make_website, self._reader, self._objects, self._home)
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(site, started))
        await started
        return site

    async def _live(self, site: Any, started: asyncio.Future[None]) -> None:
        try:
            async with site.router.lifespan_context(site):
                started.set_result(None)
                await self._ended.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _close(self) -> None:
        self._ended.set()
        if self._life is not None:
            await self._life
        await self._reader.close()
        await self._objects.close()


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _added(message)}
        await send(message)

    return send_with_headers


def _added(message: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
    given = list(message.get("headers", []))
    names = {name.lower() for name, _ in given}
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in names]
    return [*given, *added]

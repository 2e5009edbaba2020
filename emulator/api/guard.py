"""Who may talk to the emulator: programs of this machine and its own pages, and no web page of another site.

The emulator runs commands that its callers give it. A page in a browser must not reach it, neither across
origins nor under a name of its own that resolves to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.api.errors import ApiError

# A guess. As much as a filter, a mask and a page's token may have, every character of them escaped.
LONGEST_ADDRESS = 256 * 1024
# A websocket that is refused before it is accepted is closed with this code (RFC 6455: policy violation).
POLICY_VIOLATION = 1008
# What tells where a request comes from. Given twice, each reader could believe another one.
TELLING = {b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"sec-purpose"}


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_local(host: str | None, origin: str | None) -> None:
    """Refuses a request by its Host and Origin headers.

    Args:
        host: The Host header, with or without a port.
        origin: The Origin header, which browsers send with every request that can change something.

    Raises:
        ApiError: PERMISSION_DENIED.
    """
    if host is not None and ("@" in host or not is_loopback(_name(f"//{host}"))):
        raise ApiError("PERMISSION_DENIED", f'The emulator answers only to loopback names. Received Host: "{host}".')
    if origin is None:
        return
    if not is_loopback(_name(origin)):
        raise ApiError(
            "PERMISSION_DENIED", f'The emulator answers no page of another site. Received Origin: "{origin}".'
        )
    if host is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ApiError(
            "PERMISSION_DENIED", f'The emulator answers no page of another port. Received Origin: "{origin}".'
        )


def require_own_page(method: str, headers: Mapping[str, str]) -> None:
    """Refuses what a page of another site makes a browser fetch, even where no Origin tells: images, scripts, frames.

    A link that a reader follows is let in: it opens a page of the emulator, which the other one cannot look into.

    Args:
        method: The request's method; a websocket's handshake is a GET.
        headers: Its headers, of which browsers alone send Sec-Fetch-*.

    Raises:
        ApiError: PERMISSION_DENIED.
    """
    site = headers.get("sec-fetch-site", "none").strip().lower()
    followed = (
        method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )
    # A page can have others fetched ahead, which nobody has asked for. Chromium then says nothing of the page.
    is_ahead = "sec-purpose" in headers and site != "same-origin"
    if is_ahead or (site not in {"none", "same-origin"} and not followed):
        raise ApiError(
            "PERMISSION_DENIED", f'The emulator answers no page of another site. Received Sec-Fetch-Site: "{site}".'
        )


def require_short(path: bytes, query: bytes) -> None:
    """Refuses a request by the length of its address, all of which is read several times.

    Args:
        path: As it was sent.
        query: Likewise.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    length = len(path) + len(query)
    if length > LONGEST_ADDRESS:
        raise ApiError(
            "INVALID_ARGUMENT",
            f"The address of a request must be at most {LONGEST_ADDRESS} bytes long. Received: {length}.",
        )


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class Guarded:
    """Refuses requests and websockets that come from elsewhere, before anything reads them.

    Args:
        app: What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] in {"http", "websocket"}:
            try:
                require_short(scope.get("raw_path") or b"", scope.get("query_string", b""))
                telling = tuple((name, value) for name, value in scope["headers"] if name.lower() in TELLING)
                _require_welcome(scope.get("method", "GET"), telling)
            except ApiError as error:
                await _refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)


# Clients send the same ones with each request. Refusals are not remembered.
@lru_cache(maxsize=64)
def _require_welcome(method: str, telling: tuple[tuple[bytes, bytes], ...]) -> None:
    """Refuses a request by the headers that tell where it comes from, each of which is given once."""
    told: dict[str, str] = {}
    for name, value in telling:
        key = name.lower().decode("latin-1")
        if key in told:
            raise ApiError("PERMISSION_DENIED", f"The emulator answers no request with two headers {key}.")
        told[key] = value.decode("latin-1")
    require_local(told.get("host"), told.get("origin"))
    require_own_page(method, told)


async def _refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "Another site's page."})
        return
    from starlette.responses import JSONResponse  # the command line needs this module for its --host alone

    await JSONResponse(error.body(), error.http_status)(scope, receive, send)

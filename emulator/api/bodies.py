"""The bodies of requests and answers."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from emulator.api.codec import encode_json, parse_json
from emulator.api.errors import ApiError

# A guess: Vertex AI does not document the limit of other requests than predictions.
LARGEST_REQUEST = 10 * 1024 * 1024
# As large a body is read in less than a millisecond, which is not worth another thread.
READ_AT_ONCE = 64 * 1024


async def read_body(request: Request, limit: int = LARGEST_REQUEST) -> bytes:
    """Reads a request's body.

    Args:
        request: The request.
        limit: The most bytes it may have.

    Raises:
        ApiError: INVALID_ARGUMENT, where it has more; CANCELLED, where the client left before its end.
    """
    chunks = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise ApiError("INVALID_ARGUMENT", f"Request payload size exceeds the limit: {limit} bytes.")
            chunks.append(chunk)
    except ClientDisconnect:
        # A client may leave. Nobody reads this answer; it stands in the list of requests alone.
        raise ApiError("CANCELLED", "The client closed the connection within its request.") from None
    return b"".join(chunks)


async def read_document(request: Request) -> Any:
    """Reads a request's body as JSON.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none, or too large; CANCELLED, where the client left before its end.
    """
    return await parse_apart(await read_body(request))


async def parse_apart(body: bytes) -> Any:
    """Reads a body as JSON, in another thread where it is large: no other request has to wait for it.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none.
    """
    return parse_json(body) if len(body) <= READ_AT_ONCE else await asyncio.to_thread(parse_json, body)


def json_response(document: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer."""
    return Response(encode_json(document), status, media_type="application/json")

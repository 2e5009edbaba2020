"""The bodies of requests and answers."""

from __future__ import annotations

from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from emulator.api.codec import encode_json, parse_json
from emulator.api.errors import ApiError

# A guess: Vertex AI does not document the limit of other requests than predictions.
LARGEST_REQUEST = 10 * 1024 * 1024


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
    return parse_json(await read_body(request))


def json_response(document: dict[str, Any], status: int = 200) -> Response:
    """A JSON answer."""
    return Response(encode_json(document), status, media_type="application/json")

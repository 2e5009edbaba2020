"""The bodies of requests that describe something."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from emulator.api.bodies import read_document
from emulator.api.errors import ApiError


async def read_object(request: Request) -> dict[str, Any]:
    """A body that is a JSON object, or empty.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is something else.
    """
    length = request.headers.get("content-length", "")
    if length == "0" or (not length and "transfer-encoding" not in request.headers):
        return {}
    document = await read_document(request)
    if not isinstance(document, dict):
        raise ApiError("INVALID_ARGUMENT", "Parse Error: the body must be a JSON object.")
    return document

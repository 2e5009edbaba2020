"""Uploads in one request: bytes alone, or behind a part that describes them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any

from starlette.requests import Request

from emulator.api.errors import ApiError
from emulator.storage.drafts import Draft

LARGEST_DESCRIPTION = 1 << 20
_HASH_NAMES = {"crc32c": "crc32c", "md5": "md5Hash"}


def announced_sums(request: Request) -> dict[str, str]:
    """The digests in X-Goog-Hash, by their names in the JSON API."""
    pairs = (part.strip().partition("=") for part in request.headers.get("x-goog-hash", "").split(","))
    return {_HASH_NAMES[name]: value for name, _, value in pairs if name in _HASH_NAMES}


async def read_media(request: Request, draft: Draft) -> None:
    """Takes a whole body in."""
    async for chunk in request.stream():
        draft.write(chunk)


async def read_multipart(request: Request, draft: Draft) -> dict[str, Any]:
    """Takes in a body of two parts: a JSON description, which is returned, and the bytes.

    Returns:
        The description; where it names no contentType, that of the second part.

    Raises:
        ApiError: INVALID_ARGUMENT, where the body is of another form.
    """
    boundary = boundary_of(request)
    body = _Body(request.stream())
    await body.skip_past(b"--" + boundary)
    await body.read_headers()
    description = _object(await body.read_until(b"\n--" + boundary, LARGEST_DESCRIPTION))
    headers = await body.read_headers()
    await body.copy_until(b"\n--" + boundary, draft)
    if headers.get("content-type"):
        description.setdefault("contentType", headers["content-type"])
    return description


def boundary_of(request: Request) -> bytes:
    """What stands between the parts of a body.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    boundary = message.get_boundary()
    if not boundary or not boundary.isascii():
        raise ApiError("INVALID_ARGUMENT", "The Content-Type of a body of several parts must name their boundary.")
    return boundary.encode()


def _object(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ApiError("INVALID_ARGUMENT", "Parse Error: the description of an object must be a JSON object.")
    return document


class _Body:
    """A body that is read from mark to mark. Lines may end with CR LF or, as gcsfs has it, with LF alone."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""

    async def _more(self) -> None:
        async for chunk in self._chunks:
            if chunk:
                self._held += chunk
                return
        raise ApiError("INVALID_ARGUMENT", "Malformed multipart body: it ends within a part.")

    async def skip_past(self, mark: bytes) -> None:
        await self.read_until(mark, LARGEST_DESCRIPTION)

    async def read_until(self, mark: bytes, limit: int) -> bytes:
        """What stands before a mark, which is passed over, without the end of the line."""
        looked_at = 0
        while (place := self._held.find(mark, looked_at)) < 0:
            looked_at = max(len(self._held) - len(mark), 0)
            if len(self._held) > limit:
                raise ApiError("INVALID_ARGUMENT", f"Malformed multipart body: a part is longer than {limit} bytes.")
            await self._more()
        found, self._held = self._held[:place], self._held[place + len(mark) :]
        return found.removesuffix(b"\r")

    async def read_headers(self) -> dict[str, str]:
        """The headers of a part, whose mark has just been passed."""
        headers: dict[str, str] = {}
        line = await self.read_until(b"\n", LARGEST_DESCRIPTION)
        if line.startswith(b"--"):
            raise ApiError("INVALID_ARGUMENT", "Malformed multipart body: it must have two parts.")
        while line := await self.read_until(b"\n", LARGEST_DESCRIPTION):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    async def copy_until(self, mark: bytes, draft: Draft) -> None:
        """Copies what stands before a mark, however much it is."""
        # The mark, and the \\r that may stand before it, may come in two pieces.
        kept = len(mark) + 1
        while (place := self._held.find(mark)) < 0:
            if len(self._held) > kept:
                draft.write(self._held[:-kept])
                self._held = self._held[-kept:]
            await self._more()
        draft.write(self._held[:place].removesuffix(b"\r"))

"""An object's bytes as an answer: all of them, or a range."""

from __future__ import annotations

import asyncio
import os
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from emulator.api.errors import ApiError
from emulator.storage.answers import SAFE_HEADERS, is_browser
from emulator.storage.objects import Objects
from emulator.storage.records import StoredObject

# What is read at once: where a file is no longer than this, in the event loop itself, which takes less than a thread.
CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)
_GZIP = 16 + zlib.MAX_WBITS


class _Part(NamedTuple):
    """A part of the bytes: from `start` up to and without `end`."""

    start: int
    end: int


def download(objects: Objects, found: StoredObject, request: Request) -> Response:
    """The answer to a reading.

    Args:
        objects: Where the object is.
        found: The object.
        request: The request, of which headers tell the range.

    Raises:
        ApiError: OUT_OF_RANGE.
        FileNotFoundError: The object has been replaced or deleted since it was found.
    """
    headers = dict(_headers(found))
    if is_browser(request):
        # Saved to a file under its name, and never shown.
        name = quote(found.name.rpartition("/")[2] or "object")
        headers[b"content-disposition"] = f"attachment; filename*=UTF-8''{name}".encode()
    unpacks = found.fields.get("contentEncoding") == "gzip" and "gzip" not in request.headers.get("accept-encoding", "")
    part = None if unpacks else _part(request.headers.get("range", ""), found.size)
    status = 200 if part is None else 206
    whole = part or _Part(0, found.size)
    if part is not None:
        headers[b"content-range"] = f"bytes {part.start}-{part.end - 1}/{found.size}".encode()
    if request.method == "HEAD":
        headers[b"content-length"] = str(whole.end - whole.start).encode()
        return _with_headers(Response(status_code=status), headers)
    descriptor = objects.open(found)
    if unpacks:
        del headers[b"content-encoding"]
        return _with_headers(StreamingResponse(_unpacked(descriptor), status), headers)
    headers[b"content-length"] = str(whole.end - whole.start).encode()
    if whole.end - whole.start <= CHUNK:
        try:
            return _with_headers(Response(os.pread(descriptor, whole.end - whole.start, whole.start), status), headers)
        finally:
            os.close(descriptor)
    return _with_headers(_FileResponse(descriptor, whole, status), headers)


def _with_headers(response: Response, headers: dict[bytes, bytes]) -> Response:
    response.raw_headers = list(headers.items())
    return response


@lru_cache(maxsize=1024)
def _headers(found: StoredObject) -> dict[bytes, bytes]:
    """What every reading of an object is told of it."""
    fields = found.fields
    sums = f"crc32c={found.crc32c}" + (f",md5={found.md5}" if found.md5 else "")
    told = {
        "cache-control": fields.get("cacheControl"),
        "content-disposition": fields.get("contentDisposition"),
        "content-encoding": fields.get("contentEncoding"),
        "content-language": fields.get("contentLanguage"),
    }
    headers = {name: _header(str(value)) for name, value in told.items() if value}
    headers |= {
        **SAFE_HEADERS,
        "accept-ranges": "bytes",
        "content-type": _header(found.content_type),
        "etag": f'"{found.etag}"',
        "last-modified": formatdate(found.generation / 1e6, usegmt=True),
        "x-goog-generation": str(found.generation),
        "x-goog-hash": sums,
        "x-goog-metageneration": str(found.metageneration),
        "x-goog-storage-class": "STANDARD",
        "x-goog-stored-content-encoding": _header(str(fields.get("contentEncoding") or "identity")),
        "x-goog-stored-content-length": str(found.size),
    }
    return {name.encode(): value.encode() for name, value in headers.items()}


def _header(value: str) -> str:
    """A field as a header can hold it."""
    return "".join(character for character in value if " " <= character <= "~")


def _part(header: str, size: int) -> _Part | None:
    """The range that a request asks for; None for all, also where it asks in another form, as HTTP has it."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    start = max(size - int(last), 0) if not first else int(first)
    end = size if not first or not last else min(int(last) + 1, size)
    if start >= size or (first and last and int(last) < start):
        raise ApiError("OUT_OF_RANGE", f"Request range not satisfiable: {header} of {size} bytes.")
    return _Part(start, end)


class _FileResponse(StreamingResponse):
    """A long answer, read a piece at a time outside of the event loop."""

    def __init__(self, descriptor: int, part: _Part, status: int) -> None:
        self._descriptor = descriptor
        super().__init__(self._pieces(descriptor, part), status)

    @staticmethod
    async def _pieces(descriptor: int, part: _Part) -> AsyncIterator[bytes]:
        place = part.start
        while place < part.end:
            piece = await asyncio.to_thread(os.pread, descriptor, min(4 * CHUNK, part.end - place), place)
            if not piece:
                return
            place += len(piece)
            yield piece

    async def stream_response(self, send: Send) -> None:
        """Sends it; the file is closed however that ends."""
        try:
            await super().stream_response(send)
        finally:
            os.close(self._descriptor)


def _unpacked(descriptor: int) -> Iterator[bytes]:
    """The bytes without their compression, for a reader that knows none: Google's transcoding."""
    unpacking = zlib.decompressobj(_GZIP)
    with os.fdopen(descriptor, "rb") as file:
        while packed := file.read(CHUNK):
            try:
                while packed:
                    yield unpacking.decompress(packed, 4 * CHUNK)
                    packed = unpacking.unconsumed_tail
            except zlib.error:
                return

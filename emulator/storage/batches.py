"""Many requests in one, https://cloud.google.com/storage/docs/batch."""

from __future__ import annotations

import secrets
from email.message import Message
from email.parser import BytesParser
from urllib.parse import urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from emulator.api.bodies import read_body
from emulator.api.errors import ApiError
from emulator.storage.answers import SAFE_HEADERS
from emulator.storage.uploads import boundary_of

MOST_REQUESTS = 100


async def answer_batch(app: ASGIApp, request: Request) -> Response:
    """Answers the requests of a batch, one after the other.

    Args:
        app: What answers each.
        request: The batch.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none.
    """
    boundary_of(request)
    body = await read_body(request)
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode("latin-1")
    message = BytesParser().parsebytes(head + body)
    parts = [part for part in message.get_payload() if isinstance(part, Message)] if message.is_multipart() else []
    if not 1 <= len(parts) <= MOST_REQUESTS:
        raise ApiError("INVALID_ARGUMENT", f"A batch must hold 1 to {MOST_REQUESTS} requests. Received: {len(parts)}.")
    boundary = f"batch_{secrets.token_hex(12)}"
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answers = [await _answer(client, part) for part in parts]
    text = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), answer) for answer in answers)
    ending = b"--%s--\r\n" % boundary.encode()
    return Response(text + ending, headers=SAFE_HEADERS, media_type=f"multipart/mixed; boundary={boundary}")


async def _answer(client: httpx.AsyncClient, part: Message) -> bytes:
    """One part's answer, as a part."""
    inner = part.get_payload(decode=True)
    content = inner if isinstance(inner, bytes) else b""
    line, _, rest = content.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:
        raise ApiError("INVALID_ARGUMENT", "A part of a batch must begin with the line of a request.")
    headers, _, body = rest.partition(b"\n\n")
    content_type = str(BytesParser().parsebytes(headers + b"\n\n").get("content-type", ""))
    sent = {"content-type": content_type} if content_type.isascii() and content_type else {}
    try:
        target = urlsplit(words[1])
        url = target.path + (f"?{target.query}" if target.query else "")
        answer = await client.request(words[0], url, content=body, headers=sent)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        raise ApiError("INVALID_ARGUMENT", f"A part of a batch names no path: {words[1][:200]}.") from None
    told = str(part.get("content-id", "<>")).strip()
    identity = f"<response-{told[1:]}" if told.startswith("<") else f"<response-{told}>"
    kind = answer.headers.get("content-type", "application/json")
    lines = (
        "Content-Type: application/http",
        f"Content-ID: {identity}",
        "",
        f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(answer.content)}",
        "",
        "",
    )
    return "\r\n".join(lines).encode("latin-1", "replace") + answer.content

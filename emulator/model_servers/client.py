"""The HTTP client of model servers: one POST and its answer, over connections that are kept.

It does little, so that a prediction costs little: httpx takes several times as long for one request, and its
pool slows down with the square of the number of connections.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import httptools

HOST = "127.0.0.1"
CONTINUE = range(100, 200)
# Guesses. A server that sends more before an answer's body, or as its body, has not understood the question.
LARGEST_HEAD = 64 * 1024
LARGEST_ANSWER = 32 * 1024 * 1024


class BrokenConnectionError(Exception):
    """The server closed the connection, or answered no HTTP, after the request had been sent."""


class LargeAnswerError(Exception):
    """The answer is larger than is read: the rest of a sentence that begins with it."""


@dataclass
class Answer:
    """What the server answered.

    Attributes:
        status: The HTTP status code.
        headers: By name in lower case.
        content: The body.
    """

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")


class _Connection(asyncio.Protocol):
    """A connection: one request at a time. The names of the on_... methods are httptools'."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._begin_answer()
        self.idle_since = 0.0

    def _begin_answer(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._parts: list[bytes] = []
        self._has_headers = False
        self._head_size = self._body_size = 0

    @property
    def is_open(self) -> bool:
        """Whether it can take another request."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, head: bytes, body: bytes) -> Answer:
        """Sends a request and waits for its answer."""
        transport = cast("asyncio.Transport", self._transport)
        self._waiter = asyncio.get_running_loop().create_future()
        transport.write(head + body)
        try:
            return await self._waiter
        except BaseException:
            transport.abort()
            raise

    def close(self) -> None:
        """Closes it."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head_size += 0 if self._has_headers else len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(BrokenConnectionError(f"it answered no HTTP: {error}"))
        if self._head_size > LARGEST_HEAD and not self._has_headers:
            self._fail(LargeAnswerError(f"has more than {LARGEST_HEAD} bytes before its body"))

    def connection_lost(self, exc: Exception | None) -> None:
        framed = b"content-length" in self._answer.headers or b"transfer-encoding" in self._answer.headers
        if exc is None and self._has_headers and not framed:
            # An answer without a length ends with the connection.
            self._finish()
        self._fail(BrokenConnectionError("it closed the connection before its answer was whole"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        self._has_headers = self._answer.status not in CONTINUE

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > LARGEST_ANSWER:
            self._parts.clear()
            self._fail(LargeAnswerError(f"has more than {LARGEST_ANSWER} bytes"))
            return
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._answer.status in CONTINUE:
            self._answer = Answer()
            return
        if not self._parser.should_keep_alive():
            self.close()
        self._finish()

    def _finish(self) -> None:
        self._answer.content = b"".join(self._parts)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self._answer)
        self._begin_answer()

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.close()


class ModelClient:
    """Keeps connections to the model servers of this machine.

    Args:
        keep_alive_s: Seconds after which an idle connection is not used again.
    """

    def __init__(self, keep_alive_s: float) -> None:
        self._keep_alive_s = keep_alive_s
        self._idle: dict[int, list[_Connection]] = {}

    async def post(self, port: int, path: str, body: bytes, content_type: str) -> Answer:
        """Sends a body and waits for the answer.

        Args:
            port: The server's.
            path: What to POST to.
            body: The request's body.
            content_type: The body's type; empty for none.

        Raises:
            OSError: There is no connection to the server.
            BrokenConnectionError: It broke before the answer was whole.
            LargeAnswerError: The answer is larger than `LARGEST_HEAD` or `LARGEST_ANSWER` allows.
        """
        connection = self._take(port) or await self._connect(port)
        typed = f"Content-Type: {content_type}\r\n" if content_type else ""
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{typed}Content-Length: {len(body)}\r\n\r\n"
        answer = await connection.post(head.encode("latin-1"), body)
        if connection.is_open:
            connection.idle_since = time.monotonic()
            self._idle.setdefault(port, []).append(connection)
        return answer

    def _take(self, port: int) -> _Connection | None:
        oldest = time.monotonic() - self._keep_alive_s
        waiting = self._idle.get(port, [])
        while waiting:
            connection = waiting.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    async def _connect(self, port: int) -> _Connection:
        self._drop_closed()
        _, protocol = await asyncio.get_running_loop().create_connection(_Connection, HOST, port)
        return protocol

    def _drop_closed(self) -> None:
        """Forgets connections that servers have closed; a server that is started again has another port."""
        still_open = {port: [held for held in idle if held.is_open] for port, idle in self._idle.items()}
        self._idle = {port: idle for port, idle in still_open.items() if idle}

    def close(self) -> None:
        """Closes all idle connections."""
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

"""The client of model servers against servers that answer by the book, and others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from emulator.model_servers.client import (
    LARGEST_ANSWER,
    LARGEST_HEAD,
    Answer,
    BrokenConnectionError,
    LargeAnswerError,
    ModelClient,
)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nok"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def post_to(talk: Talk, times: int = 1, keep_alive_s: float = 5.0, body: bytes = b"{}") -> list[Answer]:
    async def run() -> list[Answer]:
        client = ModelClient(keep_alive_s)
        async with serving(talk) as port:
            answers = [await client.post(port, "/predict?a=1", body, "application/json") for _ in range(times)]
            client.close()
            return answers

    return asyncio.run(run())


def answering(*parts: bytes) -> Talk:
    """A server that answers one request with these parts, a moment apart, and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)

    return talk


def test_sends_the_request_as_it_is() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)

    (answer,) = post_to(talk, body=b'{"instances": [1]}')
    head, _, body = seen[0].partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line == b"POST /predict?a=1 HTTP/1.1"
    assert headers[1:] == [b"Content-Type: application/json", b"Content-Length: 18"]
    assert body == b'{"instances": [1]}'
    assert (answer.status, answer.content, answer.headers[b"content-type"]) == (200, b"ok", b"text/x")


@pytest.mark.parametrize(
    "parts",
    [
        [OK],
        [bytes([byte]) for byte in OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", b"1\r\nk\r\n0\r\n\r\n"],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"o", b"k"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    ],
)
def test_reads_every_form_of_answer(parts: list[bytes]) -> None:
    (answer,) = post_to(answering(*parts))
    assert (answer.status, answer.content, answer.is_success) == (200, b"ok", True)


@pytest.mark.parametrize("status", [204, 404, 500])
def test_tells_other_statuses(status: int) -> None:
    (answer,) = post_to(answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status))
    assert (answer.status, answer.text, answer.is_success) == (status, "", status == 204)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], "closed the connection before its answer was whole"),
        ([b"HTTP/1.1 200 OK\r\n"], "closed the connection before its answer was whole"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"], "closed the connection before"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"], "closed the connection before"),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], "it answered no HTTP"),
    ],
)
def test_tells_that_a_connection_broke(parts: list[bytes], sentence: str) -> None:
    with pytest.raises(BrokenConnectionError, match=sentence):
        post_to(answering(*parts))


def counted(count: list[int]) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count.append(1)
        while True:
            await read_request(reader)
            writer.write(OK)

    return talk


def test_keeps_a_connection_until_it_is_old() -> None:
    kept: list[int] = []
    assert len(post_to(counted(kept), times=5)) == 5
    assert len(kept) == 1
    fresh: list[int] = []
    post_to(counted(fresh), times=3, keep_alive_s=0.0)
    assert len(fresh) == 3


def test_takes_no_connection_that_the_server_has_closed() -> None:
    async def run() -> int:
        client = ModelClient(5.0)
        async with serving(answering(OK)) as port:
            for _ in range(3):
                await client.post(port, "/", b"", "")
                await asyncio.sleep(0.05)
            return port

    assert asyncio.run(run())


def test_uses_a_connection_for_one_request_at_a_time() -> None:
    count: list[int] = []

    async def run() -> list[Any]:
        client = ModelClient(5.0)
        async with serving(counted(count)) as port:
            answers = await asyncio.gather(*(client.post(port, "/", b"", "") for _ in range(20)))
            client.close()
            return answers

    assert [answer.content for answer in asyncio.run(run())] == [b"ok"] * 20
    assert len(count) == 20


def test_drops_the_connection_of_a_request_that_is_given_up() -> None:
    given_up = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await given_up.wait()
        writer.write(OK)

    async def run() -> None:
        client = ModelClient(5.0)
        async with serving(slow) as port:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.post(port, "/", b"", ""), 0.05)
            given_up.set()
            answer = await client.post(port, "/", b"", "")
            assert answer.content == b"ok"
            client.close()

    asyncio.run(run())


def test_tells_that_nothing_listens() -> None:
    async def run() -> None:
        async with serving(answering(OK)) as port:
            pass
        await ModelClient(5.0).post(port, "/", b"", "")

    with pytest.raises(OSError, match="Connect call failed"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * LARGEST_HEAD] * 2, f"has more than {LARGEST_HEAD} bytes before its body"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 4000], f"has more than {LARGEST_HEAD} bytes before its body"),
        ([b"HTTP/1.0 200 OK\r\n\r\n", b"x" * (LARGEST_ANSWER + 1)], f"has more than {LARGEST_ANSWER} bytes"),
    ],
)
def test_an_answer_that_is_too_large_is_given_up(parts: list[bytes], sentence: str) -> None:
    with pytest.raises(LargeAnswerError, match=sentence):
        post_to(answering(*parts))

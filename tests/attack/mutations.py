"""Seeded changes of requests: paths, verbs, queries, headers, bodies, JSON, lengths, and how a client leaves."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

from tests.attack.requests_in_parts import Request
from tests.emulator.vertex_emulator import LOCATION

# What JSON's own writer does not write: each stands in a string that is replaced by it.
RAW = (
    "NaN", "-Infinity", "1e999", "9" * 400, "-0", "1.", "01", '"\\ud800"', '"\\u0000"', '"\\x"', "[" * 60 + "]" * 60,
    "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "[" * 5000, "", "undefined", '"' + "a" * 70_000 + '"',
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 0.5, -1e308, "", " ", "a" * 5000, "\u0000",
    "é😀", "../..", f"{LOCATION}/models/seed@1", f"{LOCATION}/models/", "projects/p", [], {}, [[]], {"": None},
    [None, None], {"a": {"b": {"c": []}}}, "2030-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
    "0001-01-01T00:00:00Z", "-1s", "315576000000s", "1e3", "NaN", "Infinity", "AAAA", "gs://", "gs://a/b", "%s%n",
)  # fmt: skip
SEGMENTS = (
    "", ".", "..", "%2e%2e", "%00", "%FF", "%2F", "%", "%zz", "%E2%82", "é", "a" * 3000, "@", "1@", "@1",
    "seed@default", "seed@99999999999999999999", "-", "*", "1:predict", ":", ";", "a b", "%0d%0a", "\\", "{}", "%25",
    "0", "v1", "~",
)  # fmt: skip
NAMES = (
    "pageSize", "pageToken", "filter", "orderBy", "updateMask", "readMask", "etag", "force", "allowMissing", "alt",
    "$alt", "prefix", "delimiter", "maxResults", "matchGlob", "startOffset", "endOffset", "generation", "fields",
    "ifGenerationMatch", "ifMetagenerationNotMatch", "ifSourceGenerationMatch", "uploadType", "upload_id", "name",
    "uri", "run", "sort", "includeTrailingDelimiter", "sourceGeneration", "EIO", "transport", "sid", "maxHops", "q",
)  # fmt: skip
TEXTS = (
    "", "0", "-1", "1", "1001", "99999999999999999999", "1e9", "%00", "%FF", "%F0%9F%98%80", "a" * 3000, "true",
    "%22", "(" * 200, "NOT%20" * 100, "a%3D1%20AND", "labels.a%3A*", "create_time%3E%22x%22", "*", "{a,b}" * 20,
    "[" * 50, "**" * 50, "metadata.a.number_value%3E1e999", "in_context(%22x%22)", "displayName,,labels", "a.b.c",
    "json%3Benum-encoding%3Dint", "media", "resumable", "multipart", "gs%3A%2F%2F", "gs%3A%2F%2F%00%2Fx", "AAAA",
    "create_time%20desc,name", "polling", "websocket", "%ED%A0%80",
)  # fmt: skip
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"Host", b""), (b"Host", b"attacker.example"), (b"Host", b"[::1]:80"), (b"Host", b"127.0.0.1:99999"),
    (b"Host", b"["), (b"Origin", b"null"), (b"Origin", b"http://["), (b"Origin", b"http://127.0.0.1:1"),
    (b"Sec-Fetch-Site", b"cross-site"), (b"Sec-Fetch-Site", b"\xff"), (b"Sec-Fetch-Mode", b"navigate"),
    (b"Content-Type", b""), (b"Content-Type", b"text/plain; charset=utf-16"), (b"Content-Type", b"multipart/related"),
    (b"Content-Type", b"multipart/mixed; boundary*=utf-8''%E2%82%AC"), (b"Content-Type", b"\xff\xfe"),
    (b"Content-Length", b"5"), (b"Content-Length", b"-1"), (b"Content-Length", b"abc"), (b"Content-Length", b"9" * 30),
    (b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"gzip, chunked"), (b"Transfer-Encoding", b"identity"),
    (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"br"), (b"Range", b"bytes=5-2"), (b"Range", b"bytes=-0"),
    (b"Range", b"bytes=0-99999999999999999999999"), (b"Range", b"bytes=1-1,2-2"), (b"Content-Range", b"bytes */*"),
    (b"Content-Range", b"bytes 5-1/3"), (b"Content-Range", b"bytes 0-9/10"), (b"Content-Range", b"bytes 0-9/1"),
    (b"Content-Range", b"bytes 999999999999-9999999999999/*"), (b"X-Goog-Hash", b"md5=x,crc32c=y,=,z"),
    (b"X-Goog-If-Generation-Match", b"x"), (b"X-Upload-Content-Type", b"\xe9"), (b"X-Goog-Upload-Protocol", b"odd"),
    (b"Accept-Encoding", b"gzip;q=0, *;q=0"), (b"Accept", b"\xff"), (b"Expect", b"100-continue"), (b"Expect", b"x"),
    (b"Connection", b"close"), (b"Connection", b"Upgrade, HTTP2-Settings"), (b"Upgrade", b"h2c"),
    (b"Upgrade", b"websocket"), (b"Sec-WebSocket-Key", b"x"), (b"Sec-WebSocket-Version", b"99"),
    (b"Sec-WebSocket-Protocol", b"\xff,,"), (b"Sec-WebSocket-Extensions", b"permessage-deflate; x=\"\xff\""),
    (b"Cookie", b"\xff=\x01; =;;"), (b"Authorization", b"Bearer \xff"), (b"X-HTTP-Method-Override", b"DELETE"),
    (b"If-None-Match", b"*"), (b"If-Modified-Since", b"yesterday"), (b"X-Long", b"a" * 20_000), (b"X" * 500, b"x"),
    (b"bad name", b"x"), (b"", b"x"), (b"X-Folded", b"a\r\n b"), (b"X-Control", b"\x00\x01"), (b"Forwarded", b"for=\""),
)  # fmt: skip
METHODS = (
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "PURGE",
    "X" * 300,
    "",
)  # fmt: skip
NOISE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\r\n\r\n",
    b"\r\n" * 50, b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100, b"GET  HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
)  # fmt: skip


class Mutator:
    """Changes requests.

    Args:
        chance: Which, and how.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._steps: tuple[Callable[[Request], None], ...] = (
            self._path, self._path, self._method, self._query, self._query, self._header, self._header, self._json,
            self._json, self._json, self._bytes, self._framing, self._leaving,
        )  # fmt: skip

    def mutate(self, request: Request) -> None:
        """Changes a request up to three times; now and then not at all."""
        if self._chance.random() < 0.01:
            request.raw, request.body = True, self._chance.choice(NOISE)
            return
        for _ in range(self._chance.choice([0, 1, 1, 1, 2, 3])):
            self._chance.choice(self._steps)(request)

    def _path(self, request: Request) -> None:
        parts = request.path.split("/")
        place = self._chance.randrange(1, len(parts)) if len(parts) > 1 else 0
        match self._chance.randrange(5):
            case 0 | 1:
                parts[place] = self._chance.choice(SEGMENTS)
            case 2:
                parts.insert(place, self._chance.choice(SEGMENTS))
            case 3:
                parts[place] += self._chance.choice(SEGMENTS)
            case _:
                del parts[place]
        request.path = "/".join(parts)
        if self._chance.random() < 0.05:
            request.path = self._chance.choice(["*", "", f"http://127.0.0.1{request.path}", "//[", f"/{request.path}"])

    def _method(self, request: Request) -> None:
        request.method = self._chance.choice(METHODS)

    def _query(self, request: Request) -> None:
        name = self._chance.choice([*(name for name, _ in request.query), *self._chance.sample(NAMES, 3)])
        text = self._chance.choice(TEXTS)
        kept = [pair for pair in request.query if pair[0] != name or self._chance.random() < 0.2]
        request.query = [*kept, (name, text)]

    def _header(self, request: Request) -> None:
        name, value = self._chance.choice(HEADERS)
        if self._chance.random() < 0.5:
            request.headers = [header for header in request.headers if header[0].lower() != name.lower()]
        request.headers.append((name, value))
        if name in {b"Content-Length", b"Transfer-Encoding"}:
            request.length = request.length or b"%d" % len(request.body)

    def _json(self, request: Request) -> None:
        try:
            document = json.loads(request.body)
        except (ValueError, RecursionError):
            self._bytes(request)
            return
        raw: list[str] = []
        changed = self._changed(document, raw)
        text = json.dumps(changed)
        for number, token in enumerate(raw):
            text = text.replace(f'"@raw{number}@"', token)
        request.body = text.encode("utf-8", "surrogatepass")

    def _new(self, raw: list[str]) -> Any:
        if self._chance.random() < 0.25:
            raw.append(self._chance.choice(RAW))
            return f"@raw{len(raw) - 1}@"
        return self._chance.choice(VALUES)

    def _changed(self, document: Any, raw: list[str]) -> Any:
        """The document with one change, somewhere in it."""
        if isinstance(document, dict) and document and self._chance.random() < 0.8:
            return self._changed_object(document, raw)
        if isinstance(document, list) and document and self._chance.random() < 0.7:
            return self._changed_list(document, raw)
        return self._chance.choice([self._new(raw), [document], {"value": document}, str(document)])

    def _changed_object(self, document: dict[str, Any], raw: list[str]) -> dict[str, Any]:
        key = self._chance.choice([*document])
        match self._chance.randrange(6):
            case 0:
                return {name: value for name, value in document.items() if name != key}
            case 1:
                return {**document, self._chance.choice(["", "unknown", "name", "é", "a" * 300]): self._new(raw)}
            case 2:
                return {(f"{key}x" if name == key else name): value for name, value in document.items()}
        return {**document, key: self._changed(document[key], raw)}

    def _changed_list(self, document: list[Any], raw: list[str]) -> list[Any]:
        if self._chance.random() < 0.2:
            return document * self._chance.choice([2, 100])
        place = self._chance.randrange(len(document))
        return [self._changed(value, raw) if here == place else value for here, value in enumerate(document)]

    def _bytes(self, request: Request) -> None:
        body = request.body
        place = self._chance.randrange(len(body) + 1)
        match self._chance.randrange(6):
            case 0:
                request.body = body[:place]
            case 1:
                request.body = body[:place] + self._chance.randbytes(5) + body[place:]
            case 2:
                request.body = self._chance.choice([b"\xef\xbb\xbf" + body, body.decode("latin-1").encode("utf-16")])
            case 3:
                request.body = gzip.compress(body, mtime=0)
            case 4:
                request.body = body * self._chance.choice([2, 50])
            case _:
                request.body = self._chance.choice([b"", b"[]", b"null", b'"x"', b"{}", b"{" * 1000, b"--x\r\n" * 300])

    def _framing(self, request: Request) -> None:
        match self._chance.randrange(4):
            case 0:
                request.chunks = self._chance.choice([1, 3, 20])
            case 1:
                request.length = b"%d" % (len(request.body) + self._chance.choice([1, 1000, -1]))
            case 2:
                request.headers *= self._chance.choice([2, 40])
            case _:
                request.length = self._chance.choice([b"", b"0", b"+3", b"0x5", b"5, 5", b"1" + b"0" * 12])

    def _leaving(self, request: Request) -> None:
        """The client leaves: in the middle of its request, or before the answer."""
        request.reads = self._chance.random() < 0.3
        if self._chance.random() < 0.7:
            request.cut = self._chance.random()
            request.chunks = self._chance.choice([0, 5])

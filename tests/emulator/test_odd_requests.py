"""Requests that nobody's client sends: odd handshakes, odd addresses of the console, odd bodies of the controls.

Each is answered, none with a fault of the emulator's own, and the log has no traceback.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator
from tests.raw_client import answered

pytestmark = pytest.mark.run

SEED = 20260518
REQUESTS = 200
SOCKET = "/console/_nicegui_ws/socket.io/"
PARTS = [
    "..", ".", "%2e%2e", "%00", "a%00b", "%2F", "%5C", "%0d%0a", "%ff", "%C3%A9", "%F0%9F%98%80", "%ED%A0%80", "%",
    "%zz",
    "x" * 5000, "*", "@", "m@1", "m@", "@1", "m@2@3", ":", "a:b", ":cancel", "-", "0", "9" * 30, "%3Cb%3E", "'",
    "%20", "+",
    "%7B0%7D", "%5B", "a;b", "\xe9", "()", "$", "&", "=", "#", "%7f", "", "p", "us-central1",
]  # fmt: skip
COLLECTIONS = ["pipelineJobs", "models", "endpoints", "schedules", "operations", "nonsense", ""]
PLACES = [
    "", "compare", "objects", "download", "report", "_nicegui", "_nicegui/x/static/nicegui.js",
    "_nicegui/x/components/",
    "_nicegui/x/libraries/", "_nicegui/x/resources/", "_nicegui/x/esm/", "_nicegui_ws", "_nicegui_ws/socket.io/",
    "favicon.ico",
]  # fmt: skip
QUERY_KEYS = [
    "run",
    "uri",
    "task",
    "page",
    "sort",
    "state",
    "q",
    "order",
    "client_id",
    "EIO",
    "transport",
    "sid",
    "j",
    "",
]
QUERY_VALUES = [
    *PARTS, "gs://", "gs://b", "gs:///x", "gs://../x", "gs://b/../x", "gs://b/%00", "gs://b/%0d%0aSet-Cookie:%20a=b",
    "gs://b/%ff",
    f"{LOCATION}/pipelineJobs/..", "projects/%00/locations/l/pipelineJobs/%00", f"{LOCATION}/pipelineJobs/a%3Fb",
    "-1", "NaN", "4",
    "polling", "websocket", "true",
]  # fmt: skip
HEADERS: list[tuple[str, Sequence[str]]] = [
    ("Accept", ["text/html", "text/markdown", ";;;", "\xff"]),
    ("Cookie", ["=;;=", "\xff"]),
    ("Range", ["bytes=9-1", "bytes=a-b", "bytes=0-1,5-6"]),
    ("If-None-Match", ["*", "\xff"]),
    ("If-Modified-Since", ["yesterday", "\xff"]),
    ("X-Forwarded-Prefix", ['"><script>', "\xff"]),
    ("Sec-Purpose", ["prefetch", "prefetch;prerender", "\xff"]),
    ("Upgrade", ["websocket", "h2c", "websocket, foo", "\xff"]),
    ("Connection", ["Upgrade", "close", "\xff"]),
    ("Sec-WebSocket-Key", ["x", ""]),
    ("Sec-WebSocket-Version", ["8", "abc", ""]),
    ("Sec-WebSocket-Protocol", ["a, b", ",", "\xff"]),
    ("Sec-WebSocket-Extensions", ["permessage-deflate; client_max_window_bits=999", 'x; y="', "\xff"]),
    ("Host", ["localhost", "a b", "127.0.0.1:99999", "[::1", "\xe9"]),
    ("Origin", ["null", "\xff"]),
]
HANDSHAKE = [
    ("Host", "127.0.0.1"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
]  # fmt: skip
CONTROLS: dict[str, dict[str, Any]] = {
    "/_emulator/faults": {"rpc": "NoSuch", "status": "UNAVAILABLE", "times": 1, "message": "x"},
    "/_emulator/operation_delay": {"seconds": 0},
    "/_emulator/clock": {"advance_s": 0, "now": "2030-01-01T12:00:00Z"},
    "/v2/entries:list": {
        "resourceNames": ["projects/p"], "filter": 'resource.labels.job_id="1"', "orderBy": "", "pageSize": 1,
        "pageToken": "",
    },
}  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 10**400, 1e-320, 86400 * 366 * 9000, "", "x", "\0", "\ud800", "\u2028", [], {},
    [[]], {"a": 1},
    ["projects/.."], ["projects/\n"], "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2030-02-30T00:00:00Z",
    "MA==", "LTE6MDow",
    'resource.labels.job_id=99999999999999999999999 AND timestamp>"x"', "x" * 100_000,
]  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd") / "emulator.log"


@pytest.fixture(scope="module")
def asked(log: Path) -> Iterator[VertexEmulator]:
    """An emulator, in whose log there is no traceback in the end."""
    running = VertexEmulator(log.parent / "vertex", "--project", "p", log=log)
    assert running.call("GET", "/console").status_code == 200
    yield running
    running.close()
    assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace")


def request(line: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{line}\r\n{fields}\r\n".encode("latin-1") + body


def is_fault(status: int) -> bool:
    return status == 0 or (status >= 500 and status != 501)


def address(draw: random.Random) -> str:
    """An address, mostly of the console."""
    some = draw.choice
    place = f"/console/projects/{some(PARTS)}/locations/{some(PARTS)}/{some(COLLECTIONS)}"
    path = some(
        [place, f"{place}/{some(PARTS)}", f"/console/{some(PLACES)}{some(['', '/'])}{some(PARTS)}", f"/{some(PARTS)}"]
    )
    query = "&".join(f"{some(QUERY_KEYS)}={some(QUERY_VALUES)}" for _ in range(draw.randint(0, 2)))
    return f"{path}?{query}" if query else path


def odd_headers(draw: random.Random) -> list[tuple[str, str]]:
    return [(name, draw.choice(values)) for name, values in draw.sample(HEADERS, draw.choice([0, 0, 1, 2, 3]))]


def odd_handshake(draw: random.Random) -> tuple[str, list[tuple[str, str]]]:
    query = "?EIO=4&transport=websocket&client_id=c&tab_id=t&document_id=d"
    places = [
        SOCKET + query,
        SOCKET + query[:-1],
        "/healthz",
        f"/v1/{LOCATION}/models",
        "/_emulator/reset",
        "/",
        "/console",
    ]
    headers = [*HANDSHAKE, *odd_headers(draw)]
    if draw.random() < 0.3:
        headers.pop(draw.randrange(len(HANDSHAKE)))
    return draw.choice([*places, address(draw)]), headers


@pytest.mark.parametrize("kind", ["address", "handshake"])
def test_noise_of_browsers_is_answered(asked: VertexEmulator, kind: str) -> None:
    draw = random.Random(f"{SEED} {kind}")  # noqa: S311 - inputs of a test are no secret
    wrong: Counter[tuple[int, bytes]] = Counter()
    for _ in range(REQUESTS):
        target, headers = (
            odd_handshake(draw) if kind == "handshake" else (address(draw), [("Host", "127.0.0.1"), *odd_headers(draw)])
        )
        method = draw.choice([*["GET"] * 8, "HEAD", "POST", "OPTIONS", "FOO", "get", "CONNECT"])
        version = draw.choice([*["HTTP/1.1"] * 8, "HTTP/1.0", "HTTP/9.9"])
        odd = request(f"{method} {target} {version}", headers)
        status = answered(asked.address, odd)
        wrong[status, odd[:300]] += is_fault(status)
    assert +wrong == {}


def test_noise_in_the_controls_is_answered(asked: VertexEmulator) -> None:
    draw = random.Random(SEED)  # noqa: S311 - inputs of a test are no secret
    wrong: Counter[tuple[str, bytes, int]] = Counter()
    for _ in range(4 * REQUESTS):
        path, fields = draw.choice(list(CONTROLS.items()))
        body = {
            name: draw.choice([good, good, draw.choice(VALUES)]) for name, good in fields.items() if draw.random() < 0.8
        }
        content = json.dumps(body if draw.random() < 0.9 else draw.choice(VALUES)).encode()
        status = asked.call("POST", path, content).status_code
        wrong[path, content[:200], status] += is_fault(status)
    assert +wrong == {}
    asked.call("POST", "/_emulator/clock", {"now": "2026-05-18T00:00:00Z"})


@pytest.mark.parametrize(
    "place", ["/healthz", f"/v1/{LOCATION}/models", "/_emulator/requests", "/v2/entries:list", "/"]
)
def test_websockets_are_refused_where_there_are_none(asked: VertexEmulator, place: str) -> None:
    assert answered(asked.address, request(f"GET {place} HTTP/1.1", HANDSHAKE)) == 403


@pytest.mark.parametrize(
    "place",
    [
        "/console",
        "/console/compare",
        "/console/download",
        f"{SOCKET}?EIO=4&transport=websocket",
        f"{SOCKET}?EIO=4&transport=websocket&client_id=c&tab_id=t&document_id=d&j=abc",
    ],
)
def test_websockets_of_the_console_are_for_its_pages_alone(asked: VertexEmulator, place: str) -> None:
    assert answered(asked.address, request(f"GET {place} HTTP/1.1", HANDSHAKE)) == 403


OWN = ("Sec-Fetch-Site", "same-origin")


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("POST /console HTTP/1.1", [], 405),
        (f"GET {SOCKET}?EIO=4&transport=polling HTTP/1.1", [], 400),
        ("GET /console/a%0Ab HTTP/1.1", [], 400),
        ("GET /console HTTP/1.1", [("Sec-Purpose", "prefetch;prerender"), OWN], 425),
        ("GET /console HTTP/1.1", [("Sec-Purpose", "prefetch"), OWN], 200),
        ("GET /console HTTP/1.1", [("Sec-Purpose", "prefetch")], 403),
        ("GET /console/projects/../locations/l/models HTTP/1.1", [], 400),
        ("GET /console/projects/p/locations/%2E%2E/pipelineJobs HTTP/1.1", [], 400),
        ("GET /console/projects/p/locations/l/endpoints/.. HTTP/1.1", [], 400),
    ],
)
def test_the_console_refuses_what_is_no_page(
    asked: VertexEmulator, line: str, headers: list[tuple[str, str]], status: int
) -> None:
    assert answered(asked.address, request(line, [("Host", "127.0.0.1"), *headers])) == status


@pytest.mark.parametrize("frame", ["", "x", "44", '42["handshake",{}]', '42["event",{"client_id":{}}]', b"\x00\xff"])
def test_a_frame_of_no_page_ends_its_websocket(asked: VertexEmulator, frame: str | bytes) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    page = asked.call("GET", "/console").text
    found = re.search(r"client_id['\"]?:\s*['\"]([0-9a-f-]{36})", page)
    assert found is not None
    query = f"EIO=4&transport=websocket&client_id={found[1]}&tab_id=t&document_id=d&next_message_id=0"
    with connect(f"{asked.address.replace('http', 'ws')}{SOCKET}?{query}") as joined:
        joined.send("40")
        with contextlib.suppress(ConnectionClosed):
            joined.send(frame)
        with pytest.raises(ConnectionClosed):
            list(map(str, iter(lambda: joined.recv(60), None)))

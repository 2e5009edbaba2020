from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.api.errors import ApiError
from emulator.api.guard import (
    LONGEST_ADDRESS,
    Guarded,
    is_loopback,
    require_local,
    require_own_page,
    require_short,
)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "::", "10.0.0.1", "localhost.attacker.example", "127.0.0.1.example"])
def test_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8470", None),
        ("localhost", None),
        ("[::1]:8470", None),
        (None, None),
        ("localhost:8470", "http://localhost:8470"),
    ],
)
def test_require_local_lets_programs_and_the_own_page_in(host: str | None, origin: str | None) -> None:
    require_local(host, origin)


@pytest.mark.parametrize(
    ("host", "origin", "sentence"),
    [
        ("attacker.example:8470", None, "answers only to loopback names"),
        ("[::1", None, "answers only to loopback names"),
        ("", None, "answers only to loopback names"),
        ("attacker.example@127.0.0.1", None, "answers only to loopback names"),
        ("127.0.0.1, attacker.example", None, "answers only to loopback names"),
        ("127.0.0.1:8470", "https://attacker.example", "answers no page of another site"),
        ("127.0.0.1:8470", "null", "answers no page of another site"),
        ("127.0.0.1:8470", "http://127.0.0.1:3000", "answers no page of another port"),
        ("127.0.0.1:8470", "http://localhost:8470", "answers no page of another port"),
    ],
)
def test_require_local_keeps_pages_out(host: str, origin: str | None, sentence: str) -> None:
    with pytest.raises(ApiError, match=sentence) as caught:
        require_local(host, origin)
    assert caught.value.http_status == 403


FOLLOWED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-site": "cross-site", **FOLLOWED},
        {"sec-fetch-site": "same-site", **FOLLOWED},
    ],
)
def test_require_own_page_lets_programs_own_pages_and_followed_links_in(headers: dict[str, str]) -> None:
    require_own_page("GET", headers)


def test_require_own_page_keeps_what_is_fetched_ahead_out() -> None:
    ahead = {**FOLLOWED, "sec-purpose": "prefetch"}
    require_own_page("GET", {**ahead, "sec-fetch-site": "same-origin"})
    for site in ("none", "cross-site", "same-site"):
        with pytest.raises(ApiError, match="answers no page of another site"):
            require_own_page("GET", {**ahead, "sec-fetch-site": site})


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", " cross-site", "another word"])
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}),
        ("GET", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}),
        ("GET", {"sec-fetch-mode": "websocket", "sec-fetch-dest": "empty"}),
        ("GET", {}),
        ("POST", FOLLOWED),
    ],
)
def test_require_own_page_keeps_what_other_pages_fetch_out(site: str, method: str, headers: dict[str, str]) -> None:
    with pytest.raises(ApiError, match="answers no page of another site") as caught:
        require_own_page(method, {"sec-fetch-site": site, **headers})
    assert caught.value.http_status == 403


def call(kind: str, *more: tuple[str, str], **headers: str) -> tuple[list[dict[str, Any]], bool]:
    """What a guarded application sends for a request or websocket, and whether the application saw it."""
    sent: list[dict[str, Any]] = []
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    pairs = [(name.encode(), value.encode()) for name, value in [*given, *more]]
    asyncio.run(Guarded(app)({"type": kind, "headers": pairs}, receive, send))
    return sent, bool(seen)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_guarded_passes_the_own_page_on(kind: str) -> None:
    assert call(kind, host="127.0.0.1:8470", origin="http://127.0.0.1:8470") == ([], True)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": "127.0.0.1:8470", "origin": "https://attacker.example"},
        {"host": "127.0.0.1:8470", "sec_fetch_site": "cross-site"},
        {"host": "127.0.0.1:8470", "sec_fetch_site": "none", "sec_purpose": "prefetch"},
    ],
)
def test_guarded_refuses_requests_and_websockets_unseen(headers: dict[str, str]) -> None:
    sent, seen = call("http", **headers)
    assert (sent[0]["status"], seen) == (403, False)
    assert b"PERMISSION_DENIED" in sent[1]["body"]
    sent, seen = call("websocket", **headers)
    assert ([message["type"] for message in sent], seen) == (["websocket.close"], False)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("name", "value"), [("host", "127.0.0.1"), ("Origin", "http://127.0.0.1"), ("sec-fetch-site", "same-origin")]
)
def test_guarded_believes_no_header_that_is_given_twice(kind: str, name: str, value: str) -> None:
    own = {"host": "127.0.0.1", "origin": "http://127.0.0.1", "sec_fetch_site": "same-origin"}
    assert call(kind, **own)[1]
    assert not call(kind, (name, value), **own)[1]


def test_guarded_leaves_the_lifespan_alone() -> None:
    assert call("lifespan") == ([], True)


def test_an_address_that_is_too_long_is_refused() -> None:
    require_short(b"/" * LONGEST_ADDRESS, b"")
    sentence = f"at most {LONGEST_ADDRESS} bytes long. Received: {LONGEST_ADDRESS + 2}."
    with pytest.raises(ApiError, match=sentence) as caught:
        require_short(b"/" * LONGEST_ADDRESS, b"a=")
    assert caught.value.status == "INVALID_ARGUMENT"

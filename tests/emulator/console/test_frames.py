from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.console.frames import is_frame, is_handshake

WHOLE = b"EIO=4&transport=websocket&client_id=c&next_message_id=0&implicit_handshake=true&document_id=d&tab_id=t"
JOIN = {"client_id": "c", "tab_id": "t", "document_id": "d", "old_tab_id": None, "next_message_id": 0}
CLICK = {"client_id": "c", "id": 4, "listener_id": "l", "args": ["1", None]}


def event(name: Any, *messages: Any) -> str:
    return "42" + json.dumps([name, *messages])


@pytest.mark.parametrize("query", [WHOLE, WHOLE + b"&old_tab_id=null", WHOLE.replace(b"&next_message_id=0", b"")])
def test_handshake_of_a_page_is_known(query: bytes) -> None:
    assert is_handshake(query)


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"EIO=4&transport=websocket",
        WHOLE.replace(b"EIO=4", b"EIO=3"),
        WHOLE.replace(b"websocket", b"polling"),
        WHOLE.replace(b"tab_id=t", b"tab_id="),
        WHOLE.replace(b"message_id=0", b"message_id=abc"),
        WHOLE + b"&client_id=e",
        WHOLE + b"&sid=x",
        WHOLE + b"&j=abc",
        WHOLE + b"\xff",
    ],
)
def test_handshake_of_anything_else_is_not(query: bytes) -> None:
    assert not is_handshake(query)


@pytest.mark.parametrize(
    "text",
    [
        "40",
        "41",
        "3",
        event("handshake", JOIN),
        "421" + json.dumps(["handshake", JOIN]),
        event("event", CLICK),
        event("event", {**CLICK, "args": []}),
        event("javascript_response", {"client_id": "c", "request_id": "r"}),
        event("ack", {"client_id": "c", "next_message_id": 3}),
        event("log", {"client_id": "c", "level": "error", "message": "x"}),
    ],
)
def test_frames_of_a_page_are_known(text: str) -> None:
    assert is_frame(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "4", "9", "43", "44", "45", "42", "42{}", "42[]", "42[1]", "40/x,", '451-["event"]',
        "42" + "[" * 100_000, '429999999999999["event",1]',
        event("nope", {}), event([], {}), event("event"), event("event", 1), event("event", {}),
        event("handshake", {"client_id": "c"}), event("handshake", {**JOIN, "client_id": []}),
        event("handshake", {**JOIN, "next_message_id": "x"}), event("event", {**CLICK, "args": ["{"]}),
        event("event", {**CLICK, "args": 1}), event("event", {**CLICK, "client_id": {}}), event("ack",
        {"client_id": "c"}),
        event("log", {"client_id": "c", "level": "x", "message": 1}), event("javascript_response", {}),
    ],
)  # fmt: skip
def test_frames_of_anything_else_are_not(text: str) -> None:
    assert not is_frame(text)

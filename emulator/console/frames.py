"""What a browser sends to a page's websocket: the frames of Engine.IO 4 and Socket.IO 5 that NiceGUI writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

# Engine.IO's close, ping, pong and no-operation; Socket.IO's connect and disconnect.
_PLAIN = {"1", "2", "3", "6", "40", "41"}
_EVENT = re.compile(r"42\d{0,9}(?=\[)")
_NUMBER = re.compile(r"[0-9]{1,9}")
_LEVELS = {"debug", "info", "warning", "error"}


def is_handshake(query_string: bytes) -> bool:
    """Whether a websocket's address is that of a page's script: it names the page, the tab and the document."""
    if not query_string.isascii():
        return False
    given = parse_qs(query_string.decode("ascii"), keep_blank_values=True)
    asked = {name: values[0] for name, values in given.items() if len(values) == 1}
    return (
        len(asked) == len(given)
        and (asked.get("EIO"), asked.get("transport")) == ("4", "websocket")
        and not {"sid", "j"} & asked.keys()
        and all(asked.get(name) for name in ("client_id", "tab_id", "document_id"))
        and _NUMBER.fullmatch(asked.get("next_message_id", "0")) is not None
    )


def is_frame(text: str) -> bool:
    """Whether a text that came through the websocket is a frame of a page's script."""
    if text in _PLAIN:
        return True
    event = _EVENT.match(text)
    if event is None:
        return False
    try:
        name, message = json.loads(text[event.end() :])
        return bool(_EVENTS[name](message))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False


def _joins(message: Mapping[str, Any]) -> bool:
    texts = (message["client_id"], message["tab_id"], message["document_id"], message.get("old_tab_id") or "")
    return _are_texts(*texts) and _NUMBER.fullmatch(str(message.get("next_message_id", 0))) is not None


def _acts(message: Mapping[str, Any]) -> bool:
    arguments = message.get("args", [])
    if not _are_texts(message["client_id"], message["listener_id"]) or not isinstance(message["id"], int):
        return False
    for argument in arguments:
        if argument is not None:
            json.loads(argument)
    return isinstance(arguments, list)


def _answers(message: Mapping[str, Any]) -> bool:
    return _are_texts(message["client_id"], message["request_id"])


def _acknowledges(message: Mapping[str, Any]) -> bool:
    return _are_texts(message["client_id"]) and isinstance(message["next_message_id"], int)


def _logs(message: Mapping[str, Any]) -> bool:
    return _are_texts(message["client_id"]) and message["level"] in _LEVELS and "message" in message


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


_EVENTS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "handshake": _joins,
    "event": _acts,
    "javascript_response": _answers,
    "ack": _acknowledges,
    "log": _logs,
}

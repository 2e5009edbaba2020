"""What of a request for the console reaches NiceGUI: pages are read, and each is joined by one websocket.

Everything else is refused before, with a status and a sentence. NiceGUI and what it stands on would answer some of it
with a traceback in the log.
"""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from emulator.console.addresses import PREFIX
from emulator.console.frames import is_frame, is_handshake

SOCKET = f"{PREFIX}/_nicegui_ws"
# RFC 6455: a message of a kind that is not taken; a message against the rules of who reads it.
NOT_TAKEN = 1003
POLICY_VIOLATION = 1008


class Refusal(NamedTuple):
    """Why a request gets no further.

    Attributes:
        status: The HTTP status; a handshake is refused with 403 in any case.
        sentence: What to do instead.
    """

    status: int
    sentence: str


def refusal_of(scope: Scope) -> Refusal | None:
    """Why a request or the handshake of a websocket gets no further; None where it does."""
    is_socket = scope["path"] == SOCKET or scope["path"].startswith(f"{SOCKET}/")
    if scope["type"] == "websocket":
        is_whole = is_socket and is_handshake(scope["query_string"])
        return None if is_whole else Refusal(403, "Only a page's own script opens a websocket.")
    if not scope["path"].isprintable() or {".", ".."} & set(scope["path"].split("/")):
        return Refusal(400, 'The address of a page holds no control characters, and no "." or ".." as a part.')
    if is_socket:
        return Refusal(400, "A page is joined by a websocket alone.")
    if scope["method"] != "GET":
        return Refusal(405, "The console's pages are read, by GET.")
    if b"prerender" in dict(scope["headers"]).get(b"sec-purpose", b""):
        # While a browser makes a page that nobody looks at yet, NiceGUI's script would not use a websocket.
        return Refusal(425, "A page is made when it is looked at.")
    return None


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what gets no further."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal.sentence})
        return
    headers = {"allow": "GET"} if refusal.status == 405 else None
    await PlainTextResponse(refusal.sentence, refusal.status, headers)(scope, receive, send)


def with_frames_alone(receive: Receive, send: Send) -> Receive:
    """What a websocket receives, as far as it is frames of a page's script: at anything else it is closed."""

    async def receive_frame() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive" or is_frame(message.get("text") or ""):
            return message
        await send({"type": "websocket.close", "code": NOT_TAKEN, "reason": "This is no frame of a page's script."})
        return {"type": "websocket.disconnect", "code": NOT_TAKEN}

    return receive_frame

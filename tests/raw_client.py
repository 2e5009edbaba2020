"""HTTP by hand: requests that no client library sends, and clients that leave within one."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

from tests.patience import patience_s

LARGEST_HEAD = 1 << 16


def leave(address: str, head: str, body: bytes = b"") -> None:
    """Sends the head of a request and the beginning of its body, and closes the connection.

    Args:
        address: The server's, as in http://127.0.0.1:8470.
        head: The request's line and headers but for Host, without the empty line.
        body: What is sent of the body.
    """
    with _connected(address) as raw:
        raw.sendall(f"{head}\r\nHost: {urlsplit(address).netloc}\r\n\r\n".encode("latin-1") + body)


def answered(address: str, request: bytes) -> int:
    """The status that a request is answered with; 0 where the server closes the connection without an answer."""
    with _connected(address) as raw, suppress(ConnectionError):
        raw.sendall(request)
        head = b""
        while b"\r\n" not in head and len(head) < LARGEST_HEAD and (more := raw.recv(4096)):
            head += more
        return int(head.split()[1]) if head.startswith(b"HTTP/") else 0
    return 0


def _connected(address: str) -> socket.socket:
    place = urlsplit(address)
    assert place.hostname is not None
    return socket.create_connection((place.hostname, place.port), patience_s())

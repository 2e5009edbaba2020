"""Bytes to a port of the emulator, and the status that comes back."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

from tests.patience import patience_s

# For how long an answer to what is no whole request is waited for.
GLANCE_S = 0.2


class Sent(NamedTuple):
    """What goes over one connection.

    Attributes:
        pieces: The bytes, in the pieces in which they are sent.
        is_whole: Whether they are a request that must be answered.
        reads: Whether the client waits for the answer.
    """

    pieces: Sequence[bytes]
    is_whole: bool
    reads: bool


class SilenceError(Exception):
    """A whole request got no answer in time."""


def exchange(port: int, sent: Sent) -> int | None:
    """Sends, and gives the status of the answer; None where the connection was closed without one.

    Raises:
        SilenceError: There was none in time.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s()) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in sent.pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            # It was refused before all of it was sent; the answer may be there.
            pass
        if not sent.reads:
            return None
        try:
            return _status(connection, time.monotonic() + (patience_s() if sent.is_whole else GLANCE_S))
        except TimeoutError:
            if sent.is_whole:
                raise SilenceError("no answer in time") from None
            return None
        except ConnectionResetError:
            return None


def _status(connection: socket.socket, deadline: float) -> int | None:
    """The status of the first answer that is no interim one; the rest of it is read, too, where it comes at once."""
    received = b""
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        if end:
            status = int(head.split(b" ", 2)[1])
            if status >= 200 or status == 101:
                with contextlib.suppress(OSError):
                    connection.settimeout(0.001)
                    while connection.recv(1 << 16):
                        pass
                return status
            received = rest
            continue
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        piece = connection.recv(1 << 16)
        if not piece:
            return None
        received += piece

"""A client that costs next to nothing: one request, written beforehand, over one connection that is kept."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

Ask = Callable[[], object]

FLOWER = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}

_WARM_UP = 20
_PATIENCE_S = 60.0


class Connection:
    """A kept connection to a server that answers with a Content-Length.

    Args:
        address: http://HOST:PORT.
    """

    def __init__(self, address: str) -> None:
        place = urlsplit(address)
        self._host = place.netloc
        self._socket = socket.create_connection((place.hostname, place.port), _PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, path: str, body: bytes = b"", method: str = "POST") -> bytes:
        """The bytes of a request."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def send(self, request: bytes) -> bytes:
        """Sends a request and returns the body of its answer.

        Raises:
            RuntimeError: The answer is not 200, or has no length.
        """
        self._socket.sendall(request)
        head, _, rest = self._read_head().partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None
        )
        if length is None:
            raise RuntimeError(f"An answer without a length: {head!r}")
        pieces, missing = [rest], length - len(rest)
        while missing > 0:
            piece = self._receive()
            pieces.append(piece)
            missing -= len(piece)
        body = b"".join(pieces)
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {body[:500].decode()}")
        return body

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()

    def _read_head(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        return data

    def _receive(self) -> bytes:
        piece = self._socket.recv(1 << 20)
        if not piece:
            raise RuntimeError("The server closed the connection.")
        return piece


def keep_asking(make: Callable[[], Ask], clients: int, seconds: float, instances: int) -> dict[str, Any]:
    """Lets clients ask, each as fast as it is answered.

    Args:
        make: Makes a client.
        clients: How many ask at a time.
        seconds: How long.
        instances: In one request.

    Returns:
        `p50_ms`, `p99_ms` and `instances_per_s`, all clients together.

    Raises:
        RuntimeError: A client failed.
    """
    latencies: list[float] = []
    faults: list[Exception] = []
    ready = threading.Barrier(clients + 1)

    def client() -> None:
        try:
            ask = make()
            for _ in range(_WARM_UP):
                ask()
            ready.wait(_PATIENCE_S)
            end = time.perf_counter() + seconds
            while (started := time.perf_counter()) < end:
                ask()
                latencies.append(time.perf_counter() - started)
        except Exception as fault:  # noqa: BLE001 - the thread that waits tells it
            faults.append(fault)
            ready.abort()

    threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):
        ready.wait(_PATIENCE_S)
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"A client failed: {faults[0]}") from faults[0]
    return summary(latencies, seconds, instances)


def summary(latencies: list[float], seconds: float, instances: int) -> dict[str, Any]:
    """Latencies in seconds, as what they come to."""
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99
    return {
        "p50_ms": cuts[49] * 1000,
        "p99_ms": cuts[98] * 1000,
        "instances_per_s": len(latencies) * instances / seconds,
    }

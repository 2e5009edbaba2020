"""How long /healthz takes, asked all the time while something else goes on."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import httpx

from tests.patience import patience_s

PAUSE_S = 0.02


class HealthWatch:
    """Asks from a thread of its own while it is open.

    Args:
        address: The emulator's.

    Attributes:
        seconds: What each question took.
        refused: How many were not answered 200.
    """

    def __init__(self, address: str) -> None:
        self.seconds: list[float] = []
        self.refused = 0
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        """Begins."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=patience_s()) as http:
            while not self._ended.wait(PAUSE_S):
                began = time.perf_counter()
                try:
                    self.refused += http.get(f"{self._address}/healthz").status_code != 200
                except httpx.TransportError:
                    self.refused += 1
                self.seconds.append(time.perf_counter() - began)

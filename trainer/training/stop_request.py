"""SIGINT and SIGTERM while steps are taken: a wish to stop, heeded where the state can be written down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether the training is asked to stop. It is made by `signals_heard`.

    Attributes:
        is_made: Whether a signal has come.
    """

    def __init__(self) -> None:
        self.is_made = False
        # What is ignored stays ignored: a shell has its background jobs ignore SIGINT.
        self._before = {
            number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) != signal.SIG_IGN
        }

    def take_signals(self) -> None:
        """Takes the signals over. The first one to come is the request; one more does what it did before."""
        for number in self._before:
            signal.signal(number, self._hear)

    def give_back(self) -> None:
        """Gives the signals back to the handlers that they had before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_made = True
        self.give_back()


@contextmanager
def signals_heard() -> Iterator[StopRequest]:
    """Makes SIGINT and SIGTERM a request to stop, in the main thread, which alone hears signals."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    request.take_signals()
    try:
        yield request
    finally:
        request.give_back()

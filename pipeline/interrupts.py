"""Ctrl-C and SIGTERM as a flag, which a command reads where it may stop: an exception could rise in a library's lock.

Python raises KeyboardInterrupt wherever the main thread happens to be, be it in a finalizer, where it is lost.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A sleep goes on after a signal whose handler raises nothing.
_SLICE_S = 0.1


class Interrupted(Exception):  # noqa: N818 - it is no error
    """A command stops where it has asked whether to. The message says what has become of its work."""


class Interruption:
    """Whether SIGINT or SIGTERM has come. It is made by `heard_as_flag`."""

    def __init__(self) -> None:
        # Plain, since a handler runs in the main thread, which may hold any lock, an Event's among them.
        self._first: int | None = None
        # What is ignored stays ignored: a shell has its background jobs ignore SIGINT.
        self._before = {
            number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) != signal.SIG_IGN
        }
        for number in self._before:
            signal.signal(number, self._hear)

    @property
    def is_heard(self) -> bool:
        """Whether one has come; those that follow change nothing."""
        return self._first is not None

    def check(self) -> None:
        """Stops a command before it has submitted anything.

        Raises:
            Interrupted: A signal has come.
        """
        if self.is_heard:
            raise Interrupted("Stopped: nothing was submitted.")

    def pause(self, seconds: float) -> None:
        """Sleeps, or less where a signal comes meanwhile."""
        deadline = time.monotonic() + seconds
        while not self.is_heard and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_S))

    def give_back(self) -> None:
        """Gives the signals back to the handlers that they had before."""
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)

    def raise_again(self) -> None:
        """Sends the signal that has come, if one has, to who has the signals now."""
        if self._first is not None:
            signal.raise_signal(self._first)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._first = self._first or number


@contextmanager
def heard_as_flag() -> Iterator[Interruption]:
    """Makes SIGINT and SIGTERM a flag that raises nothing; one that is in force already stays so, and is given."""
    outer = _in_force()
    if outer is not None:
        yield outer
        return
    interruption = Interruption()
    try:
        yield interruption
    finally:
        interruption.give_back()


@contextmanager
def heard_from_start_to_end() -> Iterator[None]:
    """`heard_as_flag` for a whole process, which hears nothing more once its work is done.

    Without it a signal would kill Python in its last moments, and another exit code would be told than the work's.
    """
    with heard_as_flag() as interruption:
        try:
            yield
        finally:
            if _in_force() is interruption:
                for number in _SIGNALS:
                    signal.signal(number, signal.SIG_IGN)


def heard_by_python() -> None:
    """Ends the flag where one is in force: from here on a signal, one that has come already too, does as in any Python.

    It is for commands that read no flag.
    """
    interruption = _in_force()
    if interruption is not None:
        interruption.give_back()
        interruption.raise_again()


def _in_force() -> Interruption | None:
    handlers = map(signal.getsignal, _SIGNALS)
    owners = (getattr(handler, "__self__", None) for handler in handlers)
    return next((owner for owner in owners if isinstance(owner, Interruption)), None)

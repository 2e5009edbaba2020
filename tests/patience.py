"""How long tests wait: as long as this machine needs, which is measured. A slow one takes longer, and fails nothing."""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

Seen = TypeVar("Seen")

# More than anything takes that a test waits for, on a machine that does nothing else.
_IDLE_PATIENCE_S = 120.0
_PAUSE_S = 0.01
# Long enough to be interrupted by what else is at work.
_WORK = "sum(range(3_000_000))"
_IDLE_WORK_S = 0.07
# A load comes and goes, and to measure takes time itself.
_MEASURED_EVERY_S = 10.0


def slowness() -> float:
    """How many times longer this machine takes just now than an idle one; at least 1."""
    return _measured(int(time.monotonic() / _MEASURED_EVERY_S))


def patience_s() -> float:
    """For how many seconds to wait, for what takes a number of them."""
    return _IDLE_PATIENCE_S * slowness()


class Patience:
    """The patience of one wait, which begins when this is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._limit_s = _IDLE_PATIENCE_S

    def is_left(self) -> bool:
        """Whether to wait on. The machine counts as slow as it has been at its slowest."""
        waited_s = time.monotonic() - self._began
        if waited_s >= self._limit_s:
            self._limit_s = max(self._limit_s, patience_s())
        return waited_s < self._limit_s


def turns() -> Iterator[None]:
    """Turns of a loop that waits; the test fails when patience ends."""
    patience = Patience()
    while patience.is_left():
        yield
        time.sleep(_PAUSE_S)
    pytest.fail("It did not happen in time.")


def eventually(look: Callable[[], Seen], holds: Callable[[Seen], object] = bool) -> Seen:
    """What a look shows, once something holds of it.

    Args:
        look: Looks, again and again.
        holds: What must hold of what it shows; that it is true, or not empty, if not given.
    """
    patience = Patience()
    while not holds(seen := look()):
        assert patience.is_left(), f"It did not happen in time. Seen last: {seen!r}"
        time.sleep(_PAUSE_S)
    return seen


@functools.cache
def _measured(period: int) -> float:
    del period
    began = time.monotonic()
    subprocess.run([sys.executable, "-I", "-S", "-c", _WORK], check=True)
    return max((time.monotonic() - began) / _IDLE_WORK_S, 1.0)

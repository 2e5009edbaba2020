"""The same moment in many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def at_once(count: int, call: Callable[[int], Result]) -> list[Result]:
    """Calls something in many threads, of which none begins before all are there.

    Args:
        count: How many threads.
        call: What each calls, with its number.

    Returns:
        What each call gave, by its number.
    """
    barrier = threading.Barrier(count)

    def begin(number: int) -> Result:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))

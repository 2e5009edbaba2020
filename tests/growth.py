"""How much longer a work takes on a longer input. Seconds would tell of the machine."""

from __future__ import annotations

import contextlib
import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

MOST_GROWTH = 2.5
REPEATS = 7
MOST_REPEATS = 60
# As long a time can be measured, and mostly passes undisturbed.
SHORTEST_S = 0.001
# A work that grows faster is not measured for longer, in each round. What disturbs one round may be gone in the next:
# a pause stands before it.
LONGEST_S = 1.5
PAUSES_S = (0.0, 2.0, 5.0)

Input = TypeVar("Input")


def assert_linear(
    work: Callable[[Input], Any],
    make_input: Callable[[int], Input],
    size: int,
    refusal: type[Exception] | tuple[type[Exception], ...] = (),
) -> None:
    """Asserts that twice the input takes at most 2.5 times the processor's time.

    Both are measured one right after the other, again and again, and it is the median of their ratios that counts:
    where the speed of the processor changes, the shortest of all short works may have been luckier than any long one.

    Args:
        work: What is measured.
        make_input: Makes an input of a size, which takes no part in the measure.
        size: So small that a work that takes the square of it still ends in a blink.
        refusal: What the work may raise.
    """
    small, large = make_input(size), make_input(2 * size)
    with _undisturbed():
        times = math.ceil(SHORTEST_S / max(_seconds(work, small, 1, refusal), 1e-7))
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            began = time.process_time()
            ratios: list[float] = []
            while len(ratios) < REPEATS or (len(ratios) < MOST_REPEATS and time.process_time() - began < LONGEST_S):
                # The short work twice: a linear one then takes as long both times, and is as easily disturbed.
                fast = _seconds(work, small, 2 * times, refusal) / 2
                ratios.append(_seconds(work, large, times, refusal) / fast)
                growth = statistics.median(ratios)
                if len(ratios) >= REPEATS and growth <= MOST_GROWTH:
                    return
    raise AssertionError(f"Twice {size} takes {growth:.1f} times the time, where {MOST_GROWTH} is the most.")


def _seconds(work: Callable[[Input], Any], given: Input, times: int, refusal: Any) -> float:
    began = time.process_time()
    for _ in range(times):
        with contextlib.suppress(refusal):
            work(given)
    return time.process_time() - began


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""Times two ways of doing the same, side by side in one run, since a machine's speed changes from minute to minute."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Two ways of doing the same.

    Attributes:
        what: What both do.
        ours_s: Median seconds of this project's way.
        other: The other way.
        other_s: Median seconds of the other way.
        rounds: How often each was timed, in turns.
    """

    what: str
    ours_s: float
    other: str
    other_s: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times as long the other way takes."""
        return self.other_s / self.ours_s


def compare(
    what: str, ours: Callable[[], object], other: str, theirs: Callable[[], object], rounds: int = 5
) -> Comparison:
    """Times `ours` and `theirs` in turns, after one untimed round of each."""
    times: dict[str, list[float]] = {"ours": [], "other": []}
    for round_number in range(rounds + 1):
        for name, action in (("ours", ours), ("other", theirs)):
            started = time.perf_counter()
            action()
            if round_number:
                times[name].append(time.perf_counter() - started)
    return Comparison(what, statistics.median(times["ours"]), other, statistics.median(times["other"]), rounds)

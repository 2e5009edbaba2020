"""What was measured: contestants side by side, repeat by repeat, and how ours stands against each."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

OURS = "this project"


@dataclass(frozen=True)
class Series:
    """One contestant's results, in the order of the repeats.

    Attributes:
        who: The contestant.
        values: One number a repeat.
        versions: What it ran with, by package.
    """

    who: str
    values: tuple[float, ...]
    versions: dict[str, str]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)


@dataclass(frozen=True)
class Target:
    """What a contest's first series is held to.

    Attributes:
        bound: "at least" or "at most".
        value: The number, or, where `against` names a contestant, the factor.
        against: The contestant whose results are multiplied; empty for a number by itself.
    """

    bound: str
    value: float
    against: str = ""


@dataclass(frozen=True)
class Contest:
    """One thing that several do, measured in turns.

    Attributes:
        what: The thing.
        unit: Of the numbers: rows/s, s, ms, MiB.
        series: The contestants that took part, ours first.
        targets: What ours is held to.
        absent: Who did not take part, and why.
        note: What a reader must know of it.
        compared: Whether the others are contestants, and not parts of ours.
    """

    what: str
    unit: str
    series: tuple[Series, ...]
    targets: tuple[Target, ...] = ()
    absent: dict[str, str] | None = None
    note: str = ""
    compared: bool = True

    @property
    def ours(self) -> Series:
        """The first series."""
        return self.series[0]

    def find(self, who: str) -> Series | None:
        """The series of a contestant that took part."""
        return next((series for series in self.series if series.who == who), None)


def pair_ratio(ours: Series, other: Series) -> float:
    """The median of what ours is of the other, repeat by repeat: a machine's speed drifts, and both of a pair drift.

    Raises:
        ValueError: They were not measured in pairs.
    """
    return statistics.median(one / two for one, two in zip(ours.values, other.values, strict=True))

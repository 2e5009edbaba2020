"""What there is to search: some of the trainer's flags, each with the values that it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Scale = Literal["linear", "log", "reverse_log"]
# By what is known of the trials before, by every combination, by chance.
Algorithm = Literal["default", "grid", "random"]


@dataclass(frozen=True)
class Interval:
    """Numbers from one to another, both of which may be taken.

    Attributes:
        name: The field of the trainer's configuration, such as `learning_rate`.
        low: The least.
        high: The most, above `low`.
        scale: How the numbers between are spread.
        is_whole: Whether they are whole numbers.
    """

    name: str
    low: float
    high: float
    scale: Scale
    is_whole: bool

    @property
    def points(self) -> float:
        """How many values there are; infinity for real numbers."""
        return self.high - self.low + 1 if self.is_whole else math.inf

    def __str__(self) -> str:
        """As it is written."""
        scale = "" if self.scale == "linear" else f":{self.scale}"
        return f"{self.name}={number_text(self.low)}..{number_text(self.high)}{scale}"


@dataclass(frozen=True)
class Numbers:
    """Some numbers, of which one is taken.

    Attributes:
        name: The field of the trainer's configuration.
        values: The numbers, rising, two at least.
        scale: How near to each other they are taken to be.
    """

    name: str
    values: tuple[float, ...]
    scale: Scale

    @property
    def points(self) -> float:
        """How many values there are."""
        return len(self.values)

    def __str__(self) -> str:
        """As it is written."""
        scale = "" if self.scale == "linear" else f":{self.scale}"
        return f"{self.name}={','.join(map(number_text, self.values))}{scale}"


@dataclass(frozen=True)
class Words:
    """Some words, of which one is taken.

    Attributes:
        name: The field of the trainer's configuration.
        values: The words, two at least.
    """

    name: str
    values: tuple[str, ...]

    @property
    def points(self) -> float:
        """How many values there are."""
        return len(self.values)

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.name}={','.join(self.values)}"


Parameter = Interval | Numbers | Words


@dataclass(frozen=True)
class SearchSpace:
    """All that is searched.

    Attributes:
        parameters: One for each flag, one at least.
    """

    parameters: tuple[Parameter, ...]

    @property
    def points(self) -> float:
        """How many combinations there are; infinity where a parameter is a real number."""
        return math.prod(parameter.points for parameter in self.parameters)

    def __str__(self) -> str:
        """As it is written, `reading.read_search` gives an equal one."""
        return " ".join(map(str, self.parameters))


def number_text(number: float) -> str:
    """A number as the command line has it: whole ones without a point, others to the last digit."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))

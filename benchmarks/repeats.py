"""Runs contestants in turns, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.environments import UnavailableError
from benchmarks.numbers import number
from benchmarks.series import Contest, Series, Target

Result = dict[str, Any]
"""What one run measured, by name; `versions` tells what it ran with."""


@dataclass(frozen=True)
class Entry:
    """A contestant.

    Attributes:
        who: Its name in the report.
        run: Does the thing once.
    """

    who: str
    run: Callable[[], Result]


@dataclass
class Bout:
    """What the contestants did, in turns.

    Attributes:
        results: One result a repeat, by contestant, in the order in which they were entered.
        absent: Who could not take part, and why.
    """

    results: dict[str, list[Result]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def series(self, who: str, key: str) -> Series:
        """One number of a contestant's results."""
        results = self.results[who]
        return Series(who, tuple(float(result[key]) for result in results), results[-1].get("versions", {}))

    def contest(
        self,
        what: str,
        unit: str,
        key: str,
        targets: Sequence[Target] = (),
        note: str = "",
        among: Sequence[str] | None = None,
    ) -> Contest:
        """A contest in one number of the results, between those that have it.

        Args:
            what: What the contestants did.
            unit: Of the number.
            key: Its name in the results.
            targets: What the first is held to.
            note: What a reader must know.
            among: The contestants, the first of them ours; None takes all.

        Raises:
            ValueError: Ours has not measured it.
        """
        names = [who for who in (among or self.results) if who in self.results and key in self.results[who][0]]
        first = next(iter(among or self.results))
        if first not in names:
            measured = ", ".join(self.results[first][0]) if first in self.results else "nothing"
            raise ValueError(f"{first} has not measured {key}. Received: {measured}.")
        absent = {who: why for who, why in self.absent.items() if among is None or who in among}
        series = tuple(self.series(who, key) for who in names)
        # Whoever ends a long measurement early has at least this.
        say(f"  {what}: " + ", ".join(f"{one.who} {number(one.median)} {unit}" for one in series))
        return Contest(what, unit, series, tuple(targets), absent, note)


def in_turns(entries: Sequence[Entry], repeats: int) -> Bout:
    """Runs every contestant once, then every one again, `repeats` times; one that is not to be had is left out."""
    bout = Bout()
    for turn in range(repeats):
        for entry in entries:
            if entry.who in bout.absent:
                continue
            say(f"  {entry.who}, {turn + 1} of {repeats}")
            try:
                bout.results.setdefault(entry.who, []).append(entry.run())
            except UnavailableError as error:
                bout.absent[entry.who] = str(error)
                del bout.results[entry.who]
    return bout


def say(sentence: str) -> None:
    """Tells whoever waits how far it is."""
    print(sentence, file=sys.stderr, flush=True)

"""The runs that lists show, read again only as often as it costs little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from emulator.console.reader import Reader, ReadError
from emulator.console.runs import SUMMARY_FIELDS, RunSummary, parse_run, parse_summary

# A list is at least so old before it is read again, and at least so many times as old as reading it takes.
FRESH_S = 1.5
COST_FACTOR = 8.0
# Pages can be asked for any location.
MOST_LOCATIONS = 100


@dataclass
class _Location:
    runs: tuple[RunSummary, ...] = ()
    read_at: float = float("-inf")
    cost_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.read_at < max(FRESH_S, COST_FACTOR * self.cost_s)


class RunIndex:
    """Remembers the runs of each location, and the accuracies of those that have ended.

    Args:
        reader: The REST API.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._locations: dict[str, _Location] = {}
        self._accuracies: dict[str, float | None] = {}
        self._ends: dict[str, datetime | None] = {}

    async def runs(self, location: str) -> tuple[RunSummary, ...]:
        """The runs of a location, newest first.

        Raises:
            ReadError: The API refused.
        """
        known = self._locations.setdefault(location, _Location())
        while len(self._locations) > MOST_LOCATIONS:
            del self._locations[next(iter(self._locations))]
        async with known.lock:
            if not known.is_fresh:
                began = time.monotonic()
                query = {"readMask": ",".join(SUMMARY_FIELDS)}
                jobs = await self._reader.list_all(location, "pipelineJobs", query)
                known.runs = tuple(parse_summary(job) for job in jobs)
                self._forget_others(known.runs)
                known.read_at = time.monotonic()
                known.cost_s = known.read_at - began
        return known.runs

    def _forget_others(self, runs: Iterable[RunSummary]) -> None:
        """Forgets accuracies of runs whose name another run has now: names are free again once a run is deleted."""
        for run in runs:
            if self._ends.get(run.name, run.ended) != run.ended:
                self._accuracies.pop(run.name, None)

    @property
    def accuracies(self) -> Mapping[str, float | None]:
        """The accuracies that are known, by the run's name; None for a run without one."""
        return self._accuracies

    async def read_accuracies(self, runs: Iterable[RunSummary], most: int) -> int:
        """Reads the accuracies of runs that have ended, where they are not known yet.

        Args:
            runs: The runs, the more urgent ones first.
            most: How many are read at most.

        Returns:
            How many were read.
        """
        missing = [run for run in runs if run.is_final and run.name not in self._accuracies][:most]
        for run in missing:
            self._ends[run.name] = run.ended
            try:
                self._accuracies[run.name] = parse_run(await self._reader.get(run.name)).accuracy
            except ReadError:
                self._accuracies[run.name] = None
        return len(missing)

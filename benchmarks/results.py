"""What a section has measured, kept as JSON, so that sections can be measured one by one and reported together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks import machine
from benchmarks.series import Contest


@dataclass(frozen=True)
class Growth:
    """How long something takes as there is more of it.

    Attributes:
        what: What grows, such as "training, rows".
        amounts: How much of it, rising.
        seconds: How long each took, the median.
    """

    what: str
    amounts: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Grid:
    """Numbers side by side that are held to nothing.

    Attributes:
        what: Its heading.
        heads: Of the columns; the first is in words.
        rows: Cells as they are shown.
    """

    what: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        title: Its heading.
        contests: What was measured.
        growths: What grew.
        grids: What is shown besides.
    """

    title: str
    contests: tuple[Contest, ...]
    growths: tuple[Growth, ...] = ()
    grids: tuple[Grid, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A section with when and on what it was measured.

    Attributes:
        section: What was measured.
        at: When, in UTC.
        commit: Of what.
        machine: On what.
    """

    section: Section
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    commit: str = field(default_factory=machine.commit)
    machine: str = field(default_factory=machine.describe)


_MEASURED = TypeAdapter(Measured)


def save(measured: Measured, path: Path) -> None:
    """Writes what was measured to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_MEASURED.dump_json(measured, indent=1))


def load(path: Path) -> Measured | None:
    """What a file holds, or None where there is no such file."""
    return _MEASURED.validate_json(path.read_bytes()) if path.is_file() else None

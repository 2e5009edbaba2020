"""What the pages read from."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.console.objects import ObjectReader
from emulator.console.reader import Reader
from emulator.console.run_index import RunIndex


@dataclass(frozen=True)
class Services:
    """What every page is given.

    Attributes:
        reader: The REST API.
        objects: The object store.
        runs: The runs that the lists show, shared by all pages.
        home: The location whose runs are shown first: projects/P/locations/L.
    """

    reader: Reader
    objects: ObjectReader
    runs: RunIndex
    home: str

"""An emulator under attack: what it writes goes to a file, and its process is measured."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.emulator.vertex_emulator import VertexEmulator


class ProcessFigures(NamedTuple):
    """What a process holds.

    Attributes:
        rss_mib: Memory.
        descriptors: Open files and sockets.
        threads: Threads.
    """

    rss_mib: float
    descriptors: int
    threads: int


class AttackedEmulator(VertexEmulator):
    """An emulator of which everything that it writes is kept.

    Args:
        folder: For its state folder and its log.
        flags: Further flags of its command line.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        self.log = folder / "emulator.log"
        super().__init__(folder / "vertex", *flags, log=self.log)

    @property
    def pid(self) -> int:
        """The id of its process."""
        return int(self.running["pid"])

    @property
    def storage_port(self) -> str:
        """Cloud Storage's port."""
        return str(self.running["storageAddress"]).rpartition(":")[2]

    def tracebacks(self) -> list[str]:
        """The tracebacks that it has written, each with the lines around it."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        places = [number for number, line in enumerate(lines) if line.lstrip(" |+").startswith("Traceback")]
        return ["\n".join(lines[max(place - 3, 0) : place + 60]) for place in places]

    def figures(self) -> ProcessFigures:
        """What its process holds now."""
        process = Path(f"/proc/{self.pid}")
        status = (process / "status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        rss_mib = int(fields["VmRSS"].split()[0]) / 1024
        return ProcessFigures(rss_mib, len(list((process / "fd").iterdir())), int(fields["Threads"]))

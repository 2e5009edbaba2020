"""The memory of a process and of all that it has started, where the system tells it (Linux)."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")


def resident_mib(pid: int) -> float:
    """The proportional set size of a process and its descendants, in MiB.

    Memory that several of them share counts once.

    Raises:
        OSError: The system does not tell, or the process has ended.
    """
    children = defaultdict(list)
    for status in _PROC.glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\s+(\d+)", status.read_text(), re.MULTILINE)
        except OSError:
            continue
        if parent:
            children[int(parent[1])].append(int(status.parent.name))
    kib, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        waiting += children[process]
        kib += _pss_kib(process)
    return kib / 1024


def _pss_kib(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", (_PROC / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0

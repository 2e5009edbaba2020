"""What pages cost that programs read and no browser joins."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator

pytestmark = pytest.mark.run

PAGES = ["", f"/{LOCATION}/models", f"/{LOCATION}/endpoints", f"/{LOCATION}/pipelineJobs/none", "/compare", "/nothing"]
ROUND = 120
# Each page takes some 0.2 MiB while it is kept.
MOST_GROWTH_MIB = 8


def memory_mib(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory of a process")
def test_pages_that_nobody_joins_take_no_more_memory_once_there_are_enough(own_emulator: VertexEmulator) -> None:
    def read_pages() -> float:
        for number in range(ROUND):
            answer = own_emulator.call("GET", f"/console{PAGES[number % len(PAGES)]}")
            assert answer.status_code in {200, 404}
        return memory_mib(own_emulator.pid)

    read_pages()
    before = read_pages()
    assert read_pages() - before < MOST_GROWTH_MIB

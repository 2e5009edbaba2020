"""Fixtures: emulators that are attacked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.attacked_emulator import AttackedEmulator


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[AttackedEmulator]:
    """An emulator of the test's own, which must have written no traceback."""
    running = AttackedEmulator(tmp_path)
    yield running
    running.close()
    found = running.tracebacks()
    assert not found, f"{len(found)} tracebacks, of which the first is:\n{found[0]}"

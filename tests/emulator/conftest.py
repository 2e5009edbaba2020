"""Fixtures: running emulators, and the memory of none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.api.store import Store, Transaction
from tests.emulator.vertex_emulator import VertexEmulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator for all tests that leave it running; they take resources of their own."""
    running = VertexEmulator(tmp_path_factory.mktemp("vertex"))
    yield running
    running.close()


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[VertexEmulator]:
    """An emulator that a test may kill."""
    running = VertexEmulator(tmp_path / "vertex")
    yield running
    running.close()


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    """A transaction of an empty store."""
    store = Store(tmp_path / "vertex.sqlite3")
    with store.transaction() as transaction:
        yield transaction
    store.close()

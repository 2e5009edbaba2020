"""Fixtures: an object store without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.storage.object_store import ObjectStore
from emulator.storage.records import StoredObject

BUCKET = "a-bucket"


class Store(ObjectStore):
    """An object store with a bucket, and short ways to write and read there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        if not self.has_bucket(f"gs://{BUCKET}"):
            self.buckets.create({"name": BUCKET})

    def write(self, name: str, content: bytes) -> StoredObject:
        """Writes an object."""
        with self.objects.draft() as draft:
            draft.write(content)
            return self.objects.insert(BUCKET, name, draft, {})

    def contents(self) -> dict[str, bytes]:
        """All objects of the bucket, with their bytes."""
        found = self.objects.after(BUCKET, "", 10_000)
        return {one.name: (self.objects.files / one.file).read_bytes() for one in found}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An object store of the test's own."""
    opened = Store(tmp_path / "storage")
    yield opened
    opened.close()

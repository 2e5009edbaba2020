"""The components' own functions, called as kfp's executor calls them: real artifacts, real folders, a real emulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex_emulator import VertexEmulator, storage_client

MakeArtifact = Callable[..., Any]
PROJECT = {"project": "local-project", "location": "us-central1"}
BUCKET = "gs://test-bucket"


@pytest.fixture
def artifact(tmp_path: Path) -> MakeArtifact:
    """Makes an output artifact as kfp does: a place in an existing folder, and nothing there yet."""

    def make(kind: type, name: str) -> Any:
        place = tmp_path / "outputs" / name
        place.parent.mkdir(exist_ok=True)
        return kind(name=name, uri=str(place), metadata={})

    return make


@pytest.fixture(scope="module")
def vertex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator with a bucket, to which this process and the emulator's model servers are pointed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FSSPEC_GCS_TOKEN", "anon")
        environment.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        environment.setenv("no_proxy", ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1"])))
        emulator = VertexEmulator(tmp_path_factory.mktemp("vertex"))
        environment.setenv("VERTEX_EMULATOR_HOST", emulator.address)
        environment.setenv("STORAGE_EMULATOR_HOST", emulator.running["storageAddress"])
        storage_client(emulator).create_bucket(BUCKET.removeprefix("gs://"))
        yield emulator
        emulator.close()

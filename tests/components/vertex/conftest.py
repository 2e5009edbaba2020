"""A real emulator, to which this process is pointed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.components.vertex.registered import ARTIFACT
from tests.emulator.vertex_emulator import VertexEmulator, storage_client

# gcsfs reads the first when it is imported, and the model servers inherit all of it from the emulator.
SURROUNDINGS = {
    "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    "FSSPEC_GCS_TOKEN": "anon",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "no_proxy": "127.0.0.1",
}
BUCKET = "gs://local-bucket"


def point_at(emulator: VertexEmulator, environment: pytest.MonkeyPatch) -> None:
    """Points the clients of this process at an emulator."""
    environment.setenv("VERTEX_EMULATOR_HOST", emulator.address)
    environment.setenv("STORAGE_EMULATOR_HOST", str(emulator.running["storageAddress"]))


def create_bucket(emulator: VertexEmulator) -> None:
    """Creates the bucket, with what the tiny model's versions name as their artifact."""
    bucket = storage_client(emulator).create_bucket(BUCKET.removeprefix("gs://"))
    bucket.blob(f"{ARTIFACT.removeprefix(BUCKET)}/weights"[1:]).upload_from_string(b"none")


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in SURROUNDINGS.items():
            environment.setenv(name, value)
        running = VertexEmulator(tmp_path_factory.mktemp("vertex"))
    yield running
    running.close()


@pytest.fixture
def vertex(running_emulator: VertexEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[VertexEmulator]:
    """An emulator that knows nothing yet, with this process pointed at it; a test leaves it running."""
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    assert running_emulator.call("POST", "/_emulator/reset").status_code == 200
    point_at(running_emulator, monkeypatch)
    create_bucket(running_emulator)
    # Its file systems remember the emulator that they were made for.
    file_system = importlib.import_module("gcsfs").GCSFileSystem
    file_system.clear_instance_cache()
    yield running_emulator
    file_system.clear_instance_cache()

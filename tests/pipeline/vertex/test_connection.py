from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.config import RunConfig
from pipeline.vertex.connection import bucket_of, require_buckets
from tests.emulator.vertex_emulator import VertexEmulator, storage_client
from trainer.errors import UsageError


def test_bucket_is_the_first_part_of_a_uri() -> None:
    assert bucket_of("gs://b") == bucket_of("gs://b/") == bucket_of("gs://b/a/c") == "gs://b"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    running = VertexEmulator(tmp_path_factory.mktemp("vertex"))
    yield running
    running.close()


@pytest.mark.run
def test_bucket_that_is_not_there_is_refused_and_not_made(
    emulator: VertexEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.running["storageAddress"])
    client = storage_client(emulator)
    client.create_bucket("there")
    config = RunConfig(connection="vertex", project="my-project", staging_bucket="gs://there")
    require_buckets(config)
    elsewhere = config.model_copy(update={"pipeline_root": "gs://not-there/root"})
    with pytest.raises(UsageError) as refused:
        require_buckets(elsewhere)
    assert str(refused.value) == (
        "There is no bucket gs://not-there. Make it with `gcloud storage buckets create gs://not-there "
        "--project my-project --location us-central1`, or name another."
    )
    require_buckets(elsewhere.model_copy(update={"connection": "local"}))
    assert [bucket.name for bucket in client.list_buckets()] == ["there"]

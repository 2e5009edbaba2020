"""The real clients of Cloud Storage against a running emulator: google-cloud-storage and gcsfs."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex_emulator import VertexEmulator, storage_client

pytestmark = pytest.mark.run

LARGE = bytes(range(256)) * 40_000


@pytest.fixture(scope="module")
def bucket(emulator: VertexEmulator) -> Any:
    return storage_client(emulator).create_bucket("clients", location="europe-west4")


@pytest.fixture(scope="module")
def gcs(emulator: VertexEmulator) -> Iterator[Any]:
    """gcsfs, pointed at the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        module = importlib.import_module("gcsfs")
        address = emulator.running["storageAddress"]
        filesystem = module.GCSFileSystem(token="anon", project="p", endpoint_url=address)  # noqa: S106 - no secret
        filesystem.mkdir("clients-gcsfs")
        yield filesystem


def test_an_object_is_read_as_it_was_written(bucket: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"from a file")
    bucket.blob("read/b c/é").upload_from_filename(tmp_path / "file")
    bucket.blob("read/large").upload_from_string(LARGE)
    pieces = bucket.blob("read/pieces")
    pieces.chunk_size = 256 * 1024
    pieces.upload_from_file(io.BytesIO(LARGE), content_type="application/x-rows")
    pieces.upload_from_file(io.BytesIO(b""), size=0)
    pieces.upload_from_file(io.BytesIO(LARGE), content_type="application/x-rows")
    assert [blob.name for blob in bucket.list_blobs(prefix="read/")] == ["read/b c/é", "read/large", "read/pieces"]
    assert bucket.blob("read/large").download_as_bytes() == bucket.blob("read/pieces").download_as_bytes() == LARGE
    assert bucket.blob("read/large").download_as_bytes(start=5, end=9) == LARGE[5:10]
    assert bucket.blob("read/b c/é").download_as_bytes(start=5) == b"a file"
    with bucket.blob("read/large").open("rb", chunk_size=256 * 1024) as file:
        assert file.read() == LARGE
    found = bucket.get_blob("read/pieces")
    assert (found.content_type, found.size, found.metageneration) == ("application/x-rows", len(LARGE), 1)


def test_what_a_download_tells_can_be_a_precondition(bucket: Any) -> None:
    exceptions = importlib.import_module("google.api_core.exceptions")
    blob = bucket.blob("conditions")
    blob.upload_from_string(b"1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string(b"2", if_generation_match=0)
    read = bucket.blob("conditions")
    assert read.download_as_bytes() == b"1"
    assert read.generation == blob.generation
    read.upload_from_string(b"2", if_generation_match=read.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("conditions").delete(if_generation_match=1)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("conditions", generation=1).download_as_bytes()
    bucket.blob("conditions").delete(if_generation_match=read.generation)
    assert not blob.exists()


def test_fields_are_kept_and_changed(bucket: Any) -> None:
    blob = bucket.blob("fields")
    blob.metadata = {"rows": "120"}
    blob.cache_control = "no-store"
    blob.upload_from_string(b"x", content_type="text/csv")
    found = bucket.get_blob("fields")
    assert (found.metadata, found.cache_control, found.content_type) == ({"rows": "120"}, "no-store", "text/csv")
    found.metadata = {"rows": "121"}
    found.patch(if_metageneration_match=1)
    assert bucket.get_blob("fields").metadata == {"rows": "121"}
    assert bucket.get_blob("fields").metageneration == 2


def test_text_that_is_kept_packed_is_read_unpacked(bucket: Any, emulator: VertexEmulator) -> None:
    import gzip
    import urllib.request

    blob = bucket.blob("packed")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(b"rows\n" * 100_000), content_type="text/plain")
    assert bucket.blob("packed").download_as_bytes() == b"rows\n" * 100_000
    url = f"{emulator.running['storageAddress']}/download/storage/v1/b/clients/o/packed?alt=media"
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - of this machine
        assert answer.read() == b"rows\n" * 100_000
    assert gzip.decompress(bucket.blob("packed").download_as_bytes(raw_download=True)) == b"rows\n" * 100_000


def test_objects_are_copied_composed_renamed_and_removed_in_one_request(bucket: Any, emulator: VertexEmulator) -> None:
    one, other = bucket.blob("many/1"), bucket.blob("many/2")
    one.upload_from_string(b"1")
    other.upload_from_string(b"22")
    both = bucket.blob("many/both")
    both.compose([one, other])
    assert (both.download_as_bytes(), both.component_count, both.md5_hash) == (b"122", 2, None)
    assert bucket.copy_blob(both, bucket, "many/copy").download_as_bytes() == b"122"
    assert bucket.rename_blob(both, "many/renamed").name == "many/renamed"
    assert bucket.move_blob(bucket.blob("many/renamed"), "many/moved").name == "many/moved"
    token, _, total = bucket.blob("many/rewritten").rewrite(bucket.blob("many/moved"))
    assert (token, total) == (None, 3)
    client = storage_client(emulator)
    with client.batch():
        for name in ("1", "2", "copy", "moved"):
            client.bucket("clients").blob(f"many/{name}").delete()
    assert [blob.name for blob in bucket.list_blobs(prefix="many/")] == ["many/rewritten"]


def test_a_bucket_is_kept_with_its_fields_until_it_is_empty(bucket: Any, emulator: VertexEmulator) -> None:
    exceptions = importlib.import_module("google.api_core.exceptions")
    client = storage_client(emulator)
    assert bucket.location == "EUROPE-WEST4"
    other = client.create_bucket("clients-other")
    other.labels = {"team": "a"}
    other.patch()
    assert client.get_bucket("clients-other").labels == {"team": "a"}
    assert {"clients", "clients-other"} <= {found.name for found in client.list_buckets()}
    assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]
    with pytest.raises(exceptions.Conflict, match="you already own it"):
        client.create_bucket("clients-other")
    other.blob("x").upload_from_string(b"x")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        other.delete()
    other.versioning_enabled = True
    with pytest.raises(exceptions.MethodNotImplemented, match="one generation of each object"):
        other.patch()
    other.delete(force=True)
    assert client.lookup_bucket("clients-other") is None
    with pytest.raises(exceptions.NotFound, match="bucket does not exist"):
        other.blob("x").upload_from_string(b"x")


# aiohttp's, of the block that the test writes at once.
@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
def test_gcsfs_writes_lists_reads_and_removes(gcs: Any) -> None:
    root = "clients-gcsfs"
    gcs.pipe(f"{root}/a/small é", b"small")
    with gcs.open(f"{root}/a/large", "wb", block_size=2**18) as file:
        file.write(LARGE)
    with gcs.open(f"{root}/a/empty", "wb"):
        pass
    assert gcs.cat(f"{root}/a/large") == LARGE
    assert gcs.cat_file(f"{root}/a/large", 3, 7) == LARGE[3:7]
    assert gcs.cat(f"{root}/a/empty") == b""
    assert sorted(gcs.ls(f"{root}/a", detail=False)) == [f"{root}/a/{name}" for name in ("empty", "large", "small é")]
    assert gcs.info(f"{root}/a")["type"] == "directory"
    gcs.cp(f"{root}/a/large", f"{root}/b/copy")
    gcs.mv(f"{root}/b/copy", f"{root}/c")
    assert gcs.find(root) == [f"{root}/a/empty", f"{root}/a/large", f"{root}/a/small é", f"{root}/c"]
    gcs.rm(f"{root}/a", recursive=True)
    gcs.invalidate_cache()
    assert gcs.find(root) == [f"{root}/c"]
    with pytest.raises(FileExistsError):
        gcs.pipe_file(f"{root}/c", b"x", mode="create")

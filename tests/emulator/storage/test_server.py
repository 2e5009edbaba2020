"""Cloud Storage beside the API."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from gcp_storage_emulator.settings import STORAGE_DIR
from gcp_storage_emulator.storage import Storage

from emulator.api.errors import ApiError
from emulator.storage.server import DRAFTS, StorageServer
from tests.emulator.vertex_emulator import VertexEmulator, anonymous, storage_client

pytestmark = pytest.mark.run


def test_keeps_objects_as_the_real_client_writes_them(emulator: VertexEmulator, tmp_path: Path) -> None:
    bucket = storage_client(emulator).create_bucket("objects")
    large = bytes(range(256)) * 40_000
    bucket.blob("a/large").upload_from_string(large)
    (tmp_path / "file").write_bytes(b"from a file")
    bucket.blob("a/b c/é").upload_from_filename(tmp_path / "file")
    assert [blob.name for blob in bucket.list_blobs(prefix="a/")] == ["a/b c/é", "a/large"]
    assert bucket.blob("a/large").download_as_bytes() == large
    bucket.blob("a/large").delete()
    assert not bucket.blob("a/large").exists()


def test_a_client_that_stops_in_the_middle_keeps_no_other_waiting(emulator: VertexEmulator) -> None:
    bucket = storage_client(emulator).create_bucket("patient")
    port = int(emulator.running["storageAddress"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as idle, socket.create_connection(("127.0.0.1", port)) as half:
        path = "/upload/storage/v1/b/patient/o?uploadType=media&name=x"
        half.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf".encode())
        bucket.blob("y").upload_from_string(b"whole")
        assert bucket.blob("y").download_as_bytes() == b"whole"
        assert idle.fileno() > 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StorageServer]:
    running = StorageServer(tmp_path / "storage", "127.0.0.1", 0)
    running.start()
    running._storage.create_bucket("b", {"name": "b"})
    yield running
    running.stop()


def objects(server: StorageServer) -> dict[str, bytes]:
    from google.cloud.storage import Client

    client = Client(project="p", credentials=anonymous(), client_options={"api_endpoint": server.address})
    return {blob.name: blob.download_as_bytes() for blob in client.bucket("b").list_blobs()}


def test_put_makes_objects_of_a_file_and_of_a_folder(server: StorageServer, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "round").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "nothing")
    (folder / "saved_model.pb").write_bytes(b"")
    (folder / "variables" / "data é").write_bytes(bytes(range(256)) * 5_000)
    server.put("gs://b/root/model", folder)
    server.put("gs://b/root/rows.csv", folder / "variables" / "data é")
    # The client checks the digests of what it downloads.
    assert objects(server) == {
        "root/model/saved_model.pb": b"",
        "root/model/variables/data é": bytes(range(256)) * 5_000,
        "root/rows.csv": bytes(range(256)) * 5_000,
    }
    assert server._storage.objects["b"]["root/rows.csv"]["contentType"] == "text/csv"
    assert not list((tmp_path / "storage" / "drafts").iterdir())


def test_put_copies_so_that_no_later_write_changes_an_object(server: StorageServer, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"first")
    server.put("gs://b/rows", path)
    with path.open("ab") as file:
        file.write(b" and more")
    assert objects(server) == {"rows": b"first"}
    server.put("gs://b/rows", path)
    assert objects(server) == {"rows": b"first and more"}


def test_put_needs_a_bucket(server: StorageServer, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"x")
    with pytest.raises(ApiError, match="The bucket gs://c does not exist"):
        server.put("gs://c/rows", tmp_path / "rows")
    assert not list((tmp_path / "storage" / "drafts").iterdir())
    assert server.has_bucket("gs://b/rows")
    assert not server.has_bucket("gs://c/rows")


def test_what_was_put_is_there_after_the_end(server: StorageServer, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"x")
    server.put("gs://b/rows", tmp_path / "rows")
    again = StorageServer(tmp_path / "storage", "127.0.0.1", 0)
    again.start()
    try:
        assert objects(again) == {"rows": b"x"}
    finally:
        again.stop()


def test_the_index_holds_what_the_package_would_write(server: StorageServer, tmp_path: Path) -> None:
    index = tmp_path / "storage" / STORAGE_DIR / ".meta"
    ours = json.loads(index.read_bytes())
    Storage._write_config_to_file(server._storage)
    assert json.loads(index.read_bytes()) == ours


def test_holds_finds_objects_and_folders(tmp_path: Path) -> None:
    server = StorageServer(tmp_path, "127.0.0.1", 0)
    server.start()
    try:
        storage = server._storage
        storage.create_bucket("b", {"name": "b"})
        storage.create_file("b", "model/1/weights", b"x", {"name": "model/1/weights"})
        for uri in ("gs://b", "gs://b/", "gs://b/model", "gs://b/model/1/", "gs://b/model/1/weights"):
            assert server.holds(uri), uri
        for uri in ("gs://c", "gs://b/mod", "gs://b/model/2", "gs://b/model/1/weights/x"):
            assert not server.holds(uri), uri
        server.erase()
        assert not server.holds("gs://b/model")
    finally:
        server.stop()


def test_put_leaves_nothing_behind_where_a_file_cannot_be_read(server: StorageServer, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_bytes(b"x")
    (folder / "b").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        server.put("gs://b/root/model", folder)
    assert objects(server) == {}
    assert [*tmp_path.rglob(f"{DRAFTS}/*")] == []

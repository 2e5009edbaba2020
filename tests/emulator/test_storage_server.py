"""Cloud Storage beside the API."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.emulator.vertex_emulator import VertexEmulator, storage_client

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


def test_holds_finds_objects_and_folders(tmp_path: Path) -> None:
    from emulator.storage_server import StorageServer

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

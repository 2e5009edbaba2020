"""Objects that other processes replace, read from the emulator's object store: the old bytes or the new ones."""

from __future__ import annotations

import gzip
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import fsspec
import pytest

from tests.emulator.vertex_emulator import VertexEmulator, storage_client
from tests.patience import patience_s
from trainer import storage
from trainer.table_files import UnreadableFileError, expand, open_table

pytestmark = pytest.mark.run

BUCKET = "replaced"
# More than is read at once, so that a second request follows the first.
LARGE = b"0123456789abcdef" * (1 << 20) + b"the end"
REPLACER = """
import itertools, sys
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
client = Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": sys.argv[1]})
blob = client.bucket(sys.argv[2]).blob(sys.argv[3])
for size in itertools.cycle([300_000, 10]):
    blob.upload_from_string(b"%d" % (size % 7) * size)
    print(size, flush=True)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an object store, to which fsspec is pointed."""
    running = VertexEmulator(tmp_path_factory.mktemp("vertex"))
    storage_client(running).create_bucket(BUCKET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        patch.setitem(fsspec.config.conf, "gs", {"token": "anon", "endpoint_url": running.running["storageAddress"]})
        filesystem = importlib.import_module("gcsfs").GCSFileSystem
        filesystem.clear_instance_cache()
        yield str(running.running["storageAddress"])
        filesystem.clear_instance_cache()
    running.close()


@pytest.fixture
def put(address: str) -> Callable[..., str]:
    """Writes an object as another process would: gcsfs does not hear of it."""
    cloud = importlib.import_module("google.cloud.storage")
    credentials = importlib.import_module("google.auth.credentials").AnonymousCredentials()
    client = cloud.Client(project="p", credentials=credentials, client_options={"api_endpoint": address})

    def write(name: str, content: bytes, **fields: str) -> str:
        blob: Any = client.bucket(BUCKET).blob(name)
        for field, value in fields.items():
            setattr(blob, field, value)
        blob.upload_from_string(content)
        return f"gs://{BUCKET}/{name}"

    return write


def table_bytes(url: str) -> bytes:
    with open_table(url) as stream:
        return stream.read()


@pytest.mark.parametrize("read", [storage.read_bytes, table_bytes])
@pytest.mark.parametrize("looks", ["list_files", "glob", "folder", "nothing"])
def test_a_longer_object_is_read_whole_after_a_listing(
    put: Callable[..., str], read: Callable[[str], bytes], looks: str
) -> None:
    folder = f"{looks}-{read.__name__}"
    url = put(f"{folder}/a.csv", b"short")
    looking: dict[str, Callable[[], object]] = {
        "list_files": lambda: storage.list_files(f"gs://{BUCKET}/{folder}"),
        "glob": lambda: expand([f"gs://{BUCKET}/{folder}/*.csv"]),
        "folder": lambda: expand([f"gs://{BUCKET}/{folder}"]),
        "nothing": lambda: read(url),
    }
    looking[looks]()
    put(f"{folder}/a.csv", b"much longer than before")
    assert read(url) == b"much longer than before"
    put(f"{folder}/a.csv", b"")
    assert read(url) == b""


def test_listings_tell_what_another_process_did(put: Callable[..., str]) -> None:
    url = put("told/a.csv", b"1")
    assert expand([f"gs://{BUCKET}/told/*.csv"]) == [url]
    second = put("told/b.csv", b"2")
    assert expand([f"gs://{BUCKET}/told/*.csv"]) == [url, second]
    storage.remove_file(url)
    storage.remove_file(url)
    assert expand([f"gs://{BUCKET}/told"]) == [second]


def test_a_large_object_is_read_to_its_end(put: Callable[..., str]) -> None:
    assert table_bytes(put("large.csv", LARGE)) == LARGE


def test_a_large_object_that_is_replaced_while_it_is_read_is_refused(put: Callable[..., str]) -> None:
    url = put("halfway.csv", LARGE)
    with storage.open_bytes(url) as stream:
        assert stream.read(10) == LARGE[:10]
        put("halfway.csv", LARGE.upper())
        with pytest.raises(FileNotFoundError, match="it was replaced or removed while it was read"):
            stream.read()


def test_an_object_that_the_store_keeps_packed_is_read_unpacked(put: Callable[..., str]) -> None:
    url = put("packed.csv", gzip.compress(b"a,b\n" * 1000), content_encoding="gzip")
    assert storage.read_bytes(url) == table_bytes(url) == b"a,b\n" * 1000


def test_what_is_no_object_cannot_be_opened(put: Callable[..., str]) -> None:
    put("folder/a.csv", b"1")
    for url, reason in ((f"gs://{BUCKET}/folder", "Is a directory"), (f"gs://{BUCKET}/absent.csv", "")):
        with pytest.raises(UnreadableFileError, match=f"cannot be read: {reason}"):
            table_bytes(url)


@pytest.mark.parametrize("read", [storage.read_bytes, table_bytes])
def test_an_object_that_is_replaced_all_the_time_is_never_read_in_part(
    address: str, put: Callable[..., str], read: Callable[[str], bytes]
) -> None:
    url = put("busy.csv", b"6" * 10)
    command = [sys.executable, "-c", REPLACER, address, BUCKET, "busy.csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as replacer:
        assert replacer.stdout is not None
        replacer.stdout.readline()
        try:
            found = {read(url) for _ in range(60)}
        finally:
            replacer.kill()
            replacer.wait(patience_s())
    assert found <= {b"3" * 10, b"1" * 300_000, b"6" * 10}
    assert len(found) > 1

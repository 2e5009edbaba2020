"""Cloud Storage beside the API: gcp-storage-emulator, on disk, in a thread of this process."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import mimetypes
import os
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
from gcp_storage_emulator.handlers.objects import _make_object_resource
from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.settings import STORAGE_DIR
from gcp_storage_emulator.storage import Storage, _FileStore

from emulator.api.errors import ApiError
from emulator.api.guard import require_local

# Seconds after which a connection on which nothing comes is closed.
IDLE_S = 60
# Files on their way into the store, beside the package's own folder. Those of a killed emulator are worth nothing.
DRAFTS = "drafts"
CHUNK = 1 << 20
PACKAGE_LOG = "gcp_storage_emulator"


class _AtomicFiles(_FileStore):  # type: ignore[misc]  # the package publishes no types
    """Writes each file in one step: a kill while the index is written would otherwise lose everything."""

    def write_bytes(self, rel: str, content: bytes) -> None:
        path = self._disk_path(rel)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._disk_path(".new")
        draft.write_bytes(content)
        draft.replace(path)

    def adopt(self, rel: str, draft: Path) -> None:
        """Moves a finished file to its place."""
        path = self._disk_path(rel)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)


class _Draft(NamedTuple):
    """A file that is to become an object.

    Attributes:
        path: A copy of the file, on the store's own disk.
        resource: The object's resource, as the API answers it.
    """

    path: Path
    resource: dict[str, Any]


class _AtomicStorage(Storage):  # type: ignore[misc]
    def __init__(self, folder: Path) -> None:
        super().__init__(data_dir=str(folder))
        self._store = _AtomicFiles(use_memory=False, root=folder / STORAGE_DIR)

    def adopt(self, bucket: str, drafts: Sequence[_Draft]) -> None:
        """Makes objects of files, and writes the index once."""
        objects = self.objects.setdefault(bucket, {})
        for draft in drafts:
            name = draft.resource["name"]
            self._store.adopt(self._object_path(bucket, name), draft.path)
            objects[name] = draft.resource
        self._write_config_to_file()

    def _write_config_to_file(self) -> None:
        """As the package's own, but without line breaks: json writes that ten times faster."""
        index = {
            "buckets": self.buckets,
            "objects": self.objects,
            "resumable": self.resumable,
            "bucket_iam_policies": self.bucket_iam_policies,
            "soft_deleted": self.soft_deleted,
        }
        self._store.write_bytes(".meta", json.dumps(index).encode("utf-8"))


class _Handler(RequestHandler):  # type: ignore[misc]
    """One request at a time on the storage, and none of a foreign page."""

    timeout = IDLE_S
    rfile: Any
    wfile: Any

    def __init__(self, lock: threading.Lock, storage: Storage, *args: Any) -> None:
        self._lock = lock
        super().__init__(storage, *args)

    def handle_method(self, method: str) -> None:
        """Answers one request."""
        try:
            require_local(self.headers.get("Host"), self.headers.get("Origin"))
        except ApiError as error:
            self._refuse(error)
            return
        # Whole bodies come and go outside the lock, so that a slow client keeps no other one waiting.
        if "Content-Length" in self.headers:
            self.rfile = io.BytesIO(self.rfile.read(int(self.headers["Content-Length"])))
        client, self.wfile = self.wfile, io.BytesIO()
        with self._lock:
            Router(self).handle(method)
        client.write(self.wfile.getvalue())
        self.wfile = client

    def _refuse(self, error: ApiError) -> None:
        body = json.dumps(error.body()).encode()
        self.send_response(error.http_status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _method(name: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.handle_method(name)


for _name in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_name}", _method(_name))


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True


class StorageServer:
    """The object store.

    Args:
        folder: Where objects are kept.
        host: A loopback address.
        port: 0 takes a free one.
    """

    def __init__(self, folder: Path, host: str, port: int) -> None:
        logging.getLogger(PACKAGE_LOG).setLevel(logging.CRITICAL)
        self._lock = threading.Lock()
        self._drafts = folder.absolute() / DRAFTS
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True)
        self._storage = _AtomicStorage(folder.absolute())
        self._server = _Server((host, port), partial(_Handler, self._lock, self._storage))
        self._thread = threading.Thread(target=self._server.serve_forever, name="storage", daemon=True)
        self.address = f"http://{host}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def holds(self, uri: str) -> bool:
        """Whether there is an object at `gs://BUCKET/NAME`, or one below `gs://BUCKET/NAME/`."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        folder = name.rstrip("/") + "/" if name else ""
        with self._lock:
            objects = self._storage.objects.get(bucket, {})
            return name in objects or any(held.startswith(folder) for held in objects)

    def has_bucket(self, uri: str) -> bool:
        """Whether the bucket of `gs://BUCKET/NAME` is there."""
        with self._lock:
            return uri.removeprefix("gs://").partition("/")[0] in self._storage.buckets

    def put(self, uri: str, path: Path) -> None:
        """Puts a file at `gs://BUCKET/NAME`, or all files of a folder below it.

        The files are copied, such that nothing can change an object in its place.

        Raises:
            ApiError: NOT_FOUND, where the bucket is not there.
            OSError: A file cannot be read or written.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        drafts: list[_Draft] = []
        try:
            drafts += (self._draft(bucket, *found) for found in _files(path, name.rstrip("/")))
            with self._lock:
                if bucket not in self._storage.buckets:
                    raise ApiError("NOT_FOUND", f"The bucket gs://{bucket} does not exist.")
                self._storage.adopt(bucket, drafts)
        finally:
            for draft in drafts:
                draft.path.unlink(missing_ok=True)

    def _draft(self, bucket: str, path: Path, name: str) -> _Draft:
        """Copies a file to the store's disk, and makes the resource of its object on the way."""
        descriptor, copy = tempfile.mkstemp(dir=self._drafts)
        md5, crc32c = hashlib.md5(usedforsecurity=False), 0
        try:
            with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    md5.update(chunk)
                    crc32c = google_crc32c.extend(crc32c, chunk)
                size = target.tell()
        except OSError:
            # A disk that is full must not stay so.
            Path(copy).unlink()
            raise
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        resource = _make_object_resource(self.address, bucket, name, kind, str(size))
        resource["md5Hash"] = resource["etag"] = base64.b64encode(md5.digest()).decode("ascii")
        resource["crc32c"] = base64.b64encode(crc32c.to_bytes(4, "big")).decode("ascii")
        return _Draft(Path(copy), resource)

    def erase(self) -> None:
        """Removes all buckets and objects."""
        with self._lock:
            self._storage.wipe()

    def stop(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()


def _files(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """A file with the name of its object; for a folder, all files below it. A link to a folder is not followed."""
    if not path.is_dir():
        yield path, name
        return
    for entry in sorted(path.iterdir()):
        if entry.is_file() or (entry.is_dir() and not entry.is_symlink()):
            yield from _files(entry, f"{name}/{entry.name}")

"""Cloud Storage beside the API: gcp-storage-emulator, on disk, in a thread of this process."""

from __future__ import annotations

import io
import json
import logging
import socketserver
import threading
from collections.abc import Callable
from functools import partial
from http.server import HTTPServer
from pathlib import Path
from typing import Any

from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.settings import STORAGE_DIR
from gcp_storage_emulator.storage import Storage, _FileStore

from emulator.api_errors import ApiError
from emulator.guard import require_local

# Seconds after which a connection on which nothing comes is closed.
IDLE_S = 60
PACKAGE_LOG = "gcp_storage_emulator"


class _AtomicFiles(_FileStore):  # type: ignore[misc]  # the package publishes no types
    """Writes each file in one step: a kill while the index is written would otherwise lose everything."""

    def write_bytes(self, rel: str, content: bytes) -> None:
        path = self._disk_path(rel)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._disk_path(".new")
        draft.write_bytes(content)
        draft.replace(path)


class _AtomicStorage(Storage):  # type: ignore[misc]
    def __init__(self, folder: Path) -> None:
        super().__init__(data_dir=str(folder))
        self._store = _AtomicFiles(use_memory=False, root=folder / STORAGE_DIR)


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

    def erase(self) -> None:
        """Removes all buckets and objects."""
        with self._lock:
            self._storage.wipe()

    def stop(self) -> None:
        """Ends."""
        self._server.shutdown()
        self._server.server_close()

"""Resumable uploads: a file that grows from request to request, and becomes an object at its end."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from typing import Any

from emulator.api.errors import ApiError
from emulator.api.store import Store
from emulator.storage.buckets import require_bucket
from emulator.storage.conditions import conditions_of
from emulator.storage.drafts import sums_of
from emulator.storage.names import require_object_name
from emulator.storage.objects import Objects
from emulator.storage.records import UPLOADS, StoredObject, Upload

# Google forgets an upload that nobody goes on with after a week.
LONGEST_LIFE_S = 7 * 24 * 3600.0


class ResumableUploads:
    """The uploads under way. They outlive the emulator.

    Args:
        store: Where they are kept.
        objects: What they become.
    """

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects

    def begin(self, bucket: str, name: str, fields: Mapping[str, Any], query: Mapping[str, str]) -> str:
        """Begins one; the id by which it goes on.

        Args:
            bucket: Where it goes.
            name: What it becomes.
            fields: The object's fields, and the digests that its writer has announced among them.
            query: Query parameters, preconditions among them.

        Raises:
            ApiError: NOT_FOUND for the bucket; INVALID_ARGUMENT for the name or a precondition.
        """
        require_object_name(name)
        conditions_of(query)
        key, file = secrets.token_urlsafe(24), secrets.token_hex(16)
        sums = {name: str(fields[name]) for name in ("crc32c", "md5Hash") if fields.get(name)}
        conditions = {name: value for name, value in query.items() if name.startswith("if")}
        upload = Upload(bucket, name, file, dict(fields), conditions, sums, time.time())
        with self._store.transaction() as tx:
            require_bucket(tx, bucket)
            (self._objects.files / file).touch()
            tx.put(UPLOADS, key, upload)
        return key

    def find(self, key: str) -> Upload:
        """One that is under way.

        Raises:
            ApiError: NOT_FOUND, also where it has become an object.
        """
        upload = self._store.peek(UPLOADS, key)
        if upload is None:
            raise ApiError("NOT_FOUND", "There is no such upload under way: it has ended, or never began.")
        return upload

    def size(self, upload: Upload) -> int:
        """How many bytes have arrived."""
        return (self._objects.files / upload.file).stat().st_size

    def append(self, upload: Upload, chunk: bytes) -> None:
        """Takes the next bytes in."""
        with (self._objects.files / upload.file).open("ab") as file:
            file.write(chunk)

    def end(self, key: str, upload: Upload, announced: Mapping[str, str]) -> StoredObject:
        """Makes an object of one whose bytes are all there.

        Args:
            key: Its id.
            upload: The upload.
            announced: The digests that its writer has sent at the end.

        Raises:
            ApiError: NOT_FOUND for the bucket; FAILED_PRECONDITION; INVALID_ARGUMENT for the digests.
        """
        path = self._objects.files / upload.file
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sums = sums_of(path)
        sums.require({**upload.sums, **announced})
        record = self._objects.record(upload.bucket, upload.name, upload.file, sums, upload.fields)
        (written,) = self._objects.put([record], conditions_of(upload.conditions), lambda tx: tx.delete(UPLOADS, key))
        return written

    def cancel(self, key: str) -> None:
        """Forgets one.

        Raises:
            ApiError: NOT_FOUND.
        """
        upload = self.find(key)
        with self._store.transaction() as tx:
            tx.delete(UPLOADS, key)
        self._objects.remove_files([upload.file])

    def forget_old(self) -> None:
        """Forgets those that nobody has gone on with for a week."""
        with self._store.transaction() as tx:
            for key, upload in tx.everything(UPLOADS).items():
                if time.time() - upload.begun > LONGEST_LIFE_S:
                    tx.delete(UPLOADS, key)

"""Resumable uploads: a file that grows from request to request, and becomes an object at its end."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.storage.buckets import require_bucket
from emulator.storage.conditions import conditions_of
from emulator.storage.drafts import sums_of
from emulator.storage.names import require_object_name
from emulator.storage.objects import Objects
from emulator.storage.records import ENDED_UPLOADS, OBJECTS, UPLOADS, StoredObject, Upload

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
        # Those that become objects just now, and take no more bytes: a client that waited in vain for an answer may
        # send the same bytes again while the first ones are still on their way.
        self._ending: set[str] = set()
        self._lock = threading.Lock()

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
        return _found(self._store.peek(UPLOADS, key))

    def ended(self, key: str) -> StoredObject | None:
        """What one has become; a client whose last bytes got no answer asks for it."""
        return self._store.peek(ENDED_UPLOADS, key)

    def size(self, upload: Upload) -> int:
        """How many bytes have arrived.

        Raises:
            ApiError: NOT_FOUND, where it was cancelled meanwhile.
        """
        try:
            return (self._objects.files / upload.file).stat().st_size
        except FileNotFoundError:
            raise _not_under_way() from None

    def write(self, key: str, upload: Upload, place: int, chunk: bytes) -> None:
        """Takes bytes in.

        Args:
            key: Its id.
            upload: The upload.
            place: Where in the object they belong: no further than bytes have arrived.
            chunk: The bytes.

        Raises:
            ApiError: NOT_FOUND, where it has become an object or was cancelled meanwhile; UNAVAILABLE, where it is
                becoming one.
        """
        with self._lock:
            self._require_going_on(key)
            _found(self._store.peek(UPLOADS, key))
            with (self._objects.files / upload.file).open("r+b") as file:
                file.seek(place)
                file.write(chunk)

    def end(self, key: str, upload: Upload, announced: Mapping[str, str]) -> StoredObject:
        """Makes an object of one whose bytes are all there.

        Args:
            key: Its id.
            upload: The upload.
            announced: The digests that its writer has sent at the end.

        Raises:
            ApiError: NOT_FOUND for the bucket, or where it has ended; UNAVAILABLE, where it ends already;
                FAILED_PRECONDITION; INVALID_ARGUMENT for the digests.
        """
        with self._lock:
            self._require_going_on(key)
            self._ending.add(key)
        try:
            return self._end(key, upload, announced)
        except FileNotFoundError:
            raise _not_under_way() from None
        finally:
            self._ending.discard(key)

    def _require_going_on(self, key: str) -> None:
        if key in self._ending:
            raise ApiError("UNAVAILABLE", "The upload is just becoming an object. Ask again.")

    def _end(self, key: str, upload: Upload, announced: Mapping[str, str]) -> StoredObject:
        path = self._objects.files / upload.file
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sums = sums_of(path)
        sums.require({**upload.sums, **announced})
        record = self._objects.record(upload.bucket, upload.name, upload.file, sums, upload.fields)

        conditions = conditions_of(upload.conditions)

        def remember(tx: Transaction) -> None:
            self._forget(tx, key)
            tx.put(ENDED_UPLOADS, key, tx.require(OBJECTS, record.key, "object"))

        (written,) = self._objects.put([record], conditions, remember)
        return written

    def _forget(self, tx: Transaction, key: str) -> None:
        _found(tx.get(UPLOADS, key))
        tx.delete(UPLOADS, key)

    def cancel(self, key: str) -> None:
        """Forgets one.

        Raises:
            ApiError: NOT_FOUND.
        """
        upload = self.find(key)
        with self._store.transaction() as tx:
            self._forget(tx, key)
        self._objects.remove_files([upload.file])

    def forget_old(self) -> None:
        """Forgets those that nobody has gone on with for a week, and what those became that ended as long ago."""
        oldest = time.time() - LONGEST_LIFE_S
        with self._store.transaction() as tx:
            for key, upload in tx.everything(UPLOADS).items():
                if upload.begun < oldest:
                    tx.delete(UPLOADS, key)
            for key, made in tx.everything(ENDED_UPLOADS).items():
                if made.generation / 1e6 < oldest:
                    tx.delete(ENDED_UPLOADS, key)


def _found(upload: Upload | None) -> Upload:
    if upload is None:
        raise _not_under_way()
    return upload


def _not_under_way() -> ApiError:
    return ApiError("NOT_FOUND", "There is no such upload under way: it has ended, or never began.")

"""Objects: every change is one step, which has happened or has not, whenever the emulator is killed."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.storage.buckets import require_bucket
from emulator.storage.conditions import NO_CONDITIONS, Conditions
from emulator.storage.drafts import Draft, Sums
from emulator.storage.names import require_object_name
from emulator.storage.records import OBJECT_FIELDS, OBJECTS, UNKNOWN_TYPE, StoredObject, merged, object_key, timestamp

MOST_COMPONENTS = 32
# How many objects are remembered as they were found.
MOST_KNOWN = 4096


class Objects:
    """The objects of a store: their bytes in a file each, everything else in its records.

    Args:
        store: The store.
        files: The folder of the files.
    """

    def __init__(self, store: Store, files: Path) -> None:
        self._store = store
        self.files = files
        self._last_generation = 0
        self._generation_lock = threading.Lock()
        self._known: tuple[int, dict[str, StoredObject]] = (0, {})

    def find(self, bucket: str, name: str, generation: int | None = None) -> StoredObject:
        """An object.

        Raises:
            ApiError: NOT_FOUND, also where it has another generation.
        """
        # What is read now may be committed before the version tells so, never after it.
        version, known = self._known
        if version != self._store.version or len(known) >= MOST_KNOWN:
            version, known = self._known = (self._store.version, {})
        key = object_key(bucket, name)
        found = known.get(key)
        if found is None:
            found = _found(self._store.peek(OBJECTS, key), bucket, name, None)
            known[key] = found
        return _found(found, bucket, name, generation)

    def open(self, found: StoredObject) -> int:
        """A descriptor of an object's bytes, which stay readable whatever is written meanwhile.

        Raises:
            FileNotFoundError: It has been replaced or deleted since it was found.
        """
        return os.open(f"{self.files}/{found.file}", os.O_RDONLY | os.O_CLOEXEC)

    def after(self, bucket: str, first: str, limit: int) -> list[StoredObject]:
        """Up to `limit` objects of a bucket in the order of their names, from the name `first` on."""
        found = self._store.peek_from(OBJECTS, object_key(bucket, first), limit)
        return [one for one in found if one.bucket == bucket]

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A new file for an object's bytes, which is removed unless an object took it."""
        draft = Draft(self.files)
        try:
            yield draft
        except BaseException:
            draft.discard()
            raise

    def record(self, bucket: str, name: str, file: str, sums: Sums, fields: Mapping[str, Any]) -> StoredObject:
        """The record of new bytes.

        Args:
            bucket: The object's bucket.
            name: Its name.
            file: The name of the file of its bytes.
            sums: Their digests.
            fields: Its fields; others than its writer gives are passed over.
        """
        moment = timestamp()
        own = {key: value for key, value in fields.items() if key in OBJECT_FIELDS and value is not None}
        own.setdefault("contentType", UNKNOWN_TYPE)
        return StoredObject(
            bucket=bucket,
            name=name,
            file=file,
            size=sums.size,
            crc32c=sums.crc32c,
            md5=sums.md5,
            generation=self._generation(),
            metageneration=1,
            created=moment,
            updated=moment,
            fields=own,
        )

    def _generation(self) -> int:
        with self._generation_lock:
            self._last_generation = max(time.time_ns() // 1000, self._last_generation + 1)
            return self._last_generation

    def put(
        self,
        records: Sequence[StoredObject],
        conditions: Conditions = NO_CONDITIONS,
        also: Callable[[Transaction], None] | None = None,
    ) -> list[StoredObject]:
        """Writes records, all or none. The files that they replace are removed then.

        Args:
            records: Objects whose bytes are on the disk.
            conditions: What must hold of what each of them replaces.
            also: What happens in the same step.

        Raises:
            ApiError: NOT_FOUND for a bucket; FAILED_PRECONDITION.
        """
        written: list[StoredObject] = []
        replaced: list[str] = []
        with self._store.transaction() as tx:
            for record in records:
                require_bucket(tx, record.bucket)
                former = tx.get(OBJECTS, record.key)
                conditions.require(former)
                if former is not None:
                    replaced.append(former.file)
                # The machine's clock may have been set back.
                lowest = former.generation + 1 if former else 0
                written.append(replace(record, generation=max(record.generation, lowest)))
                tx.put(OBJECTS, record.key, written[-1])
            if also is not None:
                also(tx)
        self.remove_files(replaced)
        return written

    def insert(
        self,
        bucket: str,
        name: str,
        draft: Draft,
        fields: Mapping[str, Any],
        conditions: Conditions = NO_CONDITIONS,
        announced: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Makes an object of a draft.

        Args:
            bucket: Its bucket.
            name: Its name.
            draft: Its bytes.
            fields: Its fields.
            conditions: What must hold of what it replaces.
            announced: The digests that its writer has sent, crc32c and md5Hash.

        Raises:
            ApiError: NOT_FOUND for the bucket; FAILED_PRECONDITION; INVALID_ARGUMENT for the name or the digests.
        """
        require_object_name(name)
        draft.sums.require(announced or {})
        draft.finish()
        draft.keep()
        try:
            return self.put([self.record(bucket, name, draft.name, draft.sums, fields)], conditions)[0]
        except BaseException:
            self.remove_files([draft.name])
            raise

    def patch(
        self, bucket: str, name: str, changes: Mapping[str, Any], conditions: Conditions, generation: int | None = None
    ) -> StoredObject:
        """Changes fields of an object; None removes one, likewise in its `metadata`.

        Raises:
            ApiError: NOT_FOUND, FAILED_PRECONDITION.
        """
        with self._store.transaction() as tx:
            found = _found(tx.get(OBJECTS, object_key(bucket, name)), bucket, name, generation)
            conditions.require(found)
            fields = merged(found.fields, {key: value for key, value in changes.items() if key in OBJECT_FIELDS})
            record = replace(found, fields=fields, updated=timestamp(), metageneration=found.metageneration + 1)
            tx.put(OBJECTS, record.key, record)
        return record

    def delete(self, bucket: str, name: str, conditions: Conditions, generation: int | None = None) -> None:
        """Removes an object.

        Raises:
            ApiError: NOT_FOUND, FAILED_PRECONDITION.
        """
        with self._store.transaction() as tx:
            found = _found(tx.get(OBJECTS, object_key(bucket, name)), bucket, name, generation)
            conditions.require(found)
            tx.delete(OBJECTS, found.key)
        self.remove_files([found.file])

    def compose(
        self,
        sources: Sequence[StoredObject],
        bucket: str,
        name: str,
        fields: Mapping[str, Any],
        conditions: Conditions = NO_CONDITIONS,
    ) -> StoredObject:
        """Makes an object of the bytes of others, one after the other.

        Args:
            sources: The others, up to `MOST_COMPONENTS`.
            bucket: The bucket of the new one.
            name: Its name.
            fields: Its fields.
            conditions: What must hold of what it replaces.

        Raises:
            ApiError: NOT_FOUND for the bucket; FAILED_PRECONDITION; INVALID_ARGUMENT.
            FileNotFoundError: A source has been replaced or deleted since it was found.
        """
        if not 1 <= len(sources) <= MOST_COMPONENTS:
            raise ApiError("INVALID_ARGUMENT", f"The number of source components must be 1 to {MOST_COMPONENTS}.")
        components = sum(one.components or 1 for one in sources)
        with self._copied(sources, bucket, name, fields) as record:
            return self.put([replace(record, md5="", components=components)], conditions)[0]

    def copy(
        self,
        source: StoredObject,
        bucket: str,
        name: str,
        fields: Mapping[str, Any],
        conditions: Conditions = NO_CONDITIONS,
        *,
        moves: bool = False,
    ) -> StoredObject:
        """Makes an object of the bytes of another.

        Args:
            source: The other one.
            bucket: The bucket of the new one.
            name: Its name.
            fields: Its fields; where there are none, those of the source.
            conditions: What must hold of what it replaces.
            moves: Whether the source is removed, in the same step.

        Raises:
            ApiError: As `compose`.
            FileNotFoundError: Likewise.
        """

        def remove_source(tx: Transaction) -> None:
            current = tx.get(OBJECTS, source.key)
            if current is None or current.generation != source.generation:
                raise FileNotFoundError(source.file)
            tx.delete(OBJECTS, source.key)

        with self._copied([source], bucket, name, fields or source.fields) as copied:
            record = replace(copied, md5=source.md5, components=source.components)
            (written,) = self.put([record], conditions, remove_source if moves else None)
        if moves:
            self.remove_files([source.file])
        return written

    @contextmanager
    def _copied(
        self, sources: Sequence[StoredObject], bucket: str, name: str, fields: Mapping[str, Any]
    ) -> Iterator[StoredObject]:
        require_object_name(name)
        with self.draft() as draft:
            for source in sources:
                draft.copy(self.files / source.file)
            draft.finish()
            yield self.record(bucket, name, draft.name, draft.sums, fields)

    def remove_files(self, names: Iterable[str]) -> None:
        """Removes files that no record names; what cannot be removed now is at the next start."""
        for name in names:
            with contextlib.suppress(OSError):
                (self.files / name).unlink()


def _found(found: StoredObject | None, bucket: str, name: str, generation: int | None) -> StoredObject:
    if found is None or generation not in {None, found.generation}:
        raise ApiError("NOT_FOUND", f"No such object: {bucket}/{name}")
    return found

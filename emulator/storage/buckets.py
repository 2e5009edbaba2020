"""Buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.storage.names import require_bucket_name
from emulator.storage.records import BUCKET_OUTPUTS, BUCKETS, OBJECTS, STANDARD, Json, merged, object_key, timestamp


class Buckets:
    """The buckets of a store.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, resource: Mapping[str, Any]) -> Json:
        """Makes a bucket.

        Args:
            resource: As the API takes it; its name is needed.

        Raises:
            ApiError: INVALID_ARGUMENT; ALREADY_EXISTS; UNIMPLEMENTED for what is not kept here.
        """
        name = str(resource.get("name", ""))
        require_bucket_name(name)
        _require_no_versioning(resource)
        record = new_bucket(name, resource)
        with self._store.transaction() as tx:
            if tx.get(BUCKETS, name) is not None:
                raise ApiError(
                    "ALREADY_EXISTS",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                )
            tx.put(BUCKETS, name, record)
        return record

    def get(self, name: str) -> Json:
        """A bucket.

        Raises:
            ApiError: NOT_FOUND.
        """
        return found_bucket(self._store.peek(BUCKETS, name), name)

    def list(self, prefix: str = "") -> list[Json]:
        """All buckets whose names begin so, by name."""
        found = self._store.peek_from(BUCKETS, prefix, -1)
        return [bucket for bucket in found if bucket["name"].startswith(prefix)]

    def patch(self, name: str, changes: Mapping[str, Any]) -> Json:
        """Changes fields of a bucket; None removes one.

        Raises:
            ApiError: NOT_FOUND; UNIMPLEMENTED for what is not kept here.
        """
        _require_no_versioning(changes)
        with self._store.transaction() as tx:
            record = require_bucket(tx, name)
            kept = {key: value for key, value in changes.items() if key not in BUCKET_OUTPUTS}
            record = merged(record, kept)
            record |= {"updated": timestamp(), "metageneration": str(int(record["metageneration"]) + 1)}
            tx.put(BUCKETS, name, record)
        return record

    def delete(self, name: str) -> None:
        """Removes an empty bucket.

        Raises:
            ApiError: NOT_FOUND; ABORTED where it holds objects.
        """
        with self._store.transaction() as tx:
            require_bucket(tx, name)
            if any(one.bucket == name for one in tx.after(OBJECTS, object_key(name, ""), 1)):
                raise ApiError("ABORTED", "The bucket you tried to delete is not empty.")
            tx.delete(BUCKETS, name)


def new_bucket(name: str, resource: Mapping[str, Any]) -> Json:
    """The record of a new bucket.

    Args:
        name: Its name.
        resource: What was given of it.
    """
    moment = timestamp()
    return {
        "storageClass": STANDARD,
        **{key: value for key, value in resource.items() if key not in BUCKET_OUTPUTS},
        "location": str(resource.get("location") or "US").upper(),
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": "1234",
        "metageneration": "1",
        "etag": "CAE=",
        "timeCreated": moment,
        "updated": moment,
    }


def require_bucket(tx: Transaction, name: str) -> Json:
    """A bucket that must be there.

    Raises:
        ApiError: NOT_FOUND.
    """
    return found_bucket(tx.get(BUCKETS, name), name)


def found_bucket(bucket: Json | None, name: str) -> Json:
    """A bucket, if it was found.

    Raises:
        ApiError: NOT_FOUND.
    """
    if bucket is None:
        raise ApiError("NOT_FOUND", f"The specified bucket does not exist: {name[:300]}.")
    return bucket


def _require_no_versioning(resource: Mapping[str, Any]) -> None:
    versioning = resource.get("versioning")
    if isinstance(versioning, Mapping) and versioning.get("enabled"):
        raise ApiError("UNIMPLEMENTED", "The emulator keeps one generation of each object: leave versioning out.")

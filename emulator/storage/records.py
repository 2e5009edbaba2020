"""What is kept of buckets, objects and uploads, and how the API shows it."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from emulator.api.store import Table

Json = dict[str, Any]
# The fields of an object that its writer gives.
OBJECT_FIELDS = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
)
# The fields of a bucket that the store gives.
BUCKET_OUTPUTS = {"kind", "id", "name", "selfLink", "timeCreated", "updated", "metageneration", "etag", "projectNumber"}
STANDARD = "STANDARD"
UNKNOWN_TYPE = "application/octet-stream"


def timestamp() -> str:
    """The time now, as resources show it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class StoredObject:
    """One object, as it is until it is written again.

    Attributes:
        bucket: Its bucket.
        name: Its name there.
        file: The file of its bytes, in the store's folder. It never changes: other bytes are another file.
        size: Bytes.
        crc32c: Of the bytes, base64 as the API has it.
        md5: Likewise; empty for an object that was composed.
        generation: Microseconds since 1970, higher than that of what it has replaced.
        metageneration: Counts the changes of its fields, from 1.
        created: When the bytes were written.
        updated: When the fields were.
        fields: What its writer said of it, of `OBJECT_FIELDS`.
        components: Of how many objects it was composed; 0 if it was not.
    """

    bucket: str
    name: str
    file: str
    size: int
    crc32c: str
    md5: str
    generation: int
    metageneration: int
    created: str
    updated: str
    fields: Json = field(hash=False)
    components: int = 0

    @property
    def key(self) -> str:
        """Under which name it is kept."""
        return object_key(self.bucket, self.name)

    @property
    def content_type(self) -> str:
        """What its bytes are said to be."""
        return str(self.fields.get("contentType") or UNKNOWN_TYPE)

    @property
    def etag(self) -> str:
        """Changes with every change of the bytes or the fields."""
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()

    def resource(self, address: str) -> Json:
        """The object as the API answers it.

        Args:
            address: The object store's, for the links.
        """
        place = f"b/{self.bucket}/o/{quote(self.name, safe='')}"
        sums = {"crc32c": self.crc32c} | ({"md5Hash": self.md5} if self.md5 else {})
        components = {"componentCount": self.components} if self.components else {}
        return {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": f"{address}/storage/v1/{place}",
            "mediaLink": f"{address}/download/storage/v1/{place}?generation={self.generation}&alt=media",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "size": str(self.size),
            "etag": self.etag,
            "timeCreated": self.created,
            "updated": self.updated,
            "timeStorageClassUpdated": self.created,
            "storageClass": STANDARD,
            **sums,
            **components,
            **self.fields,
        }


def object_key(bucket: str, name: str) -> str:
    """Under which name an object is kept: such that a bucket's lie side by side, in the order of their names."""
    return f"{bucket}/{name}"


def bucket_resource(record: Mapping[str, Any], address: str) -> Json:
    """A bucket as the API answers it."""
    return {**record, "selfLink": f"{address}/storage/v1/b/{record['name']}"}


def merged(record: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    """Fields as PATCH changes them (RFC 7396): None removes, objects are merged, anything else is set."""
    result = dict(record)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            held = result.get(key)
            result[key] = merged(held if isinstance(held, Mapping) else {}, value)
        else:
            result[key] = value
    return result


@dataclass(frozen=True)
class Upload:
    """A resumable upload under way.

    Attributes:
        bucket: Where it goes.
        name: What it becomes.
        file: The file that grows.
        fields: The object's fields.
        conditions: Query parameters such as ifGenerationMatch, as given.
        sums: The digests that were announced, by their names in the API.
        begun: When it began, seconds since 1970.
    """

    bucket: str
    name: str
    file: str
    fields: Json
    conditions: dict[str, str]
    sums: dict[str, str]
    begun: float


def _text(record: Any) -> str:
    return json.dumps(vars(record) if dataclasses.is_dataclass(record) else record)


def _object(text: str) -> StoredObject:
    return StoredObject(**json.loads(text))


OBJECTS: Table[StoredObject] = Table("objects", encode=_text, decode=_object)
BUCKETS: Table[Json] = Table("buckets", encode=_text, decode=json.loads)
UPLOADS: Table[Upload] = Table("uploads", encode=_text, decode=lambda text: Upload(**json.loads(text)))
# What resumable uploads became, by their ids.
ENDED_UPLOADS: Table[StoredObject] = Table("ended_uploads", encode=_text, decode=_object)

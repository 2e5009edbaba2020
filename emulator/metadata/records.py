"""MetadataService: what a metadata store holds, and how it is kept."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1.types import Artifact, Context, Execution, MetadataStore

from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.errors import Violation, invalid, invalid_fields
from emulator.api.etags import etag_of
from emulator.api.names import parent_of
from emulator.api.store import Table, Transaction
from emulator.api.validation import LONGEST_DISPLAY_NAME, display_name_violations, label_violations

# That it begins with a letter or a digit is a guess.
RESOURCE_ID = re.compile(r"[a-z0-9][a-z0-9-]{3,127}")
LARGEST_METADATA = 200 * 1024

STORES = table("metadata_stores", MetadataStore)


@dataclass(frozen=True)
class Kind:
    """One of the kinds of things in a metadata store.

    Attributes:
        noun: What the API calls one: `Context`.
        message: Its message type.
        table: Where it is kept, without its relations to others.
        changeable: The fields that an update can change.
    """

    noun: str
    message: type[Any]
    table: Table[Any]
    changeable: tuple[str, ...]

    @property
    def field(self) -> str:
        """The field of requests that holds one: `context`."""
        return self.noun.lower()

    @property
    def collection(self) -> str:
        """The part of a resource name before the id: `contexts`."""
        return f"{self.field}s"

    def require(self, tx: Transaction, name: str) -> Any:
        """The resource of that name.

        Raises:
            ApiError: NOT_FOUND.
        """
        return tx.require(self.table, name, self.noun)

    def require_in(self, tx: Transaction, store: str, name: str, field: str) -> Any:
        """The resource that a field of a request names, which must lie in the store of the request's resource.

        Raises:
            ApiError: INVALID_ARGUMENT, where the name is none of that store; NOT_FOUND.
        """
        if parent_of(name) != store or not name.startswith(f"{store}/{self.collection}/"):
            raise invalid(field, f'must name {self.collection} of {store}. Received: "{name}".')
        return self.require(tx, name)

    def put(self, tx: Transaction, resource: Any) -> Any:
        """Writes a new or changed resource, with its times, its etag and, if need be, empty metadata.

        The SDK cannot read a resource without metadata.
        """
        self.message.pb(resource).metadata.SetInParent()
        resource.update_time = now()
        if not resource.create_time:
            resource.create_time = resource.update_time
        resource.etag = etag_of(resource)
        tx.put(self.table, resource.name, resource)
        return resource


SHARED = ("display_name", "description", "labels", "metadata")
CONTEXT = Kind("Context", Context, table("contexts", Context), SHARED)
ARTIFACT = Kind("Artifact", Artifact, table("artifacts", Artifact), (*SHARED, "uri", "state"))
EXECUTION = Kind("Execution", Execution, table("executions", Execution), (*SHARED, "state"))
KINDS = (CONTEXT, ARTIFACT, EXECUTION)


def require_store(tx: Transaction, name: str) -> MetadataStore:
    """The metadata store of that name.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(STORES, name, "MetadataStore")


def put_store(tx: Transaction, name: str, given: MetadataStore) -> MetadataStore:
    """Writes a new metadata store."""
    store = MetadataStore(given)
    store.name = name
    store.create_time = store.update_time = now()
    tx.put(STORES, name, store)
    return store


def resource_id(given: str, field: str) -> str:
    """The id of a new resource: the one that was asked for, or a fresh one.

    Raises:
        ApiError: INVALID_ARGUMENT, where the id asked for is malformed.
    """
    if given and not RESOURCE_ID.fullmatch(given):
        raise invalid(
            field,
            "must be 4 to 128 characters, lowercase letters, digits and hyphens, and must start with a letter or a "
            f'digit. Received: "{given}".',
        )
    return given or str(uuid.uuid4())


def require_valid(resource: Any, field: str) -> None:
    """Checks what a client can set, and trims the keys of its metadata as Vertex AI does.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    violations = label_violations(resource.labels, f"{field}.labels")
    if len(resource.display_name) > LONGEST_DISPLAY_NAME:
        violations += display_name_violations(resource.display_name, f"{field}.display_name")
    metadata = type(resource).pb(resource).metadata
    for key in [key for key in metadata.fields if key != key.strip()]:
        metadata.fields[key.strip()].CopyFrom(metadata.fields.pop(key))
    if metadata.ByteSize() > LARGEST_METADATA:
        violations.append(
            Violation(
                f"{field}.metadata",
                f"must not exceed {LARGEST_METADATA // 1024} KB. Received: {metadata.ByteSize()} bytes.",
            )
        )
    if violations:
        raise invalid_fields(violations)

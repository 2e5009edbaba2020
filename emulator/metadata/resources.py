"""MetadataService: create, get, list, update and delete of contexts, artifacts and executions, which are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.cloud.aiplatform_v1.types import DeleteOperationMetadata
from google.longrunning.operations_pb2 import Operation
from google.protobuf.field_mask_pb2 import FieldMask

from emulator.api import names, operations
from emulator.api.calls import Call
from emulator.api.errors import ApiError, invalid
from emulator.api.etags import require_etag
from emulator.api.filters import Predicate
from emulator.api.listing import LARGEST_PAGE, ordered, page, token_given, token_to_give
from emulator.api.masks import require_mask
from emulator.api.store import Transaction
from emulator.metadata.filters import names_among, parse_metadata_filter
from emulator.metadata.records import (
    ARTIFACT,
    CONTEXT,
    EXECUTION,
    Kind,
    require_store,
    require_valid,
    resource_id,
)
from emulator.metadata.relations import CHILDREN, remove_resource

OUTPUT_ONLY = {"name", "etag", "create_time", "update_time", "parent_contexts"}
ORDER_KEYS = {
    key: (lambda item, key=key: getattr(item, key))
    for key in ("name", "display_name", "schema_title", "create_time", "update_time")
}


def shown(tx: Transaction, kind: Kind, resource: Any) -> Any:
    """A resource as the API answers it: a context with its parents as they are now."""
    if kind is CONTEXT:
        pb = kind.message.pb(resource)
        pb.parent_contexts[:] = CHILDREN.owners_of(tx, pb.name)
    return resource


class Resources:
    """The five methods of one kind of resource.

    Args:
        kind: The kind.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def create(self, call: Call[Any]) -> Any:
        """CreateContext, CreateArtifact, CreateExecution."""
        request, id_field = call.request, f"{self.kind.field}_id"
        new_id = resource_id(getattr(request, id_field), id_field)
        name = f"{request.parent}/{self.kind.collection}/{new_id}"
        return self._create(call.tx, name, getattr(request, self.kind.field))

    def _create(self, tx: Transaction, name: str, given: Any) -> Any:
        require_store(tx, names.parent_of(name))
        require_valid(given, self.kind.field)
        if tx.get(self.kind.table, name) is not None:
            raise ApiError("ALREADY_EXISTS", f"{self.kind.noun} with name {name} already exists.")
        resource = self.kind.message(given)
        pb = self.kind.message.pb(resource)
        for field in OUTPUT_ONLY & set(pb.DESCRIPTOR.fields_by_name):
            pb.ClearField(field)
        resource.name = name
        return self.kind.put(tx, resource)

    def get(self, call: Call[Any]) -> Any:
        """GetContext, GetArtifact, GetExecution."""
        return shown(call.tx, self.kind, self.kind.require(call.tx, call.request.name))

    def list_page(self, call: Call[Any]) -> Any:
        """ListContexts, ListArtifacts, ListExecutions: newest first, which is a guess."""
        request = call.request
        require_store(call.tx, request.parent)
        keep = parse_metadata_filter(call.tx, request.filter, self.kind)
        items = [item for item in self._items(call.tx, request.parent, keep) if keep(item)]
        items.sort(key=_age, reverse=True)
        shown_page, token = _page(request, ordered(items, request.order_by, ORDER_KEYS))
        resources = [shown(call.tx, self.kind, item) for item in shown_page]
        response: Any = getattr(types, f"List{self.kind.noun}sResponse")
        return response(**{self.kind.collection: resources, "next_page_token": token})

    def _items(self, tx: Transaction, store: str, keep: Predicate) -> list[Any]:
        wanted = names_among(keep)
        if wanted is None:
            return tx.children(self.kind.table, store)
        found = [tx.get(self.kind.table, name) for name in wanted if names.parent_of(name) == store]
        return [item for item in found if item is not None]

    def update(self, call: Call[Any]) -> Any:
        """UpdateContext, UpdateArtifact, UpdateExecution.

        Without a mask everything is replaced that can be changed. The etag is not compared, a guess: the SDK
        repeats a refused update only over gRPC.
        """
        given, mask = getattr(call.request, self.kind.field), call.request.update_mask.paths
        current = call.tx.get(self.kind.table, given.name)
        if current is None and call.request.allow_missing:
            resource_id(names.id_of(given.name), f"{self.kind.field}.name")
            return self._create(call.tx, given.name, given)
        fields = require_mask(mask, self.kind.changeable) if mask else list(self.kind.changeable)
        current = current or self.kind.require(call.tx, given.name)
        require_valid(given, self.kind.field)
        pb = self.kind.message.pb(current)
        changes = type(pb)()
        FieldMask(paths=fields).MergeMessage(self.kind.message.pb(given), changes)
        for field in fields:
            pb.ClearField(field)
        pb.MergeFrom(changes)
        return shown(call.tx, self.kind, self.kind.put(call.tx, current))

    def delete(self, call: Call[Any]) -> Operation:
        """DeleteContext, DeleteArtifact, DeleteExecution: what a context holds stays."""
        name = call.request.name
        require_etag(call.request.etag, self.kind.require(call.tx, name).etag, name)
        remove_resource(call.tx, self.kind, name)
        return operations.done(call.tx, names.location_of(name), DeleteOperationMetadata())


def _age(resource: Any) -> tuple[int, int, str]:
    """What sorts resources by age, read from the bare message: proto-plus takes long to make a datetime."""
    pb = type(resource).pb(resource)
    return pb.create_time.seconds, pb.create_time.nanos, pb.name


def _page(request: Any, items: Sequence[Any]) -> tuple[Sequence[Any], str]:
    if request.page_size > LARGEST_PAGE:
        raise invalid("page_size", f"must lie between 1 and {LARGEST_PAGE}. Received: {request.page_size}.")
    shown_page, following = page(items, request.page_size, token_given(request))
    return shown_page, token_to_give(request, following)


CONTEXTS = Resources(CONTEXT)
ARTIFACTS = Resources(ARTIFACT)
EXECUTIONS = Resources(EXECUTION)

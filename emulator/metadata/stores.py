"""MetadataService: create, get, list and delete of metadata stores."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    CreateMetadataStoreOperationMetadata,
    CreateMetadataStoreRequest,
    DeleteMetadataStoreOperationMetadata,
    DeleteMetadataStoreRequest,
    GetMetadataStoreRequest,
    ListMetadataStoresRequest,
    ListMetadataStoresResponse,
    MetadataStore,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import names, operations
from emulator.api.calls import Call
from emulator.api.errors import already_exists
from emulator.api.listing import page_of_records
from emulator.metadata.records import KINDS, STORES, put_store, require_store, resource_id
from emulator.metadata.relations import remove_resource


def create_metadata_store(call: Call[CreateMetadataStoreRequest]) -> Operation:
    """CreateMetadataStore: an empty store."""
    request = call.request
    name = f"{request.parent}/metadataStores/{resource_id(request.metadata_store_id, 'metadata_store_id')}"
    if call.tx.get(STORES, name) is not None:
        raise already_exists("MetadataStore", name)
    store = put_store(call.tx, name, request.metadata_store)
    return operations.done(call.tx, request.parent, CreateMetadataStoreOperationMetadata(), store)


def get_metadata_store(call: Call[GetMetadataStoreRequest]) -> MetadataStore:
    """GetMetadataStore."""
    return require_store(call.tx, call.request.name)


def list_metadata_stores(call: Call[ListMetadataStoresRequest]) -> ListMetadataStoresResponse:
    """ListMetadataStores, newest first."""
    request = call.request
    stores, token = page_of_records(call.tx, STORES, request.parent, request, lambda _store: True)
    return ListMetadataStoresResponse(metadata_stores=stores, next_page_token=token)


def delete_metadata_store(call: Call[DeleteMetadataStoreRequest]) -> Operation:
    """DeleteMetadataStore: the store and all that it holds."""
    name = require_store(call.tx, call.request.name).name
    for kind in KINDS:
        for resource in call.tx.children(kind.table, name):
            remove_resource(call.tx, kind, resource.name)
    call.tx.delete(STORES, name)
    return operations.done(call.tx, names.location_of(name), DeleteMetadataStoreOperationMetadata())

"""EndpointService: create, get, list, update and delete of endpoints."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    CreateEndpointOperationMetadata,
    CreateEndpointRequest,
    DeleteEndpointRequest,
    DeleteOperationMetadata,
    Endpoint,
    GetEndpointRequest,
    ListEndpointsRequest,
    ListEndpointsResponse,
    UpdateEndpointRequest,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import names, operations
from emulator.api.calls import Call
from emulator.api.clock import now
from emulator.api.errors import Violation, already_exists, invalid_fields, precondition
from emulator.api.etags import etag_of, require_etag
from emulator.api.filters import parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read, require_mask
from emulator.api.store import Transaction
from emulator.api.validation import display_name_violations, label_violations
from emulator.endpoints.traffic import require_split
from emulator.models.fields import ENDPOINT_FILTERS
from emulator.models.registry import ENDPOINTS, PENDING_DEPLOYMENTS

UPDATABLE = (
    "display_name",
    "description",
    "labels",
    "traffic_split",
    "predict_request_response_logging_config",
)
OUTPUT_ONLY = (
    "name", "deployed_models", "traffic_split", "etag", "create_time", "update_time",
    "model_deployment_monitoring_job", "dedicated_endpoint_dns", "satisfies_pzs", "satisfies_pzi",
)  # fmt: skip
# Fields that give an endpoint another address than the emulator's, to which clients would then send
# predictions.
ELSEWHERE = (
    "network", "enable_private_service_connect", "private_service_connect_config",
    "dedicated_endpoint_enabled", "private_model_server_enabled",
)  # fmt: skip


def require_endpoint(tx: Transaction, name: str) -> Endpoint:
    """The endpoint of that name.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(ENDPOINTS, name, "Endpoint")


def put_endpoint(tx: Transaction, endpoint: Endpoint) -> None:
    """Writes a changed endpoint, with a new update time and etag."""
    endpoint.update_time = now()
    endpoint.etag = etag_of(endpoint)
    tx.put(ENDPOINTS, endpoint.name, endpoint)


def create_endpoint(call: Call[CreateEndpointRequest]) -> Operation:
    """CreateEndpoint: an endpoint without models."""
    endpoint = Endpoint(call.request.endpoint)
    violations = _field_violations(endpoint)
    violations += [
        Violation(f"endpoint.{field}", "is not served by the emulator, which answers at one address.")
        for field in ELSEWHERE
        if getattr(endpoint, field)
    ]
    if violations:
        raise invalid_fields(violations)
    for field in OUTPUT_ONLY:
        type(endpoint).pb(endpoint).ClearField(field)
    endpoint.name = f"{call.request.parent}/endpoints/{names.endpoint_id(call.request.endpoint_id)}"
    if call.tx.get(ENDPOINTS, endpoint.name) is not None:
        raise already_exists("Endpoint", endpoint.name)
    endpoint.create_time = now()
    put_endpoint(call.tx, endpoint)
    return operations.done(call.tx, endpoint.name, CreateEndpointOperationMetadata(), endpoint)


def _field_violations(endpoint: Endpoint) -> list[Violation]:
    return [
        *display_name_violations(endpoint.display_name, "endpoint.display_name"),
        *label_violations(endpoint.labels, "endpoint.labels"),
    ]


def get_endpoint(call: Call[GetEndpointRequest]) -> Endpoint:
    """GetEndpoint."""
    return require_endpoint(call.tx, call.request.name)


def list_endpoints(call: Call[ListEndpointsRequest]) -> ListEndpointsResponse:
    """ListEndpoints, newest first."""
    request = call.request
    keep = parse_filter(request.filter, ENDPOINT_FILTERS)
    shown_page, token = page_of_records(call.tx, ENDPOINTS, request.parent, request, keep)
    return ListEndpointsResponse(endpoints=read(shown_page, request.read_mask), next_page_token=token)


def update_endpoint(call: Call[UpdateEndpointRequest]) -> Endpoint:
    """UpdateEndpoint: the fields that the mask names, all of them or none."""
    changed = call.request.endpoint
    endpoint = require_endpoint(call.tx, changed.name)
    paths = require_mask(call.request.update_mask.paths, UPDATABLE)
    require_etag(changed.etag, endpoint.etag, endpoint.name)
    if "traffic_split" in paths:
        require_split(changed.traffic_split, [deployed.id for deployed in endpoint.deployed_models])
    for path in paths:
        setattr(endpoint, path, getattr(changed, path))
    violations = _field_violations(endpoint)
    if violations:
        raise invalid_fields(violations)
    put_endpoint(call.tx, endpoint)
    return endpoint


def delete_endpoint(call: Call[DeleteEndpointRequest]) -> Operation:
    """DeleteEndpoint, unless it holds a model or is about to."""
    endpoint = require_endpoint(call.tx, call.request.name)
    if endpoint.deployed_models or call.tx.children(PENDING_DEPLOYMENTS, endpoint.name):
        raise precondition(
            f'The Endpoint "{endpoint.name}" has deployed or being-deployed DeployedModel(s). Undeploy them first.'
        )
    call.tx.delete(ENDPOINTS, endpoint.name)
    return operations.done(call.tx, names.location_of(endpoint.name), DeleteOperationMetadata())

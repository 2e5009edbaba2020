"""EndpointService: deploy, undeploy and mutate. What changes in the store; the processes are the fleet's."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    DeployedModel,
    DeployModelOperationMetadata,
    DeployModelRequest,
    DeployModelResponse,
    Endpoint,
    Model,
    MutateDeployedModelOperationMetadata,
    MutateDeployedModelRequest,
    MutateDeployedModelResponse,
    UndeployModelOperationMetadata,
    UndeployModelRequest,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import names, operations
from emulator.api.calls import Call, Work
from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.errors import ApiError, invalid, invalid_fields, not_found, precondition
from emulator.api.masks import require_mask
from emulator.api.names import ModelName
from emulator.api.store import Transaction
from emulator.endpoints.deployment_rules import dedicated_violations, deployed_model_violations, with_defaults
from emulator.endpoints.methods import put_endpoint, require_endpoint
from emulator.endpoints.traffic import split_after_deploy, split_after_undeploy
from emulator.models.registry import PENDING_DEPLOYMENTS, require_model, require_version

# Undeployments whose model server is still being stopped, each under its operation's name.
PENDING_UNDEPLOYMENTS = table("pending_undeployments", UndeployModelRequest)
MUTABLE = (
    "dedicated_resources.min_replica_count",
    "dedicated_resources.max_replica_count",
    "dedicated_resources.required_replica_count",
    "dedicated_resources.autoscaling_metric_specs",
    "disable_container_logging",
)


def deployed_ids(endpoint: Endpoint) -> list[str]:
    """The ids of the models that are deployed at an endpoint."""
    return [deployed.id for deployed in endpoint.deployed_models]


def deploy_model(call: Call[DeployModelRequest]) -> Operation:
    """DeployModel: checks the request and begins the operation. The endpoint waits for the server."""
    request = DeployModelRequest(call.request)
    endpoint = require_endpoint(call.tx, request.endpoint)
    violations = deployed_model_violations(request.deployed_model)
    if violations:
        raise invalid_fields(violations)
    request.deployed_model = with_defaults(request.deployed_model)
    deployed = request.deployed_model
    version = _version_to_deploy(call.tx, deployed, endpoint)
    name = names.require_model_name(deployed.model, "deployed_model.model").model
    deployed.model, deployed.model_version_id = name, version.version_id
    deployed.display_name = deployed.display_name or require_model(call.tx, name).display_name
    taken = [*deployed_ids(endpoint), *_being_deployed(call.tx, endpoint)]
    if deployed.id in taken:
        raise invalid("deployed_model.id", f"is taken at this endpoint. Received: {deployed.id}.")
    while not deployed.id or deployed.id in taken:
        deployed.id = names.new_deployed_model_id()
    split_after_deploy(endpoint.traffic_split, deployed_ids(endpoint), request.traffic_split, deployed.id)
    operation = operations.begin(call.tx, endpoint.name, DeployModelOperationMetadata())
    call.tx.put(PENDING_DEPLOYMENTS, operation.name, request)
    call.work.append(Work("deploy", operation.name))
    return operation


def _version_to_deploy(tx: Transaction, deployed: DeployedModel, endpoint: Endpoint) -> Model:
    name = names.require_model_name(deployed.model, "deployed_model.model")
    if names.location_of(name.model) != names.location_of(endpoint.name):
        raise invalid(
            "deployed_model.model",
            f'must be in the endpoint\'s project and location. Received: "{deployed.model}".',
        )
    version = require_version(tx, name)
    if "container_spec" not in version:
        raise precondition(
            f'The Model "{deployed.model}" has no container_spec: there is nothing to serve its predictions with.'
        )
    return version


def _being_deployed(tx: Transaction, endpoint: Endpoint) -> list[str]:
    return [pending.deployed_model.id for pending in tx.children(PENDING_DEPLOYMENTS, endpoint.name)]


def complete_deployment(tx: Transaction, operation_name: str) -> None:
    """Ends a deployment whose model server answers: the endpoint shows it, and the operation succeeds.

    Raises:
        ApiError: The endpoint has changed since the request, so that the split asked for breaks a rule now.
    """
    request = require_pending(tx, operation_name)
    endpoint = require_endpoint(tx, request.endpoint)
    deployed = DeployedModel(request.deployed_model)
    deployed.create_time = now()
    split = split_after_deploy(endpoint.traffic_split, deployed_ids(endpoint), request.traffic_split, deployed.id)
    endpoint.deployed_models.append(deployed)
    endpoint.traffic_split = split
    put_endpoint(tx, endpoint)
    tx.delete(PENDING_DEPLOYMENTS, operation_name)
    operation = operations.require(tx, operation_name)
    operations.finish(tx, operation, DeployModelResponse(deployed_model=deployed))


def require_pending(tx: Transaction, operation_name: str) -> DeployModelRequest:
    """What was asked for by the request that began a deployment.

    Raises:
        ApiError: NOT_FOUND, where it is not under way.
    """
    return tx.require(PENDING_DEPLOYMENTS, operation_name, "deployment under way")


def fail_deployment(tx: Transaction, operation_name: str, error: ApiError) -> None:
    """Ends a deployment that came to nothing: the endpoint stays as it was, and the operation fails."""
    if tx.get(PENDING_DEPLOYMENTS, operation_name) is not None:
        tx.delete(PENDING_DEPLOYMENTS, operation_name)
        operations.fail(tx, operations.require(tx, operation_name), error)


def undeploy_model(call: Call[UndeployModelRequest]) -> Operation:
    """UndeployModel: the endpoint changes at once; the operation ends when the server has stopped."""
    request = call.request
    endpoint = require_endpoint(call.tx, request.endpoint)
    gone = request.deployed_model_id
    if gone not in deployed_ids(endpoint):
        raise not_found("DeployedModel", f"{endpoint.name}/deployedModels/{gone}")
    endpoint.traffic_split = split_after_undeploy(
        endpoint.traffic_split, deployed_ids(endpoint), request.traffic_split, gone
    )
    endpoint.deployed_models = [deployed for deployed in endpoint.deployed_models if deployed.id != gone]
    put_endpoint(call.tx, endpoint)
    operation = operations.begin(call.tx, endpoint.name, UndeployModelOperationMetadata())
    call.tx.put(PENDING_UNDEPLOYMENTS, operation.name, request)
    call.work.append(Work("undeploy", operation.name))
    return operation


def mutate_deployed_model(call: Call[MutateDeployedModelRequest]) -> Operation:
    """MutateDeployedModel: replica counts, autoscaling and container logging of a deployed model."""
    request = call.request
    endpoint = require_endpoint(call.tx, request.endpoint)
    paths = require_mask(request.update_mask.paths, MUTABLE)
    deployed = next((held for held in endpoint.deployed_models if held.id == request.deployed_model.id), None)
    if deployed is None:
        raise not_found("DeployedModel", f"{endpoint.name}/deployedModels/{request.deployed_model.id}")
    for path in paths:
        source, target = request.deployed_model, deployed
        *holders, last = path.split(".")
        for holder in holders:
            source, target = getattr(source, holder), getattr(target, holder)
        setattr(target, last, getattr(source, last))
    violations = dedicated_violations(deployed.dedicated_resources, "deployed_model.dedicated_resources")
    if violations:
        raise invalid_fields(violations)
    put_endpoint(call.tx, endpoint)
    return operations.done(
        call.tx,
        endpoint.name,
        MutateDeployedModelOperationMetadata(),
        MutateDeployedModelResponse(deployed_model=deployed),
    )


def version_of(tx: Transaction, deployed: DeployedModel) -> Model:
    """The record of the version that is deployed."""
    return require_version(tx, ModelName(deployed.model, deployed.model_version_id))

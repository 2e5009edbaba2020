"""One endpoint, and what is deployed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex.connection import CHANGE_TIMEOUT_S, VertexAI
from components.vertex.labels import MANAGED_BY
from components.vertex.lookup import filter_for, the_only
from components.vertex.operations import wait_for
from components.vertex.registry import full_name
from components.vertex.rollout_plan import Deployment

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model

# In the traffic split of a request to deploy, the deployment that it makes.
_DEPLOYED_NOW = "0"
# Vertex AI itself gives up after 60 s.
_PREDICTION_TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Machines:
    """What a version is deployed on.

    Attributes:
        type: Machine type, such as n1-standard-2.
        least: Replicas at least.
        most: Replicas at most.
    """

    type: str = "n1-standard-2"
    least: int = 1
    most: int = 1


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        predictions: One for each instance.
        deployment: Id of the DeployedModel that answered.
        version: The registry version behind it.
    """

    predictions: Sequence[Any]
    deployment: str
    version: str


def list_endpoints(vertex: VertexAI, name: str = "") -> list[Endpoint]:
    """The endpoints that the pipeline manages: those of a display name, or all."""
    request = {"parent": vertex.parent, "filter": filter_for(MANAGED_BY, name)}
    return list(vertex.endpoints.list_endpoints(request=request, **vertex.reading))


def find_endpoint(vertex: VertexAI, name: str) -> Endpoint | None:
    """The endpoint of this name that the pipeline manages, or None.

    Raises:
        RegistryError: There are several; none is taken by chance.
    """
    found = list_endpoints(vertex, name)
    return the_only(found, [endpoint.name for endpoint in found], "endpoints", name)


def find_or_create_endpoint(vertex: VertexAI, name: str) -> Endpoint:
    """The endpoint of this name, made if there is none."""
    from google.cloud.aiplatform_v1.types import Endpoint

    found = find_endpoint(vertex, name)
    if found is not None:
        return found
    wanted = Endpoint(display_name=name, labels=MANAGED_BY)
    creation = vertex.endpoints.create_endpoint(parent=vertex.parent, endpoint=wanted, timeout=CHANGE_TIMEOUT_S)
    return wait_for(vertex, creation, Endpoint)


def read_again(vertex: VertexAI, endpoint: Endpoint) -> Endpoint:
    """An endpoint as it is now."""
    return vertex.endpoints.get_endpoint(name=endpoint.name, **vertex.reading)


def deployments_of(endpoint: Endpoint) -> tuple[Deployment, ...]:
    """What was deployed when the endpoint was read, with its share of the traffic."""
    traffic = endpoint.traffic_split
    return tuple(Deployment(one.id, one.model_version_id, traffic.get(one.id, 0)) for one in endpoint.deployed_models)


def deployments_now(vertex: VertexAI, endpoint: Endpoint) -> tuple[Deployment, ...]:
    """What is deployed, with its share of the traffic."""
    return deployments_of(read_again(vertex, endpoint))


def deploy(vertex: VertexAI, endpoint: Endpoint, version: Model, machines: Machines) -> str:
    """Deploys a version beside what is there, without traffic; alone, with all of it. Returns its id."""
    from google.cloud.aiplatform_v1.types import DedicatedResources, DeployedModel, DeployModelResponse, MachineSpec

    wanted = DeployedModel(
        model=full_name(version),
        display_name=f"{version.display_name}-{version.version_id}",
        dedicated_resources=DedicatedResources(
            machine_spec=MachineSpec(machine_type=machines.type),
            min_replica_count=machines.least,
            max_replica_count=machines.most,
        ),
    )
    deployment = vertex.endpoints.deploy_model(
        endpoint=endpoint.name,
        deployed_model=wanted,
        traffic_split=_split_with_another(read_again(vertex, endpoint)),
        timeout=CHANGE_TIMEOUT_S,
    )
    return wait_for(vertex, deployment, DeployModelResponse).deployed_model.id


def _split_with_another(endpoint: Endpoint) -> dict[str, int]:
    """The traffic split with which a deployment joins those that are there; an empty one leaves it as it is."""
    if not endpoint.deployed_models:
        return {_DEPLOYED_NOW: 100}
    return {_DEPLOYED_NOW: 0, **endpoint.traffic_split} if endpoint.traffic_split else {}


def shift(vertex: VertexAI, endpoint: Endpoint, split: Mapping[str, int]) -> None:
    """Sets the whole traffic split: percent by deployment id, 100 in all; what is not named gets none."""
    from google.protobuf.field_mask_pb2 import FieldMask

    # With the tag of what was read just now: a change by another meanwhile is refused, not undone.
    wanted = read_again(vertex, endpoint)
    wanted.traffic_split = {one.id: 0 for one in wanted.deployed_models} | dict(split)
    mask = FieldMask(paths=["traffic_split"])
    vertex.endpoints.update_endpoint(endpoint=wanted, update_mask=mask, timeout=CHANGE_TIMEOUT_S)


def undeploy(vertex: VertexAI, endpoint: Endpoint, deployment: str, split: dict[str, int] | None = None) -> None:
    """Takes a deployment off; without a new split, the last one may have traffic, another must have none."""
    from google.cloud.aiplatform_v1.types import UndeployModelResponse

    leaving = vertex.endpoints.undeploy_model(
        endpoint=endpoint.name, deployed_model_id=deployment, traffic_split=split, timeout=CHANGE_TIMEOUT_S
    )
    wait_for(vertex, leaving, UndeployModelResponse)


def undeploy_all(vertex: VertexAI, endpoint: Endpoint) -> None:
    """Takes everything off, the deployment with most traffic last."""
    deployed = sorted(deployments_now(vertex, endpoint), key=lambda one: one.traffic)
    for one in deployed:
        last = deployed[-1]
        undeploy(vertex, endpoint, one.id, None if one is last else {last.id: 100})


def ask(vertex: VertexAI, endpoint: Endpoint, instances: Sequence[Any]) -> Answer:
    """One prediction request, which is not tried again.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: The endpoint refused it.
        OSError: It cannot be reached, or does not answer in time.
    """
    from google.protobuf.json_format import MessageToDict

    answer = vertex.predictions.predict(
        endpoint=endpoint.name, instances=list(instances), timeout=_PREDICTION_TIMEOUT_S
    )
    predictions = [MessageToDict(value) for value in type(answer).pb(answer).predictions]
    return Answer(predictions, answer.deployed_model_id, answer.model_version_id)

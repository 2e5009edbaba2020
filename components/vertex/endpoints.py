"""One endpoint, and what is deployed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex.labels import MANAGED_BY
from components.vertex.lookup import filter_for, the_only
from components.vertex.rollout_plan import Deployment

if TYPE_CHECKING:
    from google.cloud import aiplatform


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


def find_endpoint(name: str) -> aiplatform.Endpoint | None:
    """The endpoint of this name that the pipeline manages, or None.

    Raises:
        RegistryError: There are several; none is taken by chance.
    """
    from google.cloud import aiplatform

    found = aiplatform.Endpoint.list(filter=filter_for(MANAGED_BY, name))
    return the_only(found, [endpoint.resource_name for endpoint in found], "endpoints", name)


def find_or_create_endpoint(name: str) -> aiplatform.Endpoint:
    """The endpoint of this name, made if there is none."""
    from google.cloud import aiplatform

    return find_endpoint(name) or aiplatform.Endpoint.create(display_name=name, labels=dict(MANAGED_BY))


def deployments_of(endpoint: aiplatform.Endpoint) -> tuple[Deployment, ...]:
    """What is deployed, with its share of the traffic."""
    traffic = dict(endpoint.traffic_split or {})
    return tuple(Deployment(one.id, one.model_version_id, traffic.get(one.id, 0)) for one in endpoint.list_models())


def deploy(endpoint: aiplatform.Endpoint, model: aiplatform.Model, machines: Machines) -> str:
    """Deploys a version beside what is there, without traffic; alone, with all of it. Returns its id."""
    before = {one.id for one in deployments_of(endpoint)}
    endpoint.deploy(
        model,
        deployed_model_display_name=f"{model.display_name}-{model.version_id}",
        traffic_percentage=0 if before else 100,
        machine_type=machines.type,
        min_replica_count=machines.least,
        max_replica_count=machines.most,
        sync=True,
    )
    made = [one for one in deployments_of(endpoint) if one.id not in before]
    new, *doubles = sorted(made, key=lambda one: one.traffic, reverse=True)
    # A request whose answer was lost on the way is sent again, and deploys again.
    for double in doubles:
        undeploy(endpoint, double.id)
    return new.id


def shift(endpoint: aiplatform.Endpoint, split: Mapping[str, int]) -> None:
    """Sets the whole traffic split: percent by deployment id, 100 in all; what is not named gets none."""
    whole = {one.id: 0 for one in deployments_of(endpoint)} | dict(split)
    endpoint.update(traffic_split=whole)


def undeploy(endpoint: aiplatform.Endpoint, deployment: str) -> None:
    """Takes a deployment off; the last one may have traffic, another must have none."""
    endpoint.undeploy(deployed_model_id=deployment, sync=True)


def undeploy_all(endpoint: aiplatform.Endpoint) -> None:
    """Takes everything off."""
    endpoint.undeploy_all(sync=True)


def ask(endpoint: aiplatform.Endpoint, instances: Sequence[Any]) -> Answer:
    """One prediction request.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: The endpoint refused it.
    """
    answer = endpoint.predict(instances=list(instances))
    return Answer(answer.predictions, answer.deployed_model_id, str(answer.model_version_id))

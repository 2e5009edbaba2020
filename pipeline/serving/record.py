"""What the registry and the endpoints hold, read as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from components.vertex import endpoints, registry
from components.vertex.labels import MANAGED_BY
from components.vertex.rollout_plan import Deployment
from pipeline.config import RunConfig

if TYPE_CHECKING:
    from google.cloud import aiplatform


@dataclass(frozen=True)
class VersionRecord:
    """A version of the registry's model.

    Attributes:
        version: Its number.
        created: When it was registered.
        aliases: What else it is called.
        labels: Where it comes from: run, data, git.
        accuracy: Of its evaluation. None where it has none.
        traffic: Its share, percent, by the names of the endpoints on which it is deployed.
    """

    version: str
    created: datetime
    aliases: Sequence[str]
    labels: Mapping[str, str]
    accuracy: float | None
    traffic: Mapping[str, int]


@dataclass(frozen=True)
class EndpointRecord:
    """An endpoint that the pipeline manages.

    Attributes:
        name: Its display name.
        resource_name: Its full name.
        deployments: What is deployed on it, the most traffic first.
    """

    name: str
    resource_name: str
    deployments: Sequence[Deployment]


def read_endpoints() -> list[EndpointRecord]:
    """The endpoints that the pipeline manages, by name."""
    from google.cloud import aiplatform

    managed = " AND ".join(f'labels.{key}="{value}"' for key, value in MANAGED_BY.items())
    records = [
        EndpointRecord(
            endpoint.display_name,
            endpoint.resource_name,
            sorted(endpoints.deployments_of(endpoint), key=lambda one: -one.traffic),
        )
        for endpoint in aiplatform.Endpoint.list(filter=managed)
    ]
    return sorted(records, key=lambda record: record.name)


def read_versions(config: RunConfig) -> list[VersionRecord]:
    """The versions of the model that a configuration names, the newest first; none where there is no such model.

    Raises:
        RegistryError: There are several models of this name.
    """
    model = registry.find_model(config.model_name)
    if model is None:
        return []
    found = endpoints.find_endpoint(config.endpoint_name)
    deployed = () if found is None else endpoints.deployments_of(found)
    records = [_version(model, message, config.endpoint_name, deployed) for message in registry.versions_of(model)]
    return records[::-1]


def _version(model: aiplatform.Model, message: Any, endpoint: str, deployed: Sequence[Deployment]) -> VersionRecord:
    shares = [one.traffic for one in deployed if one.version == message.version_id]
    return VersionRecord(
        version=message.version_id,
        created=message.version_create_time,
        aliases=[alias for alias in message.version_aliases if alias != "default"],
        labels={key: value for key, value in dict(message.labels).items() if key not in MANAGED_BY},
        accuracy=_accuracy(model, message.version_id),
        traffic={endpoint: sum(shares)} if shares else {},
    )


def _accuracy(model: aiplatform.Model, version: str) -> float | None:
    """The accuracy of the newest evaluation of a version."""
    parent = f"{model.resource_name.split('@')[0]}@{version}"
    evaluations = list(model.api_client.list_model_evaluations(request={"parent": parent}))
    newest = max(evaluations, key=lambda evaluation: evaluation.create_time, default=None)
    return None if newest is None else dict(newest.metrics).get("accuracy")

"""What the registry and the endpoints hold, read as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from components.vertex import endpoints, registry
from components.vertex.connection import VertexAI
from components.vertex.labels import MANAGED_BY
from components.vertex.rollout_plan import Deployment
from pipeline.config import Connection
from pipeline.vertex.clients import vertex_of

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model

_AT_ONCE = 8


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


def read_endpoints(vertex: VertexAI) -> list[EndpointRecord]:
    """The endpoints that the pipeline manages, by name."""
    return sorted(map(_endpoint, endpoints.list_endpoints(vertex)), key=lambda record: record.name)


def _endpoint(endpoint: Endpoint) -> EndpointRecord:
    deployed = sorted(endpoints.deployments_of(endpoint), key=lambda one: -one.traffic)
    return EndpointRecord(endpoint.display_name, endpoint.name, deployed)


def read_versions(config: Connection) -> list[VersionRecord]:
    """The versions of the model that a configuration names, the newest first; none where there is no such model.

    Raises:
        RegistryError: There are several models of this name.
    """
    vertex = vertex_of(config)
    model = registry.find_model(vertex, config.model_name)
    if model is None:
        return []
    found = endpoints.find_endpoint(vertex, config.endpoint_name)
    deployed = () if found is None else endpoints.deployments_of(found)
    versions = registry.versions_of(vertex, model)[::-1]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        accuracies = pool.map(lambda version: _accuracy(vertex, version), versions)
        return [
            _version(version, accuracy, config.endpoint_name, deployed)
            for version, accuracy in zip(versions, accuracies, strict=True)
        ]


def _version(version: Any, accuracy: float | None, endpoint: str, deployed: Sequence[Deployment]) -> VersionRecord:
    shares = [one.traffic for one in deployed if one.version == version.version_id]
    return VersionRecord(
        version=version.version_id,
        created=version.version_create_time,
        aliases=[alias for alias in version.version_aliases if alias != registry.DEFAULT],
        labels={key: value for key, value in dict(version.labels).items() if key not in MANAGED_BY},
        accuracy=accuracy,
        traffic={endpoint: sum(shares)} if shares else {},
    )


def _accuracy(vertex: VertexAI, version: Model) -> float | None:
    """The accuracy of the newest evaluation of a version."""
    # What the messages hold is of other types than their declarations tell.
    evaluations: list[Any] = registry.evaluations_of(vertex, version)
    newest = max(evaluations, key=lambda evaluation: evaluation.create_time, default=None)
    return None if newest is None else dict(newest.metrics).get("accuracy")

"""Endpoints as the pages show them, read from the API's Endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.console.times import parse_time

Json = Mapping[str, Any]


@dataclass(frozen=True)
class DeployedView:
    """A version at an endpoint.

    Attributes:
        model: The model's resource name, without a version.
        traffic: Its share in percent.
        machine: What it is deployed on.
    """

    id: str
    model: str
    version: str
    title: str
    traffic: int
    machine: str
    created: datetime | None

    @property
    def name(self) -> str:
        """The version's resource name."""
        return f"{self.model}@{self.version}" if self.version else self.model


@dataclass(frozen=True)
class EndpointView:
    """An endpoint.

    Attributes:
        title: Its display name.
        deployed: What is deployed at it, the largest share of the traffic first.
    """

    name: str
    title: str
    created: datetime | None = None
    updated: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    deployed: tuple[DeployedView, ...] = ()


def parse_endpoint(endpoint: Json) -> EndpointView:
    """Reads an endpoint as the API answers it."""
    split: Json = endpoint.get("trafficSplit", {})
    deployed = [_deployed(model, split) for model in endpoint.get("deployedModels", [])]
    name = str(endpoint.get("name", ""))
    return EndpointView(
        name=name,
        title=str(endpoint.get("displayName") or name.rpartition("/")[2]),
        created=parse_time(endpoint.get("createTime")),
        updated=parse_time(endpoint.get("updateTime")),
        labels={key: str(value) for key, value in endpoint.get("labels", {}).items()},
        deployed=tuple(sorted(deployed, key=lambda one: -one.traffic)),
    )


def _deployed(model: Json, split: Json) -> DeployedView:
    identity = str(model.get("id", ""))
    return DeployedView(
        id=identity,
        model=str(model.get("model", "")).partition("@")[0],
        version=str(model.get("modelVersionId", "")),
        title=str(model.get("displayName", "")),
        traffic=int(split.get(identity, 0)),
        machine=str(model.get("dedicatedResources", {}).get("machineSpec", {}).get("machineType", "")),
        created=parse_time(model.get("createTime")),
    )

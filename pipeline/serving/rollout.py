"""Promote, roll back, undeploy: what a person does to the traffic by hand."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.vertex import answers, endpoints, registry, rollout
from components.vertex.connection import VertexAI
from components.vertex.rollout_plan import SMOKE_SUFFIX, Deployment, parse_percentages
from pipeline.config import RunConfig
from pipeline.vertex.clients import vertex_of
from trainer.errors import UsageError, quoted

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model


def promote(config: RunConfig, version: str) -> str:
    """Rolls a registered version out, as the pipeline does, and makes it the champion.

    Args:
        config: Names model and endpoint, and says how.
        version: Its number or an alias.

    Returns:
        Its number.

    Raises:
        UsageError: There is no such version.
        RolloutError: It failed a check. The traffic is what it was.
    """
    _tell_of_rollouts()
    vertex = vertex_of(config)
    found = _find_version(vertex, config.model_name, version)
    rollout.roll_out(
        vertex=vertex,
        endpoint_name=config.endpoint_name,
        version=found,
        percentages=parse_percentages(config.rollout),
        smoke=answers.load_smoke(found),
        smoke_at=config.smoke,
        machines=endpoints.Machines(type=config.machine_type),
        watch=answers.Watch(max_latency_ms=config.max_latency_ms),
    )
    return found.version_id


def _tell_of_rollouts() -> None:
    """Lets what a rollout does be read meanwhile."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger(rollout.__name__).setLevel(logging.INFO)


def _find_version(vertex: VertexAI, name: str, version: str) -> Model:
    model = registry.find_model(vertex, name)
    if model is None:
        raise UsageError(f'The registry holds no model named "{name}". Run the pipeline, or give another --model-name.')
    is_name = re.fullmatch(r"[a-z0-9-]+", version)
    found = registry.version_of(vertex, model, version) if is_name else None
    if found is None:
        known = ", ".join(one.version_id for one in registry.versions_of(vertex, model))
        raise UsageError(
            f'"{name}" has no version {quoted(version)}. Its versions are {known}; '
            "`python -m pipeline models` tells more."
        )
    return found


def find_way_back(config: RunConfig) -> rollout.WayBack:
    """What a rollback of the endpoint would do; nothing is changed.

    Raises:
        RolloutError: There is nothing to go back to.
    """
    return rollout.find_way_back(vertex_of(config), config.endpoint_name, config.model_name)


def question_of(way: rollout.WayBack) -> str:
    """What to ask before a rollback goes forward."""
    current, newer = way.current.version, way.earlier.version
    return (
        f"Version {current} has the traffic and none that is deployed is older: this would go forward, from version "
        f"{current} to version {newer}, which is newer. Go on?"
    )


def go_back(config: RunConfig, way: rollout.WayBack) -> None:
    """Gives all traffic back to an earlier version, which becomes the champion again."""
    rollout.go_back(vertex_of(config), way)


@dataclass(frozen=True)
class Leaving:
    """Deployments that are to be taken off.

    Attributes:
        endpoint: The endpoint that they are on.
        deployments: What goes.
        others: What stays on it.
    """

    endpoint: Endpoint
    deployments: Sequence[Deployment]
    others: Sequence[Deployment] = ()

    @property
    def question(self) -> str:
        """What to ask before they go, naming what is lost with them."""
        named = " and ".join(f"version {one.version} ({one.traffic} % of the traffic)" for one in self.deployments)
        lost = "`rollback` does not lead back to it then." if self.others else "Nothing answers predictions then."
        return f"Take {named} off the endpoint {self.endpoint.display_name}? {lost} Go on?"


def find_leaving(config: RunConfig, version: str | None) -> list[Leaving]:
    """What is deployed on the endpoint, and on the one on which versions are tried, and is to be taken off.

    Args:
        config: Names the endpoint.
        version: The number of a version, or its alias; None for all.

    Raises:
        UsageError: No such version is deployed, or it has traffic that others would have to take over.
    """
    vertex = vertex_of(config)
    number = None if version is None else _number_of(config, version)
    found = []
    for name in (config.endpoint_name, f"{config.endpoint_name}{SMOKE_SUFFIX}"):
        endpoint = endpoints.find_endpoint(vertex, name)
        deployed = () if endpoint is None else endpoints.deployments_of(endpoint)
        going = [one for one in deployed if number in (None, one.version)]
        if endpoint is not None and going:
            found.append(Leaving(endpoint, going, [one for one in deployed if one not in going]))
    if number is not None and not found:
        raise UsageError(f"Version {number} is not deployed on {config.endpoint_name}. `endpoints` tells what is.")
    for leaving in found:
        _refuse_traffic(leaving)
    return found


def _number_of(config: RunConfig, version: str) -> str:
    return version if version.isdecimal() else _find_version(vertex_of(config), config.model_name, version).version_id


def _refuse_traffic(leaving: Leaving) -> None:
    busy = next((one for one in leaving.deployments if one.traffic and leaving.others), None)
    if busy is not None:
        raise UsageError(
            f"Version {busy.version} has {busy.traffic} % of the traffic of {leaving.endpoint.display_name}. Move that "
            "to another version first: `rollback`, or `promote VERSION`."
        )


def take_off(config: RunConfig, leaving: Sequence[Leaving]) -> list[str]:
    """Takes deployments off, those with most traffic last; the versions that they were of."""
    vertex = vertex_of(config)
    for one in leaving:
        if one.others:
            for deployment in one.deployments:
                endpoints.undeploy(vertex, one.endpoint, deployment.id)
        else:
            endpoints.undeploy_all(vertex, one.endpoint)
    return [deployment.version for one in leaving for deployment in one.deployments]

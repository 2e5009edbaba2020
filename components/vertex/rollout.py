"""Carries out a rollout: smoke test, deployment, traffic step by step, watching, and the way back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex import endpoints, registry
from components.vertex.answers import Smoke, Watch, ask_endpoint, require_answers, watch_traffic
from components.vertex.connection import VertexAI
from components.vertex.endpoints import Machines
from components.vertex.errors import RolloutError
from components.vertex.local_server import server_command, serving
from components.vertex.rollout_plan import (
    ENDPOINT,
    NEW,
    SMOKE_SUFFIX,
    TASK,
    Deploy,
    Deployment,
    Promote,
    Shift,
    Step,
    Undeploy,
    plan_retreat,
    plan_rollout,
    plan_way_back,
)
from trainer.errors import UsageError, quoted

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RolledOut:
    """What a rollout has come to.

    Attributes:
        endpoint: The endpoint as it is then.
        smoke: Where the version has answered its smoke test, as for `roll_out`; empty where it had traffic already.
    """

    endpoint: Endpoint
    smoke: str


def roll_out(
    vertex: VertexAI,
    endpoint_name: str,
    version: Model,
    percentages: Sequence[int],
    smoke: Smoke,
    smoke_at: str,
    machines: Machines,
    watch: Watch,
) -> RolledOut:
    """Brings a version to all the traffic of an endpoint, or leaves the endpoint as it was.

    Before the version comes near the endpoint it answers its smoke test elsewhere. Doing all of this again finishes
    what an earlier call began.

    Args:
        vertex: Where the endpoint is.
        endpoint_name: Display name of the endpoint; made if there is none.
        version: The version.
        percentages: Its traffic step by step, 100 last.
        smoke: What it must answer.
        smoke_at: Where it must answer that first: `task`, by its server as a process of this machine, or `endpoint`, on
            another endpoint, which nobody calls.
        machines: What it is deployed on.
        watch: How the traffic is watched between steps.

    Raises:
        UsageError: `smoke_at` is something else.
        RolloutError: A check failed. The last good version has all the traffic, and this one is off the endpoint.
        RegistryError: There are several endpoints of this name.
    """
    if smoke_at not in (TASK, ENDPOINT):
        raise UsageError(f'`smoke` must be "{TASK}" or "{ENDPOINT}". Received: {quoted(smoke_at)}.')
    endpoint = endpoints.find_or_create_endpoint(vertex, endpoint_name)
    deployed = endpoints.deployments_now(vertex, endpoint)
    has_traffic = any(one.version == version.version_id and one.traffic for one in deployed)
    if not has_traffic:
        if smoke_at == TASK:
            answers = _answers_here(version, endpoint, smoke)
        else:
            answers = _answers_elsewhere(vertex, f"{endpoint_name}{SMOKE_SUFFIX}", version, smoke, machines)
        require_answers(answers, smoke, version.version_id)
    champion = registry.version_of(vertex, version, registry.CHAMPION)
    plan = plan_rollout(deployed, version.version_id, percentages, champion.version_id if champion else None)
    new = next((one.id for one in deployed if one.version == version.version_id), "")
    try:
        for step in plan.steps:
            if isinstance(step, Deploy):
                log.info("deploying version %s beside what serves", step.version)
                new = _deploy(vertex, endpoint, version, machines)
            else:
                _carry_out(vertex, endpoint, version, step, new)
            if isinstance(step, Shift):
                watch_traffic(vertex, endpoint, new, smoke, watch)
    except RolloutError:
        left = endpoints.deployments_now(vertex, endpoint)
        for step in plan_retreat(left, plan.fallback, version.version_id):
            _carry_out(vertex, endpoint, version, step, new)
        raise
    return RolledOut(endpoints.read_again(vertex, endpoint), "" if has_traffic else smoke_at)


def _carry_out(vertex: VertexAI, endpoint: Endpoint, version: Model, step: Step, new: str) -> None:
    if isinstance(step, Shift):
        split = {new if key == NEW else key: percent for key, percent in step.split.items()}
        log.info("traffic: %s", ", ".join(f"{percent} % to {key}" for key, percent in split.items()))
        endpoints.shift(vertex, endpoint, split)
    elif isinstance(step, Promote):
        registry.crown(vertex, version, step.version)
    elif isinstance(step, Undeploy):
        endpoints.undeploy(vertex, endpoint, step.id)


def _deploy(vertex: VertexAI, endpoint: Endpoint, version: Model, machines: Machines) -> str:
    from google.api_core.exceptions import GoogleAPIError

    try:
        return endpoints.deploy(vertex, endpoint, version, machines)
    except (GoogleAPIError, OSError) as error:
        raise RolloutError(f"Version {version.version_id} cannot be deployed: {error}. It takes no traffic.") from error


def _answers_here(version: Model, endpoint: Endpoint, smoke: Smoke) -> Sequence[Any]:
    """Starts a version's server as a process of this machine, asks it, and ends it."""
    log.info("trying version %s on this machine", version.version_id)
    with serving(server_command(version, endpoint.name)) as server:
        return server.ask(smoke.instances)


def _answers_elsewhere(vertex: VertexAI, name: str, version: Model, smoke: Smoke, machines: Machines) -> Sequence[Any]:
    """Deploys a version on an endpoint that nobody calls, asks it, and takes it off again: it occupies a node there."""
    endpoint = endpoints.find_or_create_endpoint(vertex, name)
    endpoints.undeploy_all(vertex, endpoint)
    log.info("trying version %s on an endpoint that nobody calls", version.version_id)
    try:
        _deploy(vertex, endpoint, version, machines)
        return ask_endpoint(vertex, endpoint, smoke, version.version_id)
    finally:
        endpoints.undeploy_all(vertex, endpoint)


@dataclass(frozen=True)
class WayBack:
    """A rollback that could be made.

    Attributes:
        endpoint: The endpoint.
        model: The registry model of its versions.
        current: What loses the traffic.
        earlier: What gains it.
        is_forward: Whether that is a newer version, which an earlier rollback, or a person, has taken the traffic from.
    """

    endpoint: Endpoint
    model: Model
    current: Deployment
    earlier: Deployment
    is_forward: bool


def find_way_back(vertex: VertexAI, endpoint_name: str, model_name: str) -> WayBack:
    """What a rollback would do; nothing is changed.

    The traffic goes back to the champion, where a rollout that did not end gave some of it to another version; else to
    the one that is deployed beside the champion.

    Raises:
        RolloutError: There is nothing to go back to.
    """
    endpoint = endpoints.find_endpoint(vertex, endpoint_name)
    champion = registry.find_champion(vertex, model_name)
    model = registry.find_model(vertex, model_name)
    deployed = () if endpoint is None else endpoints.deployments_of(endpoint)
    if endpoint is None or not deployed:
        raise RolloutError(f'Nothing is deployed on "{endpoint_name}". Run the pipeline first.')
    if model is None:
        raise RolloutError(f'The registry holds no model named "{model_name}". Give another --model-name.')
    crowned = champion.version_id if champion else None
    way = plan_way_back(deployed, crowned)
    if way is None:
        raise RolloutError(
            f'Only version {deployed[0].version} is deployed on "{endpoint_name}": there is none to go back to. '
            "Use `promote VERSION` to deploy another one."
        )
    current, earlier = way
    is_forward = earlier.version != crowned and int(earlier.version) > int(current.version)
    return WayBack(endpoint, model, current, earlier, is_forward)


def go_back(vertex: VertexAI, way: WayBack) -> None:
    """Gives all traffic, and the alias `champion`, to the version that a way back leads to."""
    # In this order, a rollback that is cut off between the two and called again ends where it was going.
    registry.crown(vertex, way.model, way.earlier.version)
    endpoints.shift(vertex, way.endpoint, {way.earlier.id: 100})

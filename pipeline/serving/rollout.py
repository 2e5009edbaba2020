"""Promote, roll back, undeploy: what a person does to the traffic by hand."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING

from components.vertex import answers, endpoints, registry, rollout
from components.vertex.connection import VertexAI
from components.vertex.rollout_plan import SMOKE_SUFFIX, parse_percentages
from pipeline.config import RunConfig
from pipeline.vertex.clients import vertex_of
from trainer.errors import UsageError, quoted

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Model


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


def roll_back(config: RunConfig) -> tuple[str, str]:
    """Gives all traffic back to an earlier version, which becomes the champion again.

    Returns:
        The version that loses the traffic and the one that gains it.

    Raises:
        RolloutError: There is nothing to go back to.
    """
    return rollout.roll_back(vertex_of(config), config.endpoint_name, config.model_name)


def undeploy_all(config: RunConfig) -> list[str]:
    """Takes everything off the endpoint, and off the one on which versions are tried.

    Returns:
        The versions that were on the endpoint.
    """
    vertex = vertex_of(config)
    taken_off = []
    for name in (config.endpoint_name, f"{config.endpoint_name}{SMOKE_SUFFIX}"):
        endpoint = endpoints.find_endpoint(vertex, name)
        if endpoint is not None:
            endpoints.undeploy_all(vertex, endpoint)
            taken_off += [one.version for one in endpoints.deployments_of(endpoint)]
    return taken_off

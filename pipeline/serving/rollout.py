"""Promote, roll back, undeploy: what a person does to the traffic by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from components.vertex import endpoints, registry, rollout
from components.vertex.rollout_plan import SMOKE_SUFFIX, parse_percentages
from pipeline.config import RunConfig
from trainer.errors import UsageError, quoted

if TYPE_CHECKING:
    from google.cloud import aiplatform


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
    model = _find_version(config.model_name, version)
    rollout.roll_out(
        endpoint_name=config.endpoint_name,
        model=model,
        percentages=parse_percentages(config.rollout),
        smoke=rollout.load_smoke(model),
        machines=endpoints.Machines(type=config.machine_type),
        watch=rollout.Watch(max_latency_ms=config.max_latency_ms),
    )
    return str(model.version_id)


def _find_version(name: str, version: str) -> aiplatform.Model:
    model = registry.find_model(name)
    if model is None:
        raise UsageError(f'The registry holds no model named "{name}". Run the pipeline, or give another --model-name.')
    is_name = re.fullmatch(r"[a-z0-9-]+", version)
    found = registry.version_of(model, version) if is_name else None
    if found is None:
        known = ", ".join(message.version_id for message in registry.versions_of(model))
        raise UsageError(
            f'"{name}" has no version {quoted(version)}. Its versions are {known}; '
            "`python -m pipeline models` tells more."
        )
    return found


def undeploy_all(config: RunConfig) -> list[str]:
    """Takes everything off the endpoint, and off the one on which versions are tried.

    Returns:
        The versions that were on the endpoint.
    """
    taken_off = []
    for name in (config.endpoint_name, f"{config.endpoint_name}{SMOKE_SUFFIX}"):
        endpoint = endpoints.find_endpoint(name)
        if endpoint is not None:
            deployed = endpoints.deployments_of(endpoint)
            endpoints.undeploy_all(endpoint)
            taken_off += [one.version for one in deployed]
    return taken_off

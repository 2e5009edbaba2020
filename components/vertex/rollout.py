"""Carries out a rollout: smoke test, deployment, traffic step by step, watching, and the way back."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from components.vertex import endpoints, registry
from components.vertex.endpoints import Machines
from components.vertex.errors import RolloutError
from components.vertex.rollout_plan import (
    NEW,
    SMOKE_SUFFIX,
    Deploy,
    Promote,
    Shift,
    Step,
    Undeploy,
    plan_retreat,
    plan_rollout,
    plan_way_back,
)
from trainer import storage
from trainer.serving_artifact import SMOKE_FILE

if TYPE_CHECKING:
    from google.cloud import aiplatform

log = logging.getLogger(__name__)

# Probabilities are float32, and another machine may add them up in another order.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Watch:
    """How the traffic is watched between two steps.

    Attributes:
        requests: Predictions asked of the endpoint after each step.
        max_latency_ms: The slowest that 95 of 100 of them may be.
    """

    requests: int = 40
    max_latency_ms: float = 1000.0


@dataclass(frozen=True)
class Smoke:
    """Instances with the answers that the evaluation saw.

    Attributes:
        instances: Prediction instances.
        probabilities: For each, the probability of each class by its name.
    """

    instances: Sequence[Any]
    probabilities: Sequence[Mapping[str, float]]


def load_smoke(model: aiplatform.Model) -> Smoke:
    """The smoke test that travels with a version.

    Raises:
        RolloutError: It has none.
    """
    url = f"{model.uri}/{SMOKE_FILE}"
    try:
        stored = json.loads(storage.read_bytes(url))
    except (OSError, ValueError) as error:
        raise RolloutError(
            f"Version {model.version_id} has no readable smoke test at {url}: {error}. Register it with the pipeline."
        ) from error
    return Smoke(stored["instances"], stored["probabilities"])


def roll_out(
    endpoint_name: str,
    model: aiplatform.Model,
    percentages: Sequence[int],
    smoke: Smoke,
    machines: Machines,
    watch: Watch,
) -> aiplatform.Endpoint:
    """Brings a version to all the traffic of an endpoint, or leaves the endpoint as it was.

    Before the version comes near the endpoint it answers on another one, which nobody calls. Doing all of this again
    finishes what an earlier call began.

    Args:
        endpoint_name: Display name of the endpoint; made if there is none.
        model: The version.
        percentages: Its traffic step by step, 100 last.
        smoke: What it must answer.
        machines: What it is deployed on.
        watch: How the traffic is watched between steps.

    Raises:
        RolloutError: A check failed. The last good version has all the traffic, and this one is off the endpoint.
        RegistryError: There are several endpoints of this name.
    """
    endpoint = endpoints.find_or_create_endpoint(endpoint_name)
    deployed = endpoints.deployments_of(endpoint)
    if not any(one.version == model.version_id and one.traffic for one in deployed):
        _smoke_test(f"{endpoint_name}{SMOKE_SUFFIX}", model, smoke, machines)
    champion = registry.version_of(model, registry.CHAMPION)
    plan = plan_rollout(deployed, model.version_id, percentages, None if champion is None else champion.version_id)
    new = next((one.id for one in deployed if one.version == model.version_id), "")
    try:
        for step in plan.steps:
            if isinstance(step, Deploy):
                log.info("deploying version %s beside what serves", step.version)
                new = _deploy(endpoint, model, machines)
            else:
                _carry_out(endpoint, model, step, new)
            if isinstance(step, Shift):
                _watch_traffic(endpoint, new, smoke, watch)
    except RolloutError:
        for step in plan_retreat(endpoints.deployments_of(endpoint), plan.fallback, model.version_id):
            _carry_out(endpoint, model, step, new)
        raise
    return endpoint


def _carry_out(endpoint: aiplatform.Endpoint, model: aiplatform.Model, step: Step, new: str) -> None:
    if isinstance(step, Shift):
        split = {new if key == NEW else key: percent for key, percent in step.split.items()}
        log.info("traffic: %s", ", ".join(f"{percent} % to {key}" for key, percent in split.items()))
        endpoints.shift(endpoint, split)
    elif isinstance(step, Promote):
        registry.crown(model, step.version)
    elif isinstance(step, Undeploy):
        endpoints.undeploy(endpoint, step.id)


def _deploy(endpoint: aiplatform.Endpoint, model: aiplatform.Model, machines: Machines) -> str:
    from google.api_core.exceptions import GoogleAPIError

    try:
        return endpoints.deploy(endpoint, model, machines)
    except GoogleAPIError as error:
        raise RolloutError(f"Version {model.version_id} cannot be deployed: {error}. It takes no traffic.") from error


def _smoke_test(name: str, model: aiplatform.Model, smoke: Smoke, machines: Machines) -> None:
    """Deploys a version on an endpoint that nobody calls, asks it, and takes it off again."""
    from google.api_core.exceptions import GoogleAPIError

    endpoint = endpoints.find_or_create_endpoint(name)
    endpoints.undeploy_all(endpoint)
    try:
        _deploy(endpoint, model, machines)
        _require_answers(endpoints.ask(endpoint, smoke.instances).predictions, smoke, model.version_id)
    except GoogleAPIError as error:
        raise RolloutError(
            f"Version {model.version_id} does not answer its smoke test: {error}. It takes no traffic."
        ) from error
    finally:
        endpoints.undeploy_all(endpoint)


def _require_answers(predictions: Sequence[Any], smoke: Smoke, version: str) -> None:
    for number, (answer, expected) in enumerate(zip_longest(predictions, smoke.probabilities), 1):
        if not _same(answer, expected):
            raise RolloutError(
                f"Version {version} does not serve what was evaluated: to smoke instance {number} it answers "
                f"{answer} where the evaluation saw the probabilities {expected}. It takes no traffic."
            )


def _same(answer: Any, expected: Mapping[str, float] | None) -> bool:
    answered = answer.get("probabilities") if isinstance(answer, Mapping) else None
    if expected is None or not isinstance(answered, Mapping) or answered.keys() != expected.keys():
        return False
    return all(
        isinstance(answered[name], int | float) and math.isclose(answered[name], expected[name], abs_tol=TOLERANCE)
        for name in expected
    )


def _watch_traffic(endpoint: aiplatform.Endpoint, new: str, smoke: Smoke, watch: Watch) -> None:
    """Asks the endpoint as its callers do, and holds the new version's part of the answers against what is allowed."""
    from google.api_core.exceptions import GoogleAPIError

    latencies_ms = []
    for number in range(watch.requests):
        place = number % len(smoke.instances)
        started = time.perf_counter()
        try:
            answer = endpoints.ask(endpoint, [smoke.instances[place]])
        except (GoogleAPIError, OSError) as error:
            raise RolloutError(
                f"A prediction failed after the traffic moved: {error}. The traffic goes back."
            ) from error
        if answer.deployment == new:
            latencies_ms.append((time.perf_counter() - started) * 1000)
            part = Smoke([smoke.instances[place]], [smoke.probabilities[place]])
            _require_answers(answer.predictions, part, answer.version)
    slowest = sorted(latencies_ms)[math.ceil(len(latencies_ms) * 0.95) - 1] if latencies_ms else 0.0
    if slowest > watch.max_latency_ms:
        raise RolloutError(
            f"After the traffic moved, 95 of 100 predictions take up to {slowest:.0f} ms; at most "
            f"{watch.max_latency_ms:.0f} ms are allowed. The traffic goes back."
        )


def roll_back(endpoint_name: str, model_name: str) -> tuple[str, str]:
    """Gives all traffic, and the alias `champion`, back to an earlier version that is still deployed.

    That is the champion, where a rollout that did not end gave some of its traffic to another version; else the one
    that is deployed beside it.

    Returns:
        The version that loses the traffic and the one that gains it.

    Raises:
        RolloutError: There is nothing to go back to.
    """
    endpoint = endpoints.find_endpoint(endpoint_name)
    champion = registry.find_champion(model_name)
    model = registry.find_model(model_name)
    deployed = () if endpoint is None else endpoints.deployments_of(endpoint)
    if endpoint is None or not deployed:
        raise RolloutError(f'Nothing is deployed on "{endpoint_name}". Run the pipeline first.')
    if model is None:
        raise RolloutError(f'The registry holds no model named "{model_name}". Give another --model-name.')
    way = plan_way_back(deployed, None if champion is None else champion.version_id)
    if way is None:
        raise RolloutError(
            f'Only version {deployed[0].version} is deployed on "{endpoint_name}": there is none to go back to. '
            "Use `promote VERSION` to deploy another one."
        )
    current, earlier = way
    # In this order, a rollback that is cut off between the two and called again ends where it was going.
    registry.crown(model, earlier.version)
    endpoints.shift(endpoint, {earlier.id: 100})
    return current.version, earlier.version

"""What a version must answer on its way: the smoke test that travels with it, and the watch over the traffic."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from components.vertex.connection import VertexAI
from components.vertex.endpoints import ask
from components.vertex.errors import RolloutError
from trainer import storage
from trainer.model.files import SMOKE_FILE

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Endpoint, Model

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


def load_smoke(version: Model) -> Smoke:
    """The smoke test that travels with a version.

    Raises:
        RolloutError: It has none.
    """
    url = f"{version.artifact_uri}/{SMOKE_FILE}"
    try:
        stored = json.loads(storage.read_bytes(url))
    except (OSError, ValueError) as error:
        raise RolloutError(
            f"Version {version.version_id} has no readable smoke test at {url}: {error}. Register it with the pipeline."
        ) from error
    return Smoke(stored["instances"], stored["probabilities"])


def ask_endpoint(vertex: VertexAI, endpoint: Endpoint, smoke: Smoke, version: str) -> Sequence[Any]:
    """What an endpoint answers to the whole smoke test of the version that alone is deployed on it.

    Raises:
        RolloutError: It does not answer.
    """
    from google.api_core.exceptions import GoogleAPIError

    try:
        return ask(vertex, endpoint, smoke.instances).predictions
    except (GoogleAPIError, OSError) as error:
        raise RolloutError(
            f"Version {version} does not answer its smoke test: {error}. It takes no traffic."
        ) from error


def watch_traffic(vertex: VertexAI, endpoint: Endpoint, new: str, smoke: Smoke, watch: Watch) -> None:
    """Asks an endpoint as its callers do, and holds the new version's part of the answers against what is allowed.

    Args:
        vertex: Where the endpoint is.
        endpoint: The endpoint.
        new: The id of the deployment that takes traffic now.
        smoke: What its version must answer.
        watch: How often the endpoint is asked, and how slow it may be.

    Raises:
        RolloutError: An answer fails, is wrong, or the answers are too slow.
    """
    from google.api_core.exceptions import GoogleAPIError

    latencies_ms = []
    for number in range(watch.requests):
        place = number % len(smoke.instances)
        started = time.perf_counter()
        try:
            answer = ask(vertex, endpoint, [smoke.instances[place]])
        except (GoogleAPIError, OSError) as error:
            raise RolloutError(
                f"A prediction failed after the traffic moved: {error}. The traffic goes back."
            ) from error
        if answer.deployment == new:
            latencies_ms.append((time.perf_counter() - started) * 1000)
            part = Smoke([smoke.instances[place]], [smoke.probabilities[place]])
            require_answers(answer.predictions, part, answer.version)
    slowest = sorted(latencies_ms)[math.ceil(len(latencies_ms) * 0.95) - 1] if latencies_ms else 0.0
    if slowest > watch.max_latency_ms:
        raise RolloutError(
            f"After the traffic moved, 95 of 100 predictions take up to {slowest:.0f} ms; at most "
            f"{watch.max_latency_ms:.0f} ms are allowed. The traffic goes back."
        )


def require_answers(predictions: Sequence[Any], smoke: Smoke, version: str) -> None:
    """Holds a version's predictions for the instances of a smoke test against what the evaluation saw.

    Raises:
        RolloutError: They are others.
    """
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

"""PredictionService: predict and rawPredict, passed on to the server of a deployed model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from emulator.api.bodies import parse_apart
from emulator.api.errors import ApiError, invalid, not_found, precondition
from emulator.api.store import Store
from emulator.endpoints.fleet import Fleet
from emulator.endpoints.methods import require_endpoint
from emulator.endpoints.traffic import choose
from emulator.model_servers.client import Answer, BrokenConnectionError, LargeAnswerError, ModelClient
from emulator.model_servers.server import ModelServer
from emulator.settings import Settings

# Documented as 1.5 MB; how many bytes that is, and the status, are guesses.
LARGEST_BODY = 1_572_864
KEYS = {"instances", "parameters", "labels"}
# Of a failed answer of a model server, how much the message quotes.
LONGEST_QUOTE = 2_000
# How much of a prediction's time it may wait for a server that is being started again.
READY_SHARE = 0.9
# By then the end of a server's process has been noticed.
NOTICE_S = 0.05


@dataclass(frozen=True)
class Target:
    """A deployed model, as an answer names it."""

    deployed_model_id: str
    model: str
    model_version_id: str
    model_display_name: str


@dataclass(frozen=True)
class _Plan:
    version: int
    split: Mapping[str, int]
    targets: Mapping[str, Target]


class Predictor:
    """Answers predictions.

    Args:
        settings: How the emulator was started.
        store: Its memory; an endpoint is read again only after a write.
        fleet: The model servers.
        client: What calls them.
    """

    def __init__(self, settings: Settings, store: Store, fleet: Fleet, client: ModelClient) -> None:
        self._timeout_s = settings.predict_timeout_s
        self._store = store
        self._fleet = fleet
        self._client = client
        self._random = Random(settings.seed)  # noqa: S311 - shares of traffic are no secret
        self._plans: dict[str, _Plan] = {}

    async def predict(self, endpoint: str, body: bytes) -> dict[str, Any]:
        """Predict: the model server's predictions, and who made them."""
        await _require_instances(body)
        target, answer = await self._forward(endpoint, body, "application/json")
        result = await _answer(answer)
        result["deployedModelId"] = target.deployed_model_id
        result["model"] = target.model
        result["modelDisplayName"] = target.model_display_name
        result["modelVersionId"] = target.model_version_id
        return result

    async def raw_predict(self, endpoint: str, body: bytes, content_type: str) -> tuple[bytes, str, dict[str, str]]:
        """RawPredict: what the model server answered, its content type, and headers that name the model."""
        if len(body) > LARGEST_BODY:
            raise _too_large()
        target, answer = await self._forward(endpoint, body, content_type)
        headers = {
            "X-Vertex-AI-Endpoint-Id": endpoint.rpartition("/")[2],
            "X-Vertex-AI-Deployed-Model-Id": target.deployed_model_id,
            "X-Vertex-AI-Model": target.model,
            "X-Vertex-AI-Model-Version-Id": target.model_version_id,
        }
        answered_type = answer.headers.get(b"content-type", b"application/octet-stream")
        return answer.content, answered_type.decode("latin-1"), headers

    async def _forward(self, endpoint: str, body: bytes, content_type: str) -> tuple[Target, Answer]:
        plan = self._plans.get(endpoint)
        if plan is None or plan.version != self._store.version:
            plan = await asyncio.to_thread(self._read_plan, endpoint)
            # Those of an older version are stale, and of endpoints that may be gone.
            kept = {name: other for name, other in self._plans.items() if other.version == plan.version}
            self._plans = {**kept, endpoint: plan}
        chosen = choose(plan.split, self._random)
        if chosen is None:
            raise precondition(f"Endpoint {endpoint} doesn't have traffic_split.")
        server = self._fleet.find(endpoint, chosen)
        if server is None:
            raise not_found("DeployedModel", f"{endpoint}/deployedModels/{chosen}")
        target = plan.targets[chosen]
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._send(server, body, content_type)
        except TimeoutError:
            raise ApiError(
                "DEADLINE_EXCEEDED",
                f"Failed to handle request. endpoint_id: {endpoint.rpartition('/')[2]}, deployed_model_id: "
                f"{chosen}: the model server did not answer within {self._timeout_s:g} s.",
            ) from None
        if not answer.is_success:
            raise _failed(endpoint, chosen, answer)
        return target, answer

    def _read_plan(self, endpoint: str) -> _Plan:
        version = self._store.version
        with self._store.transaction() as tx:
            found = require_endpoint(tx, endpoint)
        targets = {
            deployed.id: Target(deployed.id, deployed.model, deployed.model_version_id, deployed.display_name)
            for deployed in found.deployed_models
        }
        return _Plan(version, dict(found.traffic_split), targets)

    async def _send(self, server: ModelServer, body: bytes, content_type: str) -> Answer:
        tries = 0
        with server.use():
            while True:
                port = await server.healthy_port(self._timeout_s * READY_SHARE)
                try:
                    return await self._client.post(port, server.command.predict_route, body, content_type)
                except LargeAnswerError as error:
                    raise precondition(f"Invalid response from prediction server - the response {error}.") from error
                except OSError:
                    # Nothing was sent, and the server is about to be started again.
                    await asyncio.sleep(NOTICE_S)
                except BrokenConnectionError as error:
                    # A server may close a kept connection at the very moment: if it lives, it is asked once more.
                    tries += 1
                    await asyncio.sleep(NOTICE_S)
                    if tries > 1 or not server.is_ready:
                        raise _broken(server, error) from error


def _broken(server: ModelServer, error: Exception) -> ApiError:
    return ApiError(
        "UNAVAILABLE",
        f"The model server of deployed model {server.command.name} broke the connection: {error}. Its log is "
        f"{server.log}.",
    )


def _too_large() -> ApiError:
    return ApiError("INVALID_ARGUMENT", f"Request payload size exceeds the limit: {LARGEST_BODY} bytes.")


async def _require_instances(body: bytes) -> None:
    if len(body) > LARGEST_BODY:
        raise _too_large()
    request = await parse_apart(body)
    if not isinstance(request, dict):
        raise ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. Root element must be a message, {...}.")
    unknown = sorted(set(request) - KEYS)
    if unknown:
        raise ApiError(
            "INVALID_ARGUMENT",
            f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.',
        )
    instances = request.get("instances")
    if not isinstance(instances, list) or not instances:
        raise invalid("instances", "is required and must be an array of at least one instance.")


async def _answer(answer: Answer) -> dict[str, Any]:
    try:
        document = await parse_apart(answer.content)
    except ApiError as error:
        raise _invalid_answer(f"the response is not JSON: {error.message}", answer) from None
    if not isinstance(document, dict) or "predictions" not in document:
        raise _invalid_answer("the response field predictions is missing", answer)
    if not isinstance(document["predictions"], list):
        raise _invalid_answer("the response field predictions is not an array", answer)
    return {key: value for key, value in document.items() if key in {"predictions", "metadata"}}


def _invalid_answer(fault: str, answer: Answer) -> ApiError:
    return precondition(f"Invalid response from prediction server - {fault}. Response: {answer.text[:LONGEST_QUOTE]}")


def _failed(endpoint: str, deployed_id: str, answer: Answer) -> ApiError:
    return ApiError(
        "INVALID_ARGUMENT",
        f"Failed to handle request. endpoint_id: {endpoint.rpartition('/')[2]}, deployed_model_id: {deployed_id} "
        f"with error: {answer.text[:LONGEST_QUOTE]}",
    )

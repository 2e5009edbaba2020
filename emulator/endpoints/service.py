"""EndpointService and PredictionService: their methods and where they are, and the model servers behind them."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.bodies import READ_AT_ONCE, json_response, read_body
from emulator.api.calls import Work
from emulator.api.codec import SYSTEM_PARAMETERS
from emulator.api.errors import ApiError
from emulator.api.paths import Path
from emulator.api.routes import LOCATION, Route, operation_routes
from emulator.endpoints import deployments, methods
from emulator.endpoints.fleet import Fleet
from emulator.endpoints.prediction import LARGEST_BODY, Predictor
from emulator.model_servers.client import ModelClient
from emulator.service import Host, Service

ENDPOINT = f"{LOCATION}/endpoints/*"
# Most undeployments end within this time: they are answered as ended, so that clients need not poll.
PATIENCE_S = 0.3
# Model servers close idle connections after 5 s (uvicorn's default); the emulator lets them go first.
KEEP_ALIVE_S = 4.0


class Endpoints(Service):
    """Endpoints, deployments and predictions."""

    collection = "endpoints"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._client = ModelClient(KEEP_ALIVE_S)
        self._fleet = Fleet(host.settings, host.store, host.environment)
        self._predictor = Predictor(host.settings, host.store, self._fleet, self._client)

    async def open(self) -> None:
        """Starts what was deployed, and goes on with deployments that were under way."""
        await self._fleet.open()

    async def close(self) -> None:
        """Stops all model servers."""
        await self._fleet.close()
        self._client.close()

    def take(self, work: Work) -> None:
        """Begins a deployment, its cancellation, or an undeployment."""
        self._fleet.take(work)

    async def settle(self, work: Work) -> bool:
        """Waits a moment for the end of an undeployment."""
        if work.action != "undeploy":
            return False
        await self._fleet.settle(work.name, PATIENCE_S)
        return True

    async def predict(self, path: Path, request: Request) -> Response:
        """Predict."""
        unknown = sorted(set(request.query_params) - SYSTEM_PARAMETERS)
        if unknown:
            raise ApiError("INVALID_ARGUMENT", f'Unknown name "{unknown[0]}": Cannot bind query parameter.')
        body = await read_body(request, LARGEST_BODY)
        answer = await self._predictor.predict(path.name, body)
        # An answer is mostly as large as what was asked, or smaller.
        return json_response(answer) if len(body) <= READ_AT_ONCE else await asyncio.to_thread(json_response, answer)

    async def raw_predict(self, path: Path, request: Request) -> Response:
        """RawPredict."""
        body = await read_body(request, LARGEST_BODY)
        content_type = request.headers.get("content-type", "")
        content, content_type, headers = await self._predictor.raw_predict(path.name, body, content_type)
        return Response(content, media_type=content_type, headers=headers)

    routes = (
        Route("CreateEndpoint", "POST", f"{LOCATION}/endpoints", "parent", "endpoint", methods.create_endpoint),
        Route("GetEndpoint", "GET", ENDPOINT, "name", "", methods.get_endpoint),
        Route("ListEndpoints", "GET", f"{LOCATION}/endpoints", "parent", "", methods.list_endpoints),
        Route("UpdateEndpoint", "PATCH", ENDPOINT, "endpoint.name", "endpoint", methods.update_endpoint),
        Route("DeleteEndpoint", "DELETE", ENDPOINT, "name", "", methods.delete_endpoint),
        Route("DeployModel", "POST", f"{ENDPOINT}:deployModel", "endpoint", "*", deployments.deploy_model),
        Route("UndeployModel", "POST", f"{ENDPOINT}:undeployModel", "endpoint", "*", deployments.undeploy_model),
        Route("MutateDeployedModel", "POST", f"{ENDPOINT}:mutateDeployedModel", "endpoint", "*",
              deployments.mutate_deployed_model),
        Route("Predict", "POST", f"{ENDPOINT}:predict", "endpoint", "*", predict, is_direct=True),
        Route("RawPredict", "POST", f"{ENDPOINT}:rawPredict", "endpoint", "*", raw_predict, is_direct=True),
        *operation_routes(ENDPOINT),
    )  # fmt: skip

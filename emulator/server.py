"""The HTTP side: from a request to a handler inside a transaction, and back."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from google.longrunning import operations_pb2
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from emulator.api import operations
from emulator.api.bodies import json_response, read_body
from emulator.api.calls import Call, Objects, Work
from emulator.api.codec import parse_request, to_json
from emulator.api.errors import ApiError, fault
from emulator.api.paths import Path, parse_path
from emulator.api.routes import Route, RouteTable
from emulator.api.store import Store
from emulator.api.versions import BETA_OPERATIONS, beta_answer, load_beta, parse_beta_request
from emulator.controls import Controls
from emulator.service import Service

LOG = logging.getLogger(__name__)
LONGEST_WAIT_S = 60.0
POLL_S = 0.05


@dataclass(frozen=True)
class _Asked:
    """A request whose message is still to be read."""

    route: Route
    path: Path
    query: str
    body: bytes

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query by name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


class _Done(NamedTuple):
    """What a transaction has brought.

    Attributes:
        message: The request's message.
        response: The whole response, where nothing is left to do or to wait for.
    """

    message: Any
    answer: Any
    is_beta: bool
    work: list[Work]
    response: Response | None


class Api:
    """The Vertex AI API as an ASGI application.

    Args:
        store: The emulator's memory.
        objects: The object store beside it.
        services: What answers.
        controls: What tests have asked for.
    """

    def __init__(self, store: Store, objects: Objects, services: Sequence[Service], controls: Controls) -> None:
        self._store = store
        self._objects = objects
        self._routes = RouteTable((service, route) for service in services for route in service.routes)
        self._workers = {service.collection: service for service in services if service.collection}
        self._controls = controls

    def take(self, work: Work) -> Service:
        """Hands work on to the service that it is addressed to, which it gives."""
        service = self._workers[work.collection]
        service.take(work)
        return service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens, in JSON. There are no websockets here: handshakes are refused."""
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(reason="The API has no websockets.")
            return
        request = Request(scope, receive)
        raw_path = scope["raw_path"].decode("latin-1")
        began = time.perf_counter()
        rpc = ""
        try:
            path = parse_path(raw_path)
            service, route = self._routes.find(request.method, path)
            rpc = route.rpc
            response = await self._answer(service, route, path, request)
        except ApiError as error:
            response = json_response(error.body(), error.http_status)
        except sqlite3.Error as error:
            LOG.error("%s %s: the memory cannot be used: %s", request.method, raw_path, error)  # noqa: TRY400 - all told
            failure = ApiError(
                "INTERNAL",
                f"The emulator's memory cannot be used: {error}. See that its disk has room; if its file is "
                "damaged, begin anew with another --state-dir.",
            )
            response = json_response(failure.body(), failure.http_status)
        except Exception as error:
            LOG.exception("%s %s", request.method, raw_path)
            failure = fault(f"The emulator failed at {request.method} {raw_path}", error)
            response = json_response(failure.body(), failure.http_status)
        self._controls.note(request.method, raw_path, rpc, response.status_code, time.perf_counter() - began)
        await response(scope, receive, send)

    async def _answer(self, service: Service, route: Route, path: Path, request: Request) -> Response:
        if self._controls.faults:
            self._controls.raise_fault(route.rpc)
        if route.is_direct:
            response: Response = await route.handler(service, path, request)
            return response
        body = await read_body(request)
        asked = _Asked(route, path, request.scope["query_string"].decode("latin-1"), body)
        if path.version == "v1beta1":
            await asyncio.to_thread(load_beta)
        # What reads and writes texts is in other threads, so that a large request keeps no other one waiting.
        done = await asyncio.to_thread(self._call, asked)
        if done.response is not None:
            return done.response
        answer = done.answer
        for item in done.work:
            if await self.take(item).settle(item):
                answer = await asyncio.to_thread(self._read_operation, item.name)
        if route.rpc == "WaitOperation":
            answer = await self._wait(answer, done.message)
        return await asyncio.to_thread(self._respond, asked, answer, done.is_beta)

    def _call(self, asked: _Asked) -> _Done:
        route, path = asked.route, asked.path
        parse = parse_beta_request if path.version == "v1beta1" else parse_request
        in_path = {route.path_field: path.resource}
        message = parse(route.request_type, in_path, asked.parameters, route.body_field, asked.body)
        answer, is_beta, work = self._transact(route, path, message)
        has_ended = not work and route.rpc != "WaitOperation"
        return _Done(message, answer, is_beta, work, self._respond(asked, answer, is_beta) if has_ended else None)

    def _respond(self, asked: _Asked, answer: Any, is_beta: bool) -> Response:
        query = asked.parameters
        encoding = query.get("$alt", query.get("alt", ""))
        shown = self._shown(answer)
        document = to_json(beta_answer(shown) if is_beta else shown, integers_for_enums="enum-encoding=int" in encoding)
        return json_response(document)

    def _transact(self, route: Route, path: Path, message: Any) -> tuple[Any, bool, list[Work]]:
        is_beta = path.version == "v1beta1"
        with self._store.transaction() as tx:
            call = Call(tx, message, self._objects)
            answer = route.handler(call)
            if isinstance(answer, operations_pb2.Operation):
                if is_beta and not route.rpc.endswith("Operation"):
                    tx.put(BETA_OPERATIONS, answer.name, answer.name)
                is_beta = is_beta or (path.version == "ui" and tx.get(BETA_OPERATIONS, answer.name) is not None)
            return answer, is_beta, call.work

    def _read_operation(self, name: str) -> operations_pb2.Operation:
        with self._store.transaction() as tx:
            return operations.require(tx, name)

    async def _wait(
        self, operation: operations_pb2.Operation, request: operations_pb2.WaitOperationRequest
    ) -> operations_pb2.Operation:
        asked_s = request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else LONGEST_WAIT_S
        deadline = time.monotonic() + min(asked_s, LONGEST_WAIT_S)
        while not self._shown(operation).done and time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
            operation = await asyncio.to_thread(self._read_operation, operation.name)
        return operation

    def _shown(self, answer: Any) -> Any:
        delay_s = self._controls.operation_delay_s
        if isinstance(answer, operations_pb2.Operation):
            return operations.shown(answer, delay_s)
        if isinstance(answer, operations_pb2.ListOperationsResponse):
            shown = [operations.shown(operation, delay_s) for operation in answer.operations]
            return operations_pb2.ListOperationsResponse(operations=shown, next_page_token=answer.next_page_token)
        return answer

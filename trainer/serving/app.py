"""The web application of a serving container: one route that tells its health, and one that predicts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trainer.errors import DataError, ProjectError, quoted

JSON_TYPE = "application/json"
BAD_REQUEST = 400
SERVER_ERROR = 500
# Vertex AI takes 1.5 MB; who asks the server itself may send more.
LARGEST_BODY = 4 * 1024 * 1024
# As small a body is answered in a few milliseconds, of which another thread would cost a good part.
ANSWERED_AT_ONCE = 2 * 1024
# Nobody reads it: the client has left.
CLIENT_LEFT = 499


class Predictor(Protocol):
    """What answers predictions."""

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to the JSON object of a request, without NaN and infinity, which JSON has no word for.

        Raises:
            DataError: The request is at fault.
        """


def prediction_app(predictor: Predictor, health_route: str, predict_route: str) -> Starlette:
    """The application.

    What is asked of the predict route and not answered has `detail`, a sentence, in its body: with 400 where the
    request is at fault, also where it is JSON to Python alone, whose parser takes `NaN`, `Infinity` and an object's key
    twice (RFC 8259 has none of them); with 500 where the model is.

    Args:
        predictor: Asked for one request at a time.
        health_route: Answers 200 to a GET.
        predict_route: Takes a POST of a JSON object.
    """
    turn = asyncio.Lock()

    def answered(body: bytes) -> bytes:
        return orjson.dumps(predictor.answer(parse_object(body)))

    async def health(_: Request) -> Response:
        return JSONResponse({})

    async def predict(request: Request) -> Response:
        try:
            _require_json(request.headers.get("content-type"))
            body = await _body(request)
            async with turn:
                # Health is told, and bodies come in, while a large request is worked on.
                is_small = len(body) <= ANSWERED_AT_ONCE
                answer = answered(body) if is_small else await asyncio.to_thread(answered, body)
        except DataError as error:
            return _told(BAD_REQUEST, error)
        except RecursionError:
            return _told(BAD_REQUEST, _unreadable("it is nested too deeply"))
        return Response(answer, media_type=JSON_TYPE)

    routes = [Route(health_route, health, methods=["GET"]), Route(predict_route, predict, methods=["POST"])]
    # The server writes the traceback of what is raised to its log, but for a client that leaves within its request.
    handlers: dict[Any, Any] = {
        ClientDisconnect: lambda _, _error: Response(status_code=CLIENT_LEFT),
        Exception: lambda _, error: _told(SERVER_ERROR, error),
    }
    return Starlette(routes=routes, exception_handlers=handlers)


async def _body(request: Request) -> bytes:
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise DataError([f"The body of a request may have at most {LARGEST_BODY} bytes. Send fewer instances."])
        chunks.append(chunk)
    return b"".join(chunks)


def _told(status: int, error: Exception) -> Response:
    is_sentence = isinstance(error, ProjectError)
    detail = str(error) if is_sentence else f"The model fails: {type(error).__name__}: {error}"
    return JSONResponse({"detail": detail}, status)


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object from its bytes.

    Raises:
        DataError: It is none, with what is wrong.
        RecursionError: It is nested too deeply.
    """
    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)
        if "\\u" in text:
            # Half of a surrogate pair passes the parser, and no answer that quotes it can be written.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(f"it is no UTF-8 at byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise _unreadable("it holds half of a surrogate pair, such as \\ud800") from error
    except json.JSONDecodeError as error:
        raise _unreadable(f"it is no JSON: {error}") from error
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable("it is no object")
    return document


def _require_json(content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE:
        received = f"Received: {quoted(content_type)}." if content_type else "There is none."
        raise DataError([f"The content type of a request must be {JSON_TYPE}. {received}"])


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {quoted(twice)} is there twice")
    return members


def _unreadable(fault: str) -> DataError:
    remedy = 'Send an object with a list `instances`, such as {"instances": [{...}]}.'
    return DataError([f"The body cannot be read: {fault}. {remedy}"])

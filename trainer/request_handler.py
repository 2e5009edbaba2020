"""The way from a prediction request's bytes to its answer, for the SDK's model server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request, Response
from google.cloud.aiplatform.prediction.handler import PredictionHandler

from trainer.errors import quoted

JSON_TYPE = "application/json"
BAD_REQUEST = 400
SERVER_ERROR = 500


class StrictHandler(PredictionHandler):
    """Refuses with 400 and a sentence whatever is no JSON object, where the SDK's handler now and then fails with 500.

    Python's parser takes `NaN`, `Infinity` and an object's key twice; JSON has none of them (RFC 8259).
    """

    async def handle(self, request: Request) -> Response:  # type: ignore[override] # the SDK's base class has no async
        """Answers one request.

        Raises:
            HTTPException: 400 where the request is at fault; 500 where the model answers with no numbers.
        """
        _require_json(request.headers.get("content-type"))
        predictor = self._predictor
        try:
            features = predictor.preprocess(parse_object(await request.body()))
        except RecursionError as error:
            raise _refusal("it is nested too deeply") from error
        answer = predictor.postprocess(predictor.predict(features))
        try:
            content = json.dumps(answer, allow_nan=False)
        except ValueError as error:
            raise HTTPException(SERVER_ERROR, "The model answers with NaN or infinity: it is broken.") from error
        return Response(content, media_type=JSON_TYPE)


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object from its bytes.

    Raises:
        HTTPException: 400, with what is wrong.
        RecursionError: It is nested too deeply.
    """
    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_distinct)
        if "\\u" in text:
            # Half of a surrogate pair passes the parser, and no answer that quotes it can be written.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(f"it is no UTF-8 at byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise _refusal("it holds half of a surrogate pair, such as \\ud800") from error
    except json.JSONDecodeError as error:
        raise _refusal(f"it is no JSON: {error}") from error
    except ValueError as error:
        raise _refusal(str(error)) from error
    if not isinstance(document, dict):
        raise _refusal("it is no object")
    return document


def _require_json(content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE:
        received = f"Received: {quoted(content_type)}." if content_type else "There is none."
        raise HTTPException(BAD_REQUEST, f"The content type of a request must be {JSON_TYPE}. {received}")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {quoted(twice)} is there twice")
    return members


def _refusal(fault: str) -> HTTPException:
    sentence = (
        f'The body cannot be read: {fault}. Send an object with a list `instances`, such as {{"instances": [{{...}}]}}.'
    )
    return HTTPException(BAD_REQUEST, sentence)

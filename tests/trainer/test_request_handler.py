"""What the serving process cannot show of the way from a request to its answer: a model that answers no numbers."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from fastapi import HTTPException, Request
from google.cloud.aiplatform.prediction.predictor import Predictor

from trainer.request_handler import StrictHandler, parse_object


class Constant(Predictor):
    """Answers the number that the request names."""

    def load(self, artifacts_uri: str, **kwargs: Any) -> None:
        pass

    def predict(self, instances: Any) -> Any:
        return {"predictions": [math.nan if instances["nan"] else 0.5]}


def answered(body: bytes) -> bytes:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    return bytes(asyncio.run(StrictHandler("", Constant).handle(Request(scope, receive))).body)


def test_handle_answers_json() -> None:
    assert answered(b'{"nan": false}') == b'{"predictions": [0.5]}'


def test_handle_answers_no_nan() -> None:
    with pytest.raises(HTTPException) as refusal:
        answered(b'{"nan": true}')
    assert (refusal.value.status_code, refusal.value.detail) == (
        500,
        "The model answers with NaN or infinity: it is broken.",
    )


def test_parse_object_keeps_every_value() -> None:
    assert parse_object(b'{"a": [1, 2.5, "\\ud83c\\udf37", null, true], "b": {"c": 1}}') == {
        "a": [1, 2.5, "\U0001f337", None, True],
        "b": {"c": 1},
    }

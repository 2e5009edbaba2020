"""What the serving process cannot show of the way from a request to its answer: a model that answers no numbers."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

# Loading the SDK's prediction package takes seconds, so it is loaded by the tests and not by their collection.
pytestmark = pytest.mark.run


class Constant:
    """A predictor whose answer is no number where the request says so."""

    def load(self, artifacts_uri: str) -> None:
        assert artifacts_uri == ""

    def preprocess(self, prediction_input: Any) -> Any:
        return prediction_input

    def postprocess(self, prediction_results: Any) -> Any:
        return prediction_results

    def predict(self, instances: Any) -> Any:
        return {"predictions": [math.nan if instances["nan"] else 0.5]}


def answered(body: bytes) -> bytes:
    from fastapi import Request

    from trainer.request_handler import StrictHandler

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    predictor: Any = Constant
    return bytes(asyncio.run(StrictHandler("", predictor).handle(Request(scope, receive))).body)


def test_handle_answers_json() -> None:
    assert answered(b'{"nan": false}') == b'{"predictions": [0.5]}'


def test_handle_answers_no_nan() -> None:
    from fastapi import HTTPException

    with pytest.raises(HTTPException) as refusal:
        answered(b'{"nan": true}')
    assert (refusal.value.status_code, refusal.value.detail) == (
        500,
        "The model answers with NaN or infinity: it is broken.",
    )


def test_parse_object_keeps_every_value() -> None:
    from trainer.request_handler import parse_object

    assert parse_object(b'{"a": [1, 2.5, "\\ud83c\\udf37", null, true], "b": {"c": 1}}') == {
        "a": [1, 2.5, "\U0001f337", None, True],
        "b": {"c": 1},
    }

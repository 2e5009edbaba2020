"""What the serving process cannot show of the way from a request to its answer: a model that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from trainer.errors import ProjectError
from trainer.serving.app import parse_object, prediction_app


class Echo:
    """Answers with what it is asked, and fails where it is told to."""

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "fail" in request:
            raise ValueError("no such layer")
        if "broken" in request:
            raise ProjectError("The model is broken.")
        return {"predictions": [request]}


def asked(content: bytes) -> tuple[int, Any]:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(prediction_app(Echo(), "/health", "/predict"), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
            return await client.post("/predict", content=content, headers={"Content-Type": "application/json"})

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()


def test_predict_answers_json() -> None:
    assert asked('{"a": [0.5, "é"]}'.encode()) == (200, {"predictions": [{"a": [0.5, "é"]}]})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"fail": 1}', "The model fails: ValueError: no such layer"),
        (b'{"broken": 1}', "The model is broken."),
    ],
)
def test_predict_tells_in_json_that_the_model_failed(body: bytes, sentence: str) -> None:
    assert asked(body) == (500, {"detail": sentence})


def test_parse_object_keeps_every_value() -> None:
    assert parse_object(b'{"a": [1, 2.5, "\\ud83c\\udf37", null, true], "b": {"c": 1}}') == {
        "a": [1, 2.5, "\U0001f337", None, True],
        "b": {"c": 1},
    }

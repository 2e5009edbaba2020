"""What the serving process cannot show of the way from a request to its answer: a model that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.growth import assert_linear
from trainer.errors import DataError, ProjectError
from trainer.serving.app import ANSWERED_AT_ONCE, LARGEST_BODY, parse_object, prediction_app


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


def test_parse_object_finds_a_doubled_key_among_many() -> None:
    def doubled(size: int) -> bytes:
        return ("{" + "".join(f'"k{number}": 1, ' for number in range(size)) + f'"k{size - 1}": 1}}').encode()

    with pytest.raises(DataError, match='the key "k99" is there twice'):
        parse_object(doubled(100))
    assert_linear(parse_object, doubled, 800, refusal=DataError)


def test_predict_refuses_a_body_that_is_too_large() -> None:
    sentence = "The body of a request may have at most 4194304 bytes. Send fewer instances."
    assert asked(b" " * (LARGEST_BODY + 1)) == (400, {"detail": sentence})


def test_health_is_told_while_a_large_request_is_worked_on() -> None:
    told = threading.Event()

    class Waiting:
        def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**request, "predictions": [told.wait(30)]}

    async def ask() -> Any:
        transport = httpx.ASGITransport(prediction_app(Waiting(), "/health", "/predict"))
        async with httpx.AsyncClient(transport=transport, base_url="http://model", timeout=60) as client:
            body = b'{"predictions": ["' + b"x" * ANSWERED_AT_ONCE + b'"]}'
            headers = {"Content-Type": "application/json"}
            prediction = asyncio.create_task(client.post("/predict", content=body, headers=headers))
            await asyncio.sleep(0.01)
            assert (await client.get("/health")).status_code == 200
            told.set()
            return (await prediction).json()

    assert asyncio.run(ask()) == {"predictions": [True]}

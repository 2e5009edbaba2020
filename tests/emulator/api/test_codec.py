from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CreatePipelineJobRequest

from emulator.api.codec import parse_json, parse_message, table
from emulator.api.errors import ApiError
from tests.growth import assert_linear


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return {"pipelineJob": {"pipelineSpec": value}}


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "-1e999", "[" * 100_000, '"\\ud', "\ufeff1"])
def test_parse_json_refuses_what_is_no_json_or_no_number(text: str) -> None:
    with pytest.raises(ApiError, match="Invalid JSON payload received"):
        parse_json(text.encode())


def test_parse_json_keeps_the_kind_of_a_number() -> None:
    assert [repr(value) for value in parse_json(b"[1, 1.0, 1e3, -0.0]")] == ["1", "1.0", "1000.0", "-0.0"]


@pytest.mark.parametrize("levels", [40, 100, 900])
def test_parse_message_refuses_what_could_not_be_read_again(levels: int) -> None:
    with pytest.raises(ApiError, match="nested too deeply"):
        parse_message(CreatePipelineJobRequest, nested(levels))


def test_a_message_that_was_parsed_is_read_from_its_table() -> None:
    message = parse_message(CreatePipelineJobRequest, nested(25))
    requests = table("requests", CreatePipelineJobRequest)
    assert requests.decode(requests.encode(message)) == message


@pytest.mark.parametrize("text", ["0.{}", "[{}.5]", "[1e{}]", '{{"a": "{}"}}'])
def test_a_long_number_or_text_is_read_once(text: str) -> None:
    assert_linear(parse_json, lambda size: text.format("1" * size).encode(), 50_000, refusal=ApiError)


def test_parse_message_refuses_keys_that_are_very_long_together() -> None:
    spec: dict[str, Any] = {"a" * 1000: [[{"b" * 1000: {"c" * 1977: 1}}]]}
    parse_message(CreatePipelineJobRequest, {"pipelineJob": {"pipelineSpec": spec}})
    spec["a" * 1000][0][0]["b" * 1000]["c" * 1978] = 1
    with pytest.raises(ApiError, match=r"must have at most 4000 characters together\. Received: 4001\."):
        parse_message(CreatePipelineJobRequest, {"pipelineJob": {"pipelineSpec": spec}})


def test_parse_message_takes_the_time_of_the_length_whatever_the_keys_are() -> None:
    def keys(size: int) -> dict[str, Any]:
        return {"pipelineJob": {"pipelineSpec": {"k" * 20 * size: {f"v{number}": {} for number in range(size)}}}}

    def read(content: dict[str, Any]) -> None:
        parse_message(CreatePipelineJobRequest, content)

    assert_linear(read, keys, 1000, refusal=ApiError)

from __future__ import annotations

import json

import pytest

from pipeline.serving import prediction
from trainer.errors import UsageError

MOST = prediction._REQUEST_BYTES


def test_few_instances_are_one_request() -> None:
    assert list(prediction._batches([{"a": 1.0}, "2"])) == [(1, [{"a": 1.0}, "2"])]


def test_many_instances_are_requests_that_fit() -> None:
    instances = [{"text": "x" * 1000, "number": float(number)} for number in range(3000)]
    batches = list(prediction._batches(instances))
    assert [instance for _, batch in batches for instance in batch] == instances
    assert [first for first, _ in batches] == [1, 1 + len(batches[0][1]), 1 + len(batches[0][1]) + len(batches[1][1])]
    assert all(len(json.dumps({"instances": batch}, indent=2)) <= MOST for _, batch in batches)


def test_instance_that_fits_no_request_is_refused() -> None:
    with pytest.raises(
        UsageError, match=rf"^Instance 2 is larger than a request may be: \d+ of {MOST} bytes\. Shorten"
    ):
        list(prediction._batches(["a", "b" * MOST]))


def test_text_that_is_no_unicode_is_refused_with_its_number() -> None:
    with pytest.raises(UsageError, match=r"^Instance 7 cannot be sent: .*\. Write text that is UTF-8\.$"):
        prediction._value(7, {"a": "\ud800"})


def test_refusal_of_a_later_request_tells_numbers_of_the_file() -> None:
    message = '2 problems:\n  - instance 1: received "instance 1"\n  - instance 12: x'
    assert prediction._renumbered(message, 1) == message
    assert prediction._renumbered(message, 101) == (
        '2 problems:\n  - instance 101: received "instance 1"\n  - instance 112: x'
    )

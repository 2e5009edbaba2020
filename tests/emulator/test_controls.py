from __future__ import annotations

from typing import Any

import pytest

from emulator.api.errors import ApiError
from emulator.controls import Controls


def test_a_fault_is_answered_as_often_as_asked() -> None:
    controls = Controls()
    controls.add_fault({"rpc": "GetModel", "status": "UNAVAILABLE", "times": 2, "message": "out"})
    controls.raise_fault("GetEndpoint")
    for _ in range(2):
        with pytest.raises(ApiError, match="out"):
            controls.raise_fault("GetModel")
    controls.raise_fault("GetModel")


def test_a_fault_of_every_rpc() -> None:
    controls = Controls()
    controls.add_fault({"rpc": "*", "status": "RESOURCE_EXHAUSTED"})
    with pytest.raises(ApiError, match="asked to answer RESOURCE_EXHAUSTED to"):
        controls.raise_fault("GetModel")
    controls.raise_fault("GetModel")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "must be"),
        ({"rpc": "X", "status": "UNAVAILABLE", "time": 1}, "must be"),
        ({"status": "UNAVAILABLE"}, "must be the name of a method"),
        ({"rpc": "X", "status": []}, "must be one of CANCELLED, INVALID_ARGUMENT"),
        ({"rpc": "X", "status": "BAD"}, "must be one of CANCELLED, INVALID_ARGUMENT"),
        ({"rpc": "X", "status": []}, r"must be one of .* Received: \[\]"),
        ({"rpc": "X", "status": "UNAVAILABLE", "message": 1}, "must be a text of at most 10000 characters"),
        ({"rpc": "X", "status": "UNAVAILABLE", "times": 0}, "must be a whole number from 1 to 1000"),
        ({"rpc": "X", "status": "UNAVAILABLE", "times": True}, "must be a whole number"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(document: Any, sentence: str) -> None:
    with pytest.raises(ApiError, match=sentence):
        Controls().add_fault(document)


def test_faults_that_wait_are_bounded_and_forgotten_once_they_are_answered() -> None:
    controls = Controls()
    for number in range(10):
        controls.add_fault({"rpc": f"X{number}", "status": "UNAVAILABLE", "times": 1000})
    with pytest.raises(ApiError, match=r"must leave at most 10000 faults waiting\. There are 10000\."):
        controls.add_fault({"rpc": "Y", "status": "UNAVAILABLE"})
    for _ in range(1000):
        with pytest.raises(ApiError):
            controls.raise_fault("X0")
    assert "X0" not in controls.faults


def test_a_long_path_is_kept_in_short() -> None:
    controls = Controls()
    for number in range(1001):
        controls.note("GET", f"/{number}" + "x" * 100_000, "", 501, 0.01)
    assert len(controls.requests) == 1000
    assert {len(request["path"]) for request in controls.requests} == {2003}


@pytest.mark.parametrize("seconds", [-1, "1", True, None, 3601])
def test_a_delay_that_makes_no_sense_is_refused(seconds: Any) -> None:
    with pytest.raises(ApiError, match="must be a number between 0 and 3600"):
        Controls().set_delay({"seconds": seconds})


def test_reset_forgets_all() -> None:
    controls = Controls()
    controls.set_delay({"seconds": 2})
    controls.add_fault({"rpc": "X", "status": "UNAVAILABLE"})
    controls.requests.append({})
    controls.reset()
    assert controls == Controls()

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.runner.conditions import _tokens, check_condition, decide
from emulator.runner.errors import RunnerError, UsageError
from tests.growth import assert_linear

X = "inputs.parameter_values['x']"
Y = "inputs.parameter_values['pipelinechannel--train-loss']"


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        (f"{X} == true", {"x": True}, True),
        (f"!({X} == true)", {"x": True}, False),
        (f"int({X}) >= 3", {"x": 3.0}, True),
        (f"double(int({X})) < {Y}", {"x": 3, "pipelinechannel--train-loss": 3.5}, True),
        (f"{X} > -1.5e-3", {"x": 0.0}, True),
        (f"{X} == 'a && !(b)'", {"x": "a && !(b)"}, True),
        (f"{X} != 'no'", {"x": 'it\'s "1" or True'}, True),
        (f"{X} == 'yes' && !({Y} > 0.5)", {"x": "yes", "pipelinechannel--train-loss": 0.6}, False),
        (f"{X} == 'yes' || {Y} > 0.5", {"x": "no", "pipelinechannel--train-loss": 0.6}, True),
        (f"{X} >= 0.9", {"x": float("nan")}, False),
        (f"!({X} >= 0.9)", {"x": float("nan")}, True),
        (f"{X} == 'yes'", {"x": None}, False),
    ],
)
def test_decide_follows_cel(condition: str, values: dict[str, Any], holds: bool) -> None:
    assert decide(condition, values.__getitem__) is holds


@pytest.mark.parametrize("condition", [f"{X} == 'it's'", "__import__('os')", f"{X}.real == 1"])
def test_check_condition_refuses_what_kfp_does_not_write(condition: str) -> None:
    with pytest.raises(UsageError, match=r"^The condition .* cannot be read from `.*` on\."):
        check_condition(condition)


def test_check_condition_accepts_what_kfp_writes() -> None:
    check_condition(f"int({X}) >= 3 && !({Y} == 'a')")


@pytest.mark.parametrize("value", ["three", None])
def test_decide_refuses_what_cannot_be_compared(value: str | None) -> None:
    with pytest.raises(RunnerError, match=rf"cannot be decided for {value!r}: "):
        decide(f"{X} >= 3", lambda _: value)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("1 == " * 5000 + "1", "must be at most 20000 characters long. Received: 25001."),
        ("(" * 51 + "1" + ")" * 51, "is nested more than 50 deep"),
        ("!" * 51 + "true", "is nested more than 50 deep"),
        ("!(" * 26 + "true" + ")" * 26, "is nested more than 50 deep"),
    ],
)
def test_a_condition_that_is_too_large_is_refused(condition: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        check_condition(condition)


def test_a_long_condition_is_decided() -> None:
    condition = " && ".join(["!(1 == 2)"] * 1000) + " && " + "(" * 25 + "!true || true" + ")" * 25
    assert decide(condition, lambda _name: None)


def test_a_condition_is_read_once() -> None:
    assert_linear(lambda condition: [*_tokens(condition)], lambda size: "1" + " && 1" * size, 4000)

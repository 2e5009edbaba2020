from __future__ import annotations

from typing import Any

import pytest

from pipeline.runs.parameters import convert
from trainer.errors import UsageError

KINDS = ["STRING", "NUMBER_INTEGER", "NUMBER_DOUBLE", "BOOLEAN", "LIST", "STRUCT"]
DEFINITIONS = {kind.lower(): {"parameterType": kind, "isOptional": True} for kind in KINDS}


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("string", "5", "5"),
        ("number_integer", "5", 5),
        ("number_integer", 5.0, 5),
        ("number_double", "5", 5.0),
        ("number_double", "1e-3", 0.001),
        ("boolean", "True", True),
        ("boolean", False, False),
        ("list", "[1, 2]", [1, 2]),
        ("struct", '{"a": 1}', {"a": 1}),
    ],
)
def test_text_becomes_what_the_pipeline_asks_for(name: str, given: Any, value: Any) -> None:
    (converted,) = convert({name: given}, DEFINITIONS, "p.yaml").values()
    assert (type(converted), converted) == (type(value), value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("string", 5),
        ("number_integer", "5.5"),
        ("number_integer", 6.5),
        ("number_integer", True),
        ("number_double", "much"),
        ("number_double", "nan"),
        ("number_double", False),
        ("boolean", "yes"),
        ("boolean", 1),
        ("list", "{}"),
        ("list", "[1"),
        ("struct", "[]"),
    ],
)
def test_value_that_does_not_fit_is_refused(name: str, given: Any) -> None:
    with pytest.raises(UsageError, match=rf"^`{name}` of p\.yaml must be .*\. Received: "):
        convert({name: given}, DEFINITIONS, "p.yaml")


def test_all_refusals_are_told_at_once() -> None:
    definitions = {"steps": {"parameterType": "NUMBER_INTEGER"}, "end": {"parameterType": "TASK_FINAL_STATUS"}}
    with pytest.raises(UsageError) as refused:
        convert({"step": 3, "end": "x"}, definitions, "p.yaml")
    assert str(refused.value).splitlines() == [
        "3 problems:",
        '  - `step` is no parameter of p.yaml. Did you mean "steps"?',
        "  - `steps` of p.yaml must be given: a whole number.",
        '  - `end` of p.yaml must be TASK_FINAL_STATUS. Received: "x".',
    ]


def test_parameter_with_a_default_may_be_left_out() -> None:
    assert convert({}, {"steps": {"parameterType": "NUMBER_INTEGER", "defaultValue": 0}}, "p.yaml") == {}

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.runner.errors import UsageError
from emulator.runner.parameters import check_parameters, load_parameters
from emulator.runner.pipeline_spec import Parameter
from tests.growth import assert_linear


def declared(kind: str, default: Any = None, optional: bool = False) -> dict[str, Parameter]:
    return {"steps": Parameter("steps", kind, optional, default)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("NUMBER_INTEGER", -5),
        ("NUMBER_DOUBLE", 5),
        ("NUMBER_DOUBLE", 0.5),
        ("STRING", ""),
        ("BOOLEAN", False),
        ("LIST", [1, {"a": None}]),
        ("STRUCT", {"a": [0.5]}),
        ("TASK_FINAL_STATUS", {"state": "SUCCEEDED"}),
    ],
)
def test_check_parameters_accepts_the_declared_type(kind: str, value: Any) -> None:
    assert check_parameters(declared(kind), {"steps": value}) == {"steps": value}


def test_check_parameters_takes_a_whole_double_for_an_int() -> None:
    value = check_parameters(declared("NUMBER_INTEGER"), {"steps": 5.0})["steps"]
    assert (value, type(value)) == (5, int)


def test_check_parameters_fills_in_defaults() -> None:
    assert check_parameters(declared("NUMBER_INTEGER", 20.0, optional=True), {}) == {"steps": 20}
    assert check_parameters(declared("STRING", optional=True), {}) == {"steps": None}


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("NUMBER_INTEGER", 5.7, "a whole number. Received: 5.7."),
        ("NUMBER_INTEGER", "5", 'a whole number. Received: "5".'),
        ("NUMBER_INTEGER", True, "a whole number. Received: true."),
        ("NUMBER_INTEGER", None, "a whole number. Received: null."),
        ("NUMBER_INTEGER", 2**53 + 1, "a whole number. Received: 9007199254740993."),
        ("NUMBER_DOUBLE", float("nan"), "a number. Received: NaN."),
        ("NUMBER_DOUBLE", float("inf"), "a number. Received: Infinity."),
        ("NUMBER_DOUBLE", False, "a number. Received: false."),
        ("STRING", 5, "a string. Received: 5."),
        ("BOOLEAN", 1, "true or false. Received: 1."),
        ("LIST", {}, "a list. Received: {}."),
        ("LIST", [[float("nan")]], r"a list. Received: \[\[NaN\]\]."),
        ("STRUCT", [], r"an object. Received: \[\]."),
        ("STRUCT", {"a": float("inf")}, 'an object. Received: {"a": Infinity}.'),
    ],
)
def test_check_parameters_refuses_another_type(kind: str, value: Any, wanted: str) -> None:
    with pytest.raises(UsageError, match=f'^The parameter "steps" must be {wanted}$'):
        check_parameters(declared(kind), {"steps": value})


def test_check_parameters_refuses_a_placeholder_of_kfp() -> None:
    with pytest.raises(UsageError, match=r'must not hold "\{\{\$", which kfp takes for the start'):
        check_parameters(declared("LIST"), {"steps": ["{{$.inputs}}"]})


def test_check_parameters_tells_every_fault_at_once() -> None:
    several = {**declared("NUMBER_INTEGER"), "rate": Parameter("rate", "NUMBER_DOUBLE", False, None)}
    with pytest.raises(UsageError) as caught:
        check_parameters(several, {"step": 1, "rate": "x", "zzz": 0})
    assert str(caught.value).splitlines() == [
        "4 problems:",
        '  - The parameter "rate" must be a number. Received: "x".',
        '  - The parameter "steps" has no default. Give it a whole number.',
        '  - The pipeline has no parameter "step". Did you mean "steps"?',
        '  - The pipeline has no parameter "zzz". It has: steps, rate.',
    ]


def test_check_parameters_of_a_pipeline_without_any() -> None:
    with pytest.raises(UsageError, match=r'^The pipeline has no parameter "steps"\. It has none\.$'):
        check_parameters({}, {"steps": 1})


def test_load_parameters_reads_an_object(tmp_path: Path) -> None:
    file = tmp_path / "parameters.json"
    file.write_bytes('\ufeff{"name": "ü"}'.encode())
    assert load_parameters(file) == {"name": "ü"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", r"is not JSON: Expecting"),
        ("[1]", r"must hold a JSON object of names and values\. Received: \[1\]\."),
    ],
)
def test_load_parameters_refuses_anything_else(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "parameters.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=sentence):
        load_parameters(file)


def test_load_parameters_refuses_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json cannot be read: No such file"):
        load_parameters(tmp_path / "none.json")


def test_many_unknown_parameters_are_told_of_in_the_time_that_their_number_takes() -> None:
    def given(size: int) -> tuple[dict[str, Parameter], dict[str, Any]]:
        declared = {name: Parameter(name, "STRING", True, "") for name in (f"learning-rate-{n}" for n in range(size))}
        return declared, {f"leraning-rate-{n}": "" for n in range(size)}

    with pytest.raises(UsageError, match=r'60 problems:\n  - .*"leraning-rate-0"\. Did you mean "learning-rate-0"\?'):
        check_parameters(*given(60))
    assert_linear(lambda asked: check_parameters(*asked), given, 60, refusal=UsageError)

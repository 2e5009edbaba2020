from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1.types import HyperparameterTuningJob

from emulator.api.codec import parse_message
from emulator.tuning_jobs.space import Parameter, Value, active, grid, parameters_of, typed
from tests.emulator.tuning_jobs.studies import tuning_job

WORDS = {
    "parameterId": "w",
    "categoricalValueSpec": {"values": ["a", "b"]},
    "conditionalParameterSpecs": [
        {
            "parentCategoricalValues": {"values": ["b"]},
            "parameterSpec": {"parameterId": "m", "discreteValueSpec": {"values": [0.5, 0.9]}},
        }
    ],
}
WHOLE = {"parameterId": "n", "integerValueSpec": {"minValue": "1", "maxValue": "2"}}


def parameters(*specs: dict[str, Any]) -> list[Parameter]:
    return parameters_of(parse_message(HyperparameterTuningJob, tuning_job("", *specs)).study_spec.parameters)


def test_a_grid_has_each_combination_once_and_children_where_they_are_active() -> None:
    assert list(grid(parameters(WORDS, WHOLE))) == [
        {"w": "a", "n": 1},
        {"w": "a", "n": 2},
        {"w": "b", "m": 0.5, "n": 1},
        {"w": "b", "m": 0.5, "n": 2},
        {"w": "b", "m": 0.9, "n": 1},
        {"w": "b", "m": 0.9, "n": 2},
    ]


def test_a_grid_is_not_listed_before_its_points_are_asked_for() -> None:
    wide = {"parameterId": "n", "integerValueSpec": {"minValue": "0", "maxValue": str(2**53)}}
    assert next(grid(parameters(wide, {**wide, "parameterId": "k"}))) == {"n": 0, "k": 0}


def test_values_are_read_back_as_their_parameters_have_them() -> None:
    given: dict[str, Value] = {"w": "b", "m": 0.5, "n": 2.0}
    values = typed(parameters(WORDS, WHOLE), given)
    assert values == given
    assert isinstance(values["n"], int)
    assert [one.id for one, _ in active(parameters(WORDS, WHOLE), values)] == ["w", "m", "n"]

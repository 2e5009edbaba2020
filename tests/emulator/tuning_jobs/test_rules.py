from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import HyperparameterTuningJob

from emulator.api.codec import parse_message
from emulator.tuning_jobs.rules import job_violations, unserved
from tests.emulator.tuning_jobs.studies import FEW, REAL, tuning_job

WORDS = {"parameterId": "w", "categoricalValueSpec": {"values": ["a", "b"]}}
WHOLE = {"parameterId": "n", "integerValueSpec": {"minValue": "1", "maxValue": "4"}}
CHILD = {"parameterId": "m", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}


def message(*parameters: dict[str, Any], **fields: Any) -> HyperparameterTuningJob:
    return parse_message(HyperparameterTuningJob, tuning_job("", *parameters, **fields))


def violations(*parameters: dict[str, Any], **fields: Any) -> list[str]:
    return [f"{one.field}: {one.description}" for one in job_violations(message(*parameters, **fields))]


def doubles(low: Any, high: Any, **more: Any) -> dict[str, Any]:
    return {"parameterId": "x", "doubleValueSpec": {"minValue": low, "maxValue": high}, **more}


def integers(low: Any, high: Any, **more: Any) -> dict[str, Any]:
    return {"parameterId": "x", "integerValueSpec": {"minValue": str(low), "maxValue": str(high)}, **more}


def discrete(*values: Any, **more: Any) -> dict[str, Any]:
    return {"parameterId": "x", "discreteValueSpec": {"values": values}, **more}


def under(parent: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {**parent, "conditionalParameterSpecs": list(conditions)}


def words(*values: str, child: dict[str, Any] = CHILD) -> dict[str, Any]:
    return {"parentCategoricalValues": {"values": values}, "parameterSpec": child}


@pytest.mark.parametrize(
    "parameters",
    [
        [REAL, WHOLE, WORDS],
        [doubles(0, 0), WORDS],
        [doubles(1e-5, 1, scaleType="UNIT_LOG_SCALE")],
        [integers(1, 9, scaleType="UNIT_REVERSE_LOG_SCALE")],
        [discrete(-1, 0.5, 7)],
        [under(WORDS, words("a"), words("b", child={**WHOLE, "parameterId": "m"}))],
        [under(WHOLE, {"parentIntValues": {"values": ["2"]}, "parameterSpec": CHILD})],
        [under(FEW, {"parentDiscreteValues": {"values": [2]}, "parameterSpec": CHILD})],
    ],
)
def test_studies_as_vertex_takes_them_are_taken(parameters: list[dict[str, Any]]) -> None:
    assert violations(*parameters) == []
    assert unserved(message(*parameters).study_spec) == ""


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [
        ({"parameterId": "x"}, "[0]: must have one of double_value_spec, integer_value_spec"),
        ({**REAL, "parameterId": ""}, "[0].parameter_id: is required."),
        ({**REAL, "parameterId": "two words"}, 'must not contain whitespace. Received: "two words".'),
        (
            doubles(2, 1),
            "double_value_spec: must have a min_value that is not above its max_value. Received: 2 above 1.",
        ),
        (integers(9, 3), "integer_value_spec: must have a min_value that is not above its max_value."),
        (doubles(0, 1, scaleType="UNIT_LOG_SCALE"), "must be above 0 throughout for UNIT_LOG_SCALE. Received: 0 as"),
        (integers(0, 3, scaleType="UNIT_REVERSE_LOG_SCALE"), "must be above 0 throughout for UNIT_REVERSE_LOG_SCALE."),
        (discrete(-1, 1, scaleType="UNIT_LOG_SCALE"), "must be above 0 throughout for UNIT_LOG_SCALE. Received: -1 as"),
        (doubles("-Infinity", 1), "must have finite bounds, and a finite distance between. Received: -inf to 1."),
        (doubles("NaN", 1), "must have finite bounds"),
        (doubles(-1e308, 1e308), "and a finite distance between"),
        (integers(0, 2**60), "must lie between -2^53 and 2^53"),
        (discrete(), "discrete_value_spec.values: must be 1 to 1000. Received: 0."),
        (discrete(*range(1001)), "must be 1 to 1000. Received: 1001."),
        (discrete(2, 1), "must be finite and rise, by at least 1e-10 each time. Received: 2, 1."),
        (discrete(1, 1 + 1e-12), "must be finite and rise"),
        ({**WORDS, "categoricalValueSpec": {}}, "categorical_value_spec.values: must be one or more, each once."),
        ({**WORDS, "categoricalValueSpec": {"values": ["a", "a"]}}, 'each once. Received: "a", "a".'),
        ({**WORDS, "scaleType": "UNIT_LINEAR_SCALE"}, "[0].scale_type: is for numbers. Leave it out here."),
        (
            {"parameterId": "x", "doubleValueSpec": {"minValue": 0, "maxValue": 1, "defaultValue": 0}},
            "double_value_spec.default_value: is for studies of Vertex AI Vizier alone.",
        ),
        (under(WORDS, words("c")), 'must be values of the parameter "w". Received: "c".'),
        (under(WORDS, words()), "parent_categorical_values.values: must not be empty."),
        (under(WORDS, {"parameterSpec": CHILD}), "must have one of parent_discrete_values, parent_int_values,"),
        (
            under(WORDS, {"parentIntValues": {"values": ["1"]}, "parameterSpec": CHILD}),
            "is for a parent with integer_value_spec. Received: a parent with categorical_value_spec.",
        ),
        (
            under(WHOLE, {"parentIntValues": {"values": ["7"]}, "parameterSpec": CHILD}),
            'must be values of the parameter "n". Received: 7.',
        ),
        (
            under(REAL, {"parentDiscreteValues": {"values": [1]}, "parameterSpec": CHILD}),
            "Received: a parent with double",
        ),
        (
            under(WORDS, words("a"), words("a", "b")),
            "conditional_parameter_specs[1].parameter_spec.parameter_id: must be",
        ),
        (
            under(WORDS, words("a", child={**CHILD, "parameterId": "w"})),
            'must be another one\'s than "w", which is taken.',
        ),
        (
            under(WORDS, words("a", child=doubles(2, 1))),
            "conditional_parameter_specs[0].parameter_spec.double_value_spec",
        ),
    ],
)
def test_a_faulty_parameter_is_refused_by_field(parameter: dict[str, Any], sentence: str) -> None:
    assert any(sentence in one for one in violations(parameter)), violations(parameter)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"displayName": ""}, "hyperparameter_tuning_job.display_name: is required."),
        ({"labels": {"A": "b"}}, "hyperparameter_tuning_job.labels"),
        ({"maxTrialCount": 0}, "max_trial_count: must be at least 1. Received: 0."),
        ({"parallelTrialCount": 0}, "parallel_trial_count: must be at least 1. Received: 0."),
        ({"parallelTrialCount": 5}, "must not be more than max_trial_count, 1. Received: 5."),
        ({"maxFailedTrialCount": -1}, "max_failed_trial_count: must not be negative. Received: -1."),
        ({"study": {"metrics": []}}, "study_spec.metrics: must be exactly one"),
        ({"study": {"metrics": [{"metricId": "a"}, {"metricId": "b"}]}}, "must be exactly one: several are for"),
        ({"study": {"metrics": [{"metricId": "a b"}]}}, "metrics[0].metric_id: must not contain whitespace."),
        ({"study": {"parameters": []}}, "study_spec.parameters: must not be empty."),
        ({"study": {"parameters": [REAL, FEW]}}, "parameters[1].parameter_id: must be another one's than"),
        (
            {"study": {"algorithm": "GRID_SEARCH"}},
            "GRID_SEARCH takes no range of real numbers. Use discrete_value_spec.",
        ),
        ({"study": {"observationNoise": "LOW"}}, "observation_noise: is for studies of Vertex AI Vizier alone."),
        ({"pools": []}, "trial_job_spec.worker_pool_specs: must not be empty"),
        ({"job": {"serviceAccount": "nobody"}}, "trial_job_spec.service_account: must be the e-mail address"),
    ],
)
def test_a_faulty_job_is_refused_by_field(fields: dict[str, Any], sentence: str) -> None:
    assert any(sentence in one for one in violations(**fields)), violations(**fields)


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = violations(doubles(2, 1), discrete(), maxTrialCount=0, displayName="")
    assert len(told) == 5, told


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        ({"decayCurveStoppingSpec": {}}, "decay_curve_stopping_spec is not served by this emulator. It stops trials"),
        ({"convexAutomatedStoppingSpec": {}}, "convex_automated_stopping_spec is not served"),
        ({"studyStoppingConfig": {}}, "study_stopping_config is not served"),
        ({"metrics": [{"metricId": "a", "safetyConfig": {}}]}, "safety_config is not served"),
        (
            {"parameters": [under(WORDS, words("a", child=under(FEW, words("a"))))]},
            '"x" is under a condition and has conditions of its own, which is not served',
        ),
    ],
)
def test_what_is_not_served_is_said(study: dict[str, Any], sentence: str) -> None:
    assert sentence in unserved(message(study=study).study_spec)

"""What a tuning job must look like to be taken."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

from google.cloud.aiplatform_v1.types import HyperparameterTuningJob, StudySpec

from emulator.api.errors import Violation
from emulator.api.validation import display_name_violations, label_violations
from emulator.custom_jobs.rules import spec_violations
from emulator.tuning_jobs.space import Condition, Kind, ParameterSpec, Scale, Value, condition_values

JOB = "hyperparameter_tuning_job"
STUDY = f"{JOB}.study_spec"
MOST_DISCRETE_VALUES = 1000
LEAST_DISTANCE = 1e-10
# A trial tells its values as doubles, which hold no whole number beyond.
GREATEST_INTEGER = 1 << 53
_SCALED_FROM_ZERO = {Scale.UNIT_LOG_SCALE, Scale.UNIT_REVERSE_LOG_SCALE}
# The parents that conditions can be on, by the field that has the condition.
_PARENTS = {
    "parent_discrete_values": Kind.DISCRETE,
    "parent_int_values": Kind.INTEGER,
    "parent_categorical_values": Kind.CATEGORICAL,
}


def job_violations(job: HyperparameterTuningJob) -> list[Violation]:
    """All that is wrong with a tuning job as it was sent."""
    return [
        *display_name_violations(job.display_name, f"{JOB}.display_name"),
        *label_violations(job.labels, f"{JOB}.labels"),
        *_count_violations(job),
        *_metric_violations(job.study_spec),
        *_study_violations(job.study_spec),
        *spec_violations(job.trial_job_spec, f"{JOB}.trial_job_spec"),
    ]


def unserved(study: StudySpec) -> str:
    """What of a study the emulator does not serve, in a sentence; empty if it serves all of it."""
    pb = StudySpec.pb(study)
    for field in ("decay_curve_stopping_spec", "convex_automated_stopping_spec", "study_stopping_config"):
        if pb.HasField(field):
            return (
                f"{STUDY}.{field} is not served by this emulator. It stops trials early by "
                "median_automated_stopping_spec alone."
            )
    if any(metric.HasField("safety_config") for metric in pb.metrics):
        return f"{STUDY}.metrics: safety_config is not served by this emulator."
    for parameter in study.parameters:
        for condition in parameter.conditional_parameter_specs:
            child = condition.parameter_spec
            if child.conditional_parameter_specs:
                return (
                    f'The parameter "{child.parameter_id}" is under a condition and has conditions of its own, which '
                    "is not served by this emulator: conditions are one level deep."
                )
    return ""


def _count_violations(job: HyperparameterTuningJob) -> Iterator[Violation]:
    for name in ("max_trial_count", "parallel_trial_count"):
        if getattr(job, name) < 1:
            yield Violation(f"{JOB}.{name}", f"must be at least 1. Received: {getattr(job, name)}.")
    if job.parallel_trial_count > job.max_trial_count > 0:
        yield Violation(
            f"{JOB}.parallel_trial_count",
            f"must not be more than max_trial_count, {job.max_trial_count}. Received: {job.parallel_trial_count}.",
        )
    if job.max_failed_trial_count < 0:
        yield Violation(
            f"{JOB}.max_failed_trial_count", f"must not be negative. Received: {job.max_failed_trial_count}."
        )


def _metric_violations(study: StudySpec) -> Iterator[Violation]:
    if len(study.metrics) != 1:
        yield Violation(
            f"{STUDY}.metrics",
            f"must be exactly one: several are for studies of Vertex AI Vizier. Received: {len(study.metrics)}.",
        )
    for number, metric in enumerate(study.metrics):
        yield from _id_violations(metric.metric_id, f"{STUDY}.metrics[{number}].metric_id")


def _id_violations(text: str, field: str) -> Iterator[Violation]:
    if not text:
        yield Violation(field, "is required.")
    elif any(map(str.isspace, text)):
        yield Violation(field, f'must not contain whitespace. Received: "{text}".')


def _study_violations(study: StudySpec) -> Iterator[Violation]:
    if study.observation_noise:
        yield Violation(f"{STUDY}.observation_noise", "is for studies of Vertex AI Vizier alone.")
    if not study.parameters:
        yield Violation(f"{STUDY}.parameters", "must not be empty.")
    known: set[str] = set()
    for number, spec in enumerate(study.parameters):
        field = f"{STUDY}.parameters[{number}]"
        yield from _parameter_violations(spec, field, study.algorithm)
        if spec.parameter_id in known:
            yield _taken(spec, field)
        known.add(spec.parameter_id)
    for number, spec in enumerate(study.parameters):
        yield from _child_violations(spec, f"{STUDY}.parameters[{number}]", known, study.algorithm)


def _taken(spec: ParameterSpec, field: str) -> Violation:
    return Violation(f"{field}.parameter_id", f'must be another one\'s than "{spec.parameter_id}", which is taken.')


def _child_violations(spec: ParameterSpec, field: str, known: set[str], algorithm: int) -> Iterator[Violation]:
    """What is wrong with the parameters that one has under conditions; `known` has the ids of all others so far."""
    values_of: dict[str, set[Value]] = {}
    for number, condition in enumerate(spec.conditional_parameter_specs):
        at = f"{field}.conditional_parameter_specs[{number}]"
        child = condition.parameter_spec
        values = set(condition_values(condition))
        yield from _condition_violations(condition, spec, at)
        yield from _parameter_violations(child, f"{at}.parameter_spec", algorithm)
        taken = values_of.setdefault(child.parameter_id, set())
        if child.parameter_id in known or taken & values:
            yield _taken(child, f"{at}.parameter_spec")
        taken |= values
    known |= values_of.keys()


def _condition_violations(condition: Condition, parent: ParameterSpec, field: str) -> Iterator[Violation]:
    at = Condition.pb(condition).WhichOneof("parent_value_condition") or ""
    kind = _kind(parent)
    if at not in _PARENTS:
        yield Violation(field, f"must have one of {', '.join(_PARENTS)}.")
        return
    if kind is not None and _PARENTS[at] is not kind:
        yield Violation(
            f"{field}.{at}",
            f"is for a parent with {_PARENTS[at].value}. Received: a parent with {kind.value}.",
        )
        return
    told = condition_values(condition)
    if not told:
        yield Violation(f"{field}.{at}.values", "must not be empty.")
    strange = [value for value in told if not _has(parent, value)]
    if strange:
        wanted = f'values of the parameter "{parent.parameter_id}"'
        yield Violation(f"{field}.{at}.values", f"must be {wanted}. Received: {_listed(strange)}.")


def _has(parent: ParameterSpec, value: Value) -> bool:
    kind = _kind(parent)
    if kind is None:
        return True
    told = getattr(parent, kind.value)
    return told.min_value <= value <= told.max_value if kind is Kind.INTEGER else value in told.values


def _listed(values: Iterable[Value]) -> str:
    return ", ".join(f'"{value}"' if isinstance(value, str) else f"{value:g}" for value in values)


def _kind(spec: ParameterSpec) -> Kind | None:
    field = ParameterSpec.pb(spec).WhichOneof("parameter_value_spec")
    return Kind(field) if field else None


def _parameter_violations(spec: ParameterSpec, field: str, algorithm: int) -> Iterator[Violation]:
    yield from _id_violations(spec.parameter_id, f"{field}.parameter_id")
    kind = _kind(spec)
    if kind is None:
        yield Violation(field, f"must have one of {', '.join(one.value for one in Kind)}.")
        return
    at = f"{field}.{kind.value}"
    if getattr(ParameterSpec.pb(spec), kind.value).HasField("default_value"):
        yield Violation(f"{at}.default_value", "is for studies of Vertex AI Vizier alone.")
    match kind:
        case Kind.DOUBLE:
            if algorithm == StudySpec.Algorithm.GRID_SEARCH:
                yield Violation(at, "GRID_SEARCH takes no range of real numbers. Use discrete_value_spec.")
            yield from _double_violations(spec, at)
        case Kind.INTEGER:
            yield from _integer_violations(spec, at)
        case Kind.CATEGORICAL:
            yield from _categorical_violations(spec, at)
        case Kind.DISCRETE:
            yield from _discrete_violations(spec, at)


def _double_violations(spec: ParameterSpec, field: str) -> Iterator[Violation]:
    low, high = spec.double_value_spec.min_value, spec.double_value_spec.max_value
    if math.isfinite(high - low):
        yield from _range_violations(spec, low, high, field)
    else:
        yield Violation(
            field, f"must have finite bounds, and a finite distance between. Received: {low:g} to {high:g}."
        )


def _integer_violations(spec: ParameterSpec, field: str) -> Iterator[Violation]:
    low, high = spec.integer_value_spec.min_value, spec.integer_value_spec.max_value
    if max(abs(low), abs(high)) > GREATEST_INTEGER:
        yield Violation(field, f"must lie between -2^53 and 2^53, as doubles hold it. Received: {low} to {high}.")
    else:
        yield from _range_violations(spec, low, high, field)


def _categorical_violations(spec: ParameterSpec, field: str) -> Iterator[Violation]:
    values = list(spec.categorical_value_spec.values)
    if not values or len(set(values)) < len(values):
        yield Violation(f"{field}.values", f"must be one or more, each once. Received: {_listed(values)}.")
    if spec.scale_type:
        yield Violation(f"{field.rpartition('.')[0]}.scale_type", "is for numbers. Leave it out here.")


def _discrete_violations(spec: ParameterSpec, field: str) -> Iterator[Violation]:
    values = list(spec.discrete_value_spec.values)
    if not 1 <= len(values) <= MOST_DISCRETE_VALUES:
        yield Violation(f"{field}.values", f"must be 1 to {MOST_DISCRETE_VALUES}. Received: {len(values)}.")
    elif not all(map(math.isfinite, values)) or any(b - a < LEAST_DISTANCE for a, b in pairwise(values)):
        yield Violation(
            f"{field}.values",
            f"must be finite and rise, by at least {LEAST_DISTANCE:g} each time. Received: {_listed(values)}.",
        )
    else:
        yield from _range_violations(spec, values[0], values[-1], field)


def _range_violations(spec: ParameterSpec, low: float, high: float, field: str) -> Iterator[Violation]:
    if low > high:
        yield Violation(
            field, f"must have a min_value that is not above its max_value. Received: {low:g} above {high:g}."
        )
    elif spec.scale_type in _SCALED_FROM_ZERO and low <= 0:
        yield Violation(
            field,
            f"must be above 0 throughout for {Scale(spec.scale_type).name}. Received: {low:g} as the least value.",
        )

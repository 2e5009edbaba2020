"""What a study searches: its parameters, and those that are there for some values of another one alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from google.cloud.aiplatform_v1.types import StudySpec

Value = float | int | str
"""What a parameter is set to: a float (DOUBLE, DISCRETE), an int (INTEGER) or a text (CATEGORICAL)."""

ParameterSpec = StudySpec.ParameterSpec
Scale = ParameterSpec.ScaleType
Condition = ParameterSpec.ConditionalParameterSpec


class Kind(Enum):
    """The type of a parameter, by the field of its specification."""

    DOUBLE = "double_value_spec"
    INTEGER = "integer_value_spec"
    CATEGORICAL = "categorical_value_spec"
    DISCRETE = "discrete_value_spec"


@dataclass(frozen=True)
class Parameter:
    """A parameter.

    Attributes:
        id: The flag that a trial is given its value by.
        key: What tells it from one of the same id under another condition.
        kind: Its type.
        low: The least value, of DOUBLE and INTEGER.
        high: The greatest value.
        values: All values, of CATEGORICAL and DISCRETE.
        scale: How values are spread over the range.
        children: Parameters that are there for some of its values alone, each with these values.
    """

    id: str
    key: str
    kind: Kind
    low: float | int = 0
    high: float | int = 0
    values: tuple[Value, ...] = ()
    scale: int = Scale.SCALE_TYPE_UNSPECIFIED
    children: tuple[tuple[frozenset[Value], Parameter], ...] = ()

    def children_of(self, value: Value) -> list[Parameter]:
        """The parameters that are there where this one has a value."""
        return [child for values, child in self.children if value in values]

    def all_values(self) -> Sequence[Value]:
        """Its values in order. A DOUBLE has none to list."""
        return range(int(self.low), int(self.high) + 1) if self.kind is Kind.INTEGER else self.values


def parameters_of(specs: Sequence[ParameterSpec], under: str = "") -> list[Parameter]:
    """Reads parameters that keep the rules.

    Args:
        specs: Their specifications.
        under: Tells the condition that they are under, if they are under one.
    """
    return [_parameter(spec, under) for spec in specs]


def _parameter(spec: ParameterSpec, under: str) -> Parameter:
    kind = Kind(ParameterSpec.pb(spec).WhichOneof("parameter_value_spec"))
    told = getattr(spec, kind.value)
    has_range = kind in {Kind.DOUBLE, Kind.INTEGER}
    key = f"{under}{spec.parameter_id}"
    return Parameter(
        id=spec.parameter_id,
        key=key,
        kind=kind,
        low=told.min_value if has_range else 0,
        high=told.max_value if has_range else 0,
        values=() if has_range else tuple(told.values),
        scale=spec.scale_type,
        children=tuple(
            (frozenset(condition_values(one)), _parameter(one.parameter_spec, f"{key}[{number}]/"))
            for number, one in enumerate(spec.conditional_parameter_specs)
        ),
    )


def condition_values(condition: Condition) -> list[Value]:
    """The values of the parent for which a parameter is there."""
    field = Condition.pb(condition).WhichOneof("parent_value_condition")
    return list(getattr(condition, field).values) if field else []


def active(parameters: Sequence[Parameter], values: Mapping[str, Value]) -> Iterator[tuple[Parameter, Value]]:
    """The parameters that values are for, each with its own.

    Args:
        parameters: Of a study.
        values: By the ids of parameters.
    """
    for parameter in parameters:
        value = values[parameter.id]
        yield parameter, value
        yield from active(parameter.children_of(value), values)


def typed(parameters: Sequence[Parameter], told: Mapping[str, Value]) -> dict[str, Value]:
    """Values as parameters have them: a trial tells every number as a double.

    Args:
        parameters: Of a study.
        told: By the ids of parameters.
    """
    values: dict[str, Value] = {}
    for parameter in parameters:
        value = told[parameter.id]
        value = values[parameter.id] = int(value) if parameter.kind is Kind.INTEGER else value
        values |= typed(parameter.children_of(value), told)
    return values


def grid(parameters: Sequence[Parameter]) -> Iterator[dict[str, Value]]:
    """Every combination of values once, the last parameter's changing fastest. None of the parameters is a DOUBLE."""
    if not parameters:
        yield {}
        return
    first, *others = parameters
    for value in first.all_values():
        for rest in grid([*first.children_of(value), *others]):
            yield {first.id: value, **rest}

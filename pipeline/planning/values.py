"""What the tasks of a submission would be given, as far as it is known before the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]

# kfp adds the channels that an f-string or a condition needs to a task's inputs, under this prefix.
_CHANNEL = "pipelinechannel--"
_PLACEHOLDER = re.compile(r"\{\{\$(?:\.inputs\.parameters\[['\"](?P<name>[^'\"]+)['\"]\])?(?:(?!\{\{\$).)*?\}\}")


@dataclass(frozen=True)
class Unknown:
    """A value that only the run can tell.

    Attributes:
        maker: The task that puts it out; empty for what the run is called and when it begins.
        is_new: Whether no earlier run can have had it.
        output: What the maker calls it.
    """

    maker: str = ""
    is_new: bool = True
    output: str = ""


@dataclass(frozen=True)
class Values:
    """Inputs or outputs of a task.

    Attributes:
        parameters: Values by name, `Unknown` among them.
        artifacts: Lists of URIs by name, or `Unknown`.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)

    def unknown(self) -> Iterator[tuple[str, Unknown]]:
        """What is not known, by name."""
        for name, value in {**self.parameters, **self.artifacts}.items():
            if isinstance(value, Unknown):
                yield name, value

    def without_channels(self) -> Values:
        """Those that a component knows."""
        parameters, artifacts = (
            {name: value for name, value in values.items() if not name.startswith(_CHANNEL)}
            for values in (self.parameters, self.artifacts)
        )
        return Values(parameters, artifacts)


def equal(one: Any, other: Any) -> bool:
    """Whether values are known and the same to Vertex AI, whose numbers are all doubles."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return False
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def with_defaults(component: Document, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters, and the defaults of those that are not given."""
    known = (component.get("inputDefinitions") or {}).get("parameters") or {}
    defaults = {name: about["defaultValue"] for name, about in known.items() if "defaultValue" in about}
    return {**defaults, **parameters}


def given_to(
    task: Document, component: Document, group: Values, put_out: Mapping[str, Values], told: Mapping[str, str]
) -> Values:
    """What a task is given.

    Args:
        task: The task in its group.
        component: Its component.
        group: What the group is given.
        put_out: The outputs of the tasks before it, by task.
        told: What the service puts in the place of texts such as `{{$.pipeline_service_account}}`.
    """
    inputs = task.get("inputs") or {}
    artifacts = {name: _artifact(source, group, put_out) for name, source in (inputs.get("artifacts") or {}).items()}
    parameters = {name: _parameter(source, group, put_out) for name, source in (inputs.get("parameters") or {}).items()}
    known = with_defaults(component, parameters)
    return Values({name: _filled_in(value, known, told) for name, value in known.items()}, artifacts)


def not_known(component: Document, maker: str) -> Values:
    """The outputs of a task that runs: its artifacts lie in a place of this run, its parameters are what they are."""
    outputs = component.get("outputDefinitions") or {}
    return Values(
        dict.fromkeys(outputs.get("parameters") or {}, Unknown(maker, is_new=False)),
        {name: Unknown(maker, output=name) for name in outputs.get("artifacts") or {}},
    )


def put_out_by_group(component: Document, inner: Mapping[str, Values], maker: str) -> Values:
    """The outputs of a group, taken from the tasks in it."""
    outputs = component["dag"].get("outputs") or {}
    parameters = {
        name: _selected(about.get("valueFromParameter"), "outputParameterKey", inner, maker)
        for name, about in (outputs.get("parameters") or {}).items()
    }
    artifacts = {}
    for name, about in (outputs.get("artifacts") or {}).items():
        selectors = about.get("artifactSelectors") or []
        only = selectors[0] if len(selectors) == 1 else None
        artifacts[name] = _selected(only, "outputArtifactKey", inner, maker)
    return Values(parameters, artifacts)


def _artifact(source: Document, group: Values, put_out: Mapping[str, Values]) -> Any:
    if "taskOutputArtifact" in source:
        producer, name = source["taskOutputArtifact"]["producerTask"], source["taskOutputArtifact"]["outputArtifactKey"]
        return put_out.get(producer, Values()).artifacts.get(name, Unknown(producer, is_new=False))
    return group.artifacts.get(source.get("componentInputArtifact", ""), Unknown(is_new=False))


def _parameter(source: Document, group: Values, put_out: Mapping[str, Values]) -> Any:
    if "runtimeValue" in source:
        return source["runtimeValue"].get("constant")
    if "taskOutputParameter" in source:
        producer = source["taskOutputParameter"]["producerTask"]
        name = source["taskOutputParameter"]["outputParameterKey"]
        return put_out.get(producer, Values()).parameters.get(name, Unknown(producer, is_new=False))
    return group.parameters.get(source.get("componentInputParameter", ""), Unknown(is_new=False))


def _selected(source: Document | None, kind: str, inner: Mapping[str, Values], maker: str) -> Any:
    if not source:
        return Unknown(maker, is_new=False)
    values = inner.get(source.get("producerSubtask", ""), Values())
    of_kind = values.parameters if kind == "outputParameterKey" else values.artifacts
    return of_kind.get(source.get(kind, ""), Unknown(maker, is_new=False))


def _filled_in(value: Any, known: Mapping[str, Any], told: Mapping[str, str]) -> Any:
    """A text with other inputs, and what is told, in the places that are held for them; so all texts in a value."""
    if isinstance(value, Mapping | list):
        return _all_filled_in(value, known, told)
    if not isinstance(value, str) or "{{$" not in value:
        return value
    if value in told:
        return told[value]
    unknown: list[Unknown] = []

    def fill(place: re.Match[str]) -> str:
        found = known.get(place["name"], Unknown()) if place["name"] else Unknown()
        if isinstance(found, Unknown):
            unknown.append(found)
        return _text(found)

    text = _PLACEHOLDER.sub(fill, value)
    return unknown[0] if unknown else text


def _all_filled_in(value: Mapping[str, Any] | list[Any], known: Mapping[str, Any], told: Mapping[str, str]) -> Any:
    """The same of a list or struct, whose places for other things than inputs, as in worker pools, stay as they are."""
    inner = value.values() if isinstance(value, Mapping) else value
    items = [_filled_in(item, known, told) if _has_inputs(item) else item for item in inner]
    unknown = [item for item in items if isinstance(item, Unknown)]
    if unknown:
        return unknown[0]
    return dict(zip(value, items, strict=True)) if isinstance(value, Mapping) else items


def _has_inputs(value: Any) -> bool:
    """Whether a value may hold places for inputs."""
    if isinstance(value, str):
        return any(place["name"] for place in _PLACEHOLDER.finditer(value))
    return isinstance(value, Mapping | list)


def _text(value: Any) -> str:
    """A value as the service writes it into a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

"""What lists of models, versions, evaluations and endpoints can be filtered and ordered by."""

from __future__ import annotations

from typing import Any

from emulator.api.filters import Comparison, Condition, Field, Predicate, time_of
from emulator.api.names import ModelName, id_of, parent_of

_DISPLAY_NAME = {"display_name": Field(lambda resource: resource.display_name)}
_LABELS = {"labels": Field(lambda resource: resource.labels, kind="labels")}
_BASE_MODEL = {"base_model_name": Field(lambda _resource: "", operators=("=",))}
_TIMES = {name: Field(time_of(name), kind="time") for name in ("create_time", "update_time")}

MODEL_FILTERS = {
    "model": Field(lambda model: id_of(ModelName.parse(model.name).model)),
    **_DISPLAY_NAME,
    **_LABELS,
    **_BASE_MODEL,
}
MODEL_ORDERS = _DISPLAY_NAME | _TIMES

# By its own labels, without its model's, and by its aliases.
ALIASES = "aliases"
VERSION_FILTERS = {
    **_LABELS,
    ALIASES: Field(lambda version: dict.fromkeys(version.version_aliases, ""), kind="labels"),
}
VERSION_ORDERS = {
    "create_time": Field(time_of("version_create_time"), kind="time"),
    "update_time": Field(time_of("version_update_time"), kind="time"),
}

EVALUATION_FILTERS = _DISPLAY_NAME
_VERSION = {"version": Field(lambda evaluation: ModelName.parse(parent_of(evaluation.name)).version)}
EVALUATION_FACTS = EVALUATION_FILTERS | _VERSION

ENDPOINT_FILTERS = {
    "endpoint": Field(lambda endpoint: id_of(endpoint.name)),
    **_DISPLAY_NAME,
    **_LABELS,
    **_BASE_MODEL,
}
ENDPOINT_ORDERS = _DISPLAY_NAME | _TIMES


def evaluates(version_id: str) -> Predicate:
    """Lets through the evaluations of a version."""
    read = _VERSION["version"].read

    def compare(evaluation: Any) -> bool:
        return bool(read(evaluation) == version_id)

    return Comparison(compare, Condition("version", "=", version_id))

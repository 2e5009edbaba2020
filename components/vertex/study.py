"""A search in the words of Vertex AI: what a hyperparameter tuning job is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from trainer.config import Hyperparameters, flag
from trainer.errors import UsageError, nearest, quoted
from trainer.search.metrics import goal_of
from trainer.search.space import Interval, Numbers, Parameter, Scale, SearchSpace, Words, number_text

# The numbers of the API's enumerations, as `serialize_parameters` and `serialize_metrics` of Google's components have
# them, whose import alone takes four seconds.
_SCALES: Mapping[Scale, int] = MappingProxyType({"linear": 1, "log": 2, "reverse_log": 3})
_NO_SCALE = 0
_GOALS = {"maximize": 1, "minimize": 2}
_ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {"default": "ALGORITHM_UNSPECIFIED", "grid": "GRID_SEARCH", "random": "RANDOM_SEARCH"}
)
COMMAND = ("python3", "-m", "trainer.task")


def parameter_specs(space: SearchSpace) -> list[dict[str, Any]]:
    """The parameters of a study, each called as the trainer's flag that it becomes."""
    return [
        {"parameter_id": parameter.name, **_values_of(parameter), "conditional_parameter_specs": []}
        for parameter in space.parameters
    ]


def _values_of(parameter: Parameter) -> dict[str, Any]:
    match parameter:
        case Interval(is_whole=True, low=low, high=high, scale=scale):
            return {
                "integer_value_spec": {"min_value": number_text(low), "max_value": number_text(high)},
                "scale_type": _SCALES[scale],
            }
        case Interval(low=low, high=high, scale=scale):
            return {"double_value_spec": {"min_value": low, "max_value": high}, "scale_type": _SCALES[scale]}
        case Numbers(values=numbers, scale=scale):
            return {"discrete_value_spec": {"values": list(numbers)}, "scale_type": _SCALES[scale]}
        case Words(values=words):
            return {"categorical_value_spec": {"values": list(words)}, "scale_type": _NO_SCALE}


def metric_specs(metric: str) -> list[dict[str, Any]]:
    """The one metric of a study, and whether more of it is better.

    Raises:
        UsageError: Training reports no such metric.
    """
    return [{"metric_id": metric, "goal": _GOALS[goal_of(metric)]}]


def algorithm_of(name: str) -> str:
    """What Vertex AI calls an algorithm of searches.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in _ALGORITHMS:
        known = ", ".join(_ALGORITHMS)
        raise UsageError(f"`search_algorithm` cannot be {quoted(name)}.{nearest(name, _ALGORITHMS)} Known: {known}.")
    return _ALGORITHMS[name]


def trial_arguments(
    train_files: Sequence[str], contract: str, hyperparameters: Mapping[str, Any], validation_fraction: float
) -> list[str]:
    """What each trial is told; the values that it tries are added at the end, where they win.

    Args:
        train_files: Tables to train on, which the rows that validate are taken from.
        contract: The data contract's file.
        hyperparameters: What is not searched, by name; texts, numbers and switches as a pipeline has them.
        validation_fraction: Share of the rows to measure the trial on.
    """
    return [
        *("--train-files", *train_files),
        f"--schema={contract}",
        f"--validation-fraction={validation_fraction!r}",
        "--metrics-only",
        # A pipeline keeps no order of them, and another one would be another search for the cache.
        *(_argument(name, hyperparameters[name]) for name in sorted(hyperparameters)),
    ]


def _argument(name: str, value: Any) -> str:
    if Hyperparameters.model_fields[name].annotation is bool:
        return flag(name) if str(value).lower() == "true" else f"--no-{flag(name).removeprefix('--')}"
    return f"{flag(name)}={value}"


def pools_of_trial(pools: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> list[dict[str, Any]]:
    """Worker pools, each of whose containers trains.

    Args:
        pools: Their machines, replicas and images.
        arguments: What the trainer is told.
    """
    told = {"command": list(COMMAND), "args": list(arguments)}
    return [{**pool, "container_spec": {**pool["container_spec"], **told}} for pool in pools]


def folder_of(pools: Sequence[Mapping[str, Any]], space: SearchSpace, staging_bucket: str) -> str:
    """Where the trials of a plan leave their curves: gs://BUCKET/tuning/ and what tells the plan from others."""
    plan = json.dumps([pools, str(space)], sort_keys=True)
    return f"{staging_bucket.rstrip('/')}/tuning/{hashlib.sha256(plan.encode()).hexdigest()[:16]}"

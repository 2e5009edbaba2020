"""The trials of a hyperparameter tuning job, and the best of them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from components.vertex.connection import VertexAI
from components.vertex.errors import TuningError
from trainer.search.metrics import goal_of
from trainer.search.space import number_text

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Trial as VertexTrial

SUCCEEDED = "succeeded"


@dataclass(frozen=True)
class Trial:
    """What has come of one.

    Attributes:
        id: `1`, `2`, ...
        state: `succeeded`, `infeasible`, ...
        parameters: The values that it tried, by the names of the trainer's flags, as the command line has them.
        value: Its metric at the end; None where it has none that is finite.
        steps: Steps it had then learned.
        reason: Why it is infeasible; empty where it is not.
    """

    id: str
    state: str
    parameters: Mapping[str, str]
    value: float | None
    steps: int
    reason: str


def job_named_in(gcp_resources: str) -> str:
    """The name of the tuning job that Google's component tells.

    Args:
        gcp_resources: JSON with the URI of the job, https://.../v1/projects/.../hyperparameterTuningJobs/NUMBER.

    Raises:
        TuningError: It tells of none.
    """
    try:
        (uri,) = (str(resource["resourceUri"]) for resource in json.loads(gcp_resources)["resources"])
    except (ValueError, KeyError, TypeError) as error:
        raise TuningError(
            f"`gcp_resources` names no tuning job. Received: {gcp_resources[:200]}. Give what "
            "HyperparameterTuningJobRunOp puts out."
        ) from error
    return uri.partition("/v1/")[2]


def trials_of(vertex: VertexAI, job: str, metric: str) -> list[Trial]:
    """The trials of a job, in the order of their ids.

    Args:
        vertex: Where the job is.
        job: Its name.
        metric: What it looked for.
    """
    found = vertex.jobs.get_hyperparameter_tuning_job(name=job, **vertex.reading)
    return [trial_in(trial, metric) for trial in sorted(found.trials, key=lambda trial: int(trial.id))]


def trial_in(trial: VertexTrial, metric: str) -> Trial:
    """What has come of a trial, as Vertex AI tells it."""
    final = trial.final_measurement
    value = next((one.value for one in final.metrics if one.metric_id == metric), math.nan) if final else math.nan
    return Trial(
        id=trial.id,
        state=trial.state.name.lower(),
        parameters={one.parameter_id: _text(one.value) for one in trial.parameters},
        value=value if math.isfinite(value) else None,
        steps=int(final.step_count) if final else 0,
        reason=trial.infeasible_reason,
    )


def _text(value: Any) -> str:
    return number_text(value) if isinstance(value, int | float) else str(value)


def best_of(trials: Sequence[Trial], metric: str) -> Trial:
    """The trial that succeeded with the best value, the first of equal ones.

    Args:
        trials: All of a job, in the order of their ids.
        metric: What they are compared by.

    Raises:
        TuningError: None has succeeded with a finite value.
    """
    sign = 1 if goal_of(metric) == "maximize" else -1
    measured = [trial for trial in trials if trial.state == SUCCEEDED and trial.value is not None]
    if not measured:
        counts = Counter(trial.state for trial in trials)
        states = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"
        reason = next((f" Trial {trial.id}: {trial.reason}" for trial in trials if trial.reason), "")
        raise TuningError(
            f'No trial has ended with a finite "{metric}": of {len(trials)} trials, {states}.{reason} The logs of the '
            "trials' jobs tell more; narrow the search where training diverges."
        )
    return max(measured, key=lambda trial: sign * (trial.value or 0.0))


def record_of(job: str, metric: str, trials: Sequence[Trial], best: Trial) -> dict[str, Any]:
    """A search and what has come of it, in the types that JSON has."""
    return {"job": job, "metric": metric, "best": best.id, "trials": [asdict(trial) for trial in trials]}


def label_of(trial: Mapping[str, Any]) -> str:
    """The best trial as a label's value: the number of its job, and its own."""
    return f"{str(trial['job']).rsplit('/', 1)[-1]}-{trial['id']}"


def sentence_of(trial: Mapping[str, Any]) -> str:
    """The best trial in words, for a version's description."""
    values = ", ".join(f"{name} {value}" for name, value in trial["parameters"].items())
    return f"Tuned: {values}, of trial {trial['id']} with {trial['metric']} {trial['value']:.4g} on rows that validate."

"""Which runs of a list are wanted, by what they were given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.config import PipelineParameters, key
from pipeline.config_layers import pairs_of, said_twice
from pipeline.runs.record import RunRecord
from pipeline.runs.staged_names import name_and_sum
from trainer.errors import UsageError, listing, nearest, quoted


def parameters_wanted(params: Sequence[str]) -> dict[str, str]:
    """Values by the parameters' names, from words such as `learning_rate=0.01`.

    Raises:
        UsageError: One is not of this form, or a name is given twice.
    """
    pairs, problems = pairs_of(params)
    pairs = [(name.removeprefix("--").replace("-", "_"), value) for name, value in pairs]
    problems += said_twice(name for name, _ in pairs)
    if problems:
        raise UsageError(listing(problems, len(problems)))
    return dict(pairs)


def misspelt(wanted: Iterable[str]) -> str:
    """What may be wrong with names by which no run is found; empty where all are parameters of this pipeline."""
    known = [key(field) for field in PipelineParameters.model_fields]
    strange = [name for name in wanted if name not in known]
    return "".join(f" This pipeline has no parameter {quoted(name)}.{nearest(name, known)}" for name in strange)


def has_parameters(run: RunRecord, wanted: Mapping[str, str]) -> bool:
    """Whether a run was given all these values."""
    return all(name in run.parameters and _is(run.parameters[name], value) for name, value in wanted.items())


def _is(given: Any, wanted: str) -> bool:
    """Whether a value is meant by a text; a staged file is by its name."""
    if isinstance(given, bool):
        return wanted.lower() == str(given).lower()
    if isinstance(given, int | float):
        try:
            return float(wanted) == given
        except ValueError:
            return False
    return wanted in (str(given), name_and_sum(str(given)).partition(" (sha256")[0])

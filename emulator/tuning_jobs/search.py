"""Which values the next trial is given: a grid's next point, or what a sampler of Optuna suggests.

Optuna's tree-structured Parzen estimator stands in for Vertex AI Vizier, which is not published: what it suggests is
other than what Vertex AI would. It takes those trials that are at work for bad ones, so that parallel trials keep apart
(the constant liar).

A suggestion depends on its arguments alone. Each is made by a study of its own, which is told all earlier trials: no
study has to survive the emulator.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from google.cloud.aiplatform_v1.types import StudySpec

from emulator.tuning_jobs.space import Kind, Parameter, Scale, Value, active, grid

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

Algorithm = StudySpec.Algorithm


class Past(NamedTuple):
    """An earlier trial.

    Attributes:
        values: By the ids of its parameters.
        is_done: Whether it has ended.
        value: What it has reached; None where it is at work or has ended without a measurement.
    """

    values: Mapping[str, Value]
    is_done: bool
    value: float | None


class Search(NamedTuple):
    """How a study is searched.

    Attributes:
        parameters: Its parameters.
        algorithm: A value of Algorithm.
        maximizes: Whether more is better.
        seed: Any text. The same one gives the same suggestions.
    """

    parameters: Sequence[Parameter]
    algorithm: int
    maximizes: bool
    seed: str

    def suggest(self, past: Sequence[Past]) -> dict[str, Value] | None:
        """The values of the next trial by parameter id; None where a grid has no more.

        Args:
            past: All trials so far, in the order in which they began.
        """
        if self.algorithm == Algorithm.GRID_SEARCH:
            return next(islice(grid(self.parameters), len(past), None), None)
        return self._sampled(past)

    def _sampled(self, past: Sequence[Past]) -> dict[str, Value]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            direction="maximize" if self.maximizes else "minimize", sampler=self._sampler(len(past))
        )
        study.add_trials([_told(self.parameters, trial) for trial in past])
        return _asked(study.ask(), self.parameters)

    def _sampler(self, number: int) -> BaseSampler:
        from optuna.samplers import RandomSampler, TPESampler

        # A study that is made anew with the same seed would begin with the same points.
        seed = int.from_bytes(hashlib.sha256(f"{number} {self.seed}".encode()).digest()[:4])
        if self.algorithm == Algorithm.RANDOM_SEARCH:
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, constant_liar=True)


def needs_optuna(algorithm: int) -> bool:
    """Whether an algorithm is Optuna's."""
    return algorithm != Algorithm.GRID_SEARCH


def is_optuna_there() -> bool:
    """Whether Optuna is installed."""
    return importlib.util.find_spec("optuna") is not None


def _told(parameters: Sequence[Parameter], past: Past) -> FrozenTrial:
    """An earlier trial as Optuna keeps it. One that has ended without a measurement is worse than all that have one."""
    from optuna.trial import TrialState, create_trial

    without = TrialState.PRUNED if past.is_done else TrialState.RUNNING
    values = list(active(parameters, past.values))
    return create_trial(
        state=without if past.value is None else TrialState.COMPLETE,
        value=past.value,
        params={one.key: _inner(one, value) for one, value in values},
        distributions={one.key: _distribution(one) for one, _ in values},
    )


def _asked(trial: Trial, parameters: Sequence[Parameter]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for parameter in parameters:
        value = values[parameter.id] = _outer(parameter, _suggested(trial, parameter))
        values |= _asked(trial, parameter.children_of(value))
    return values


def _suggested(trial: Trial, parameter: Parameter) -> Value:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match _distribution(parameter):
        case FloatDistribution(low=low, high=high, log=log):
            return trial.suggest_float(parameter.key, low, high, log=log)
        case IntDistribution(low=low, high=high, log=log):
            return trial.suggest_int(parameter.key, low, high, log=log)
        case CategoricalDistribution(choices=choices):
            chosen: str = trial.suggest_categorical(parameter.key, [str(choice) for choice in choices])
            return chosen
        case other:
            raise TypeError(f"A parameter has no distribution {other}.")


def _distribution(parameter: Parameter) -> BaseDistribution:
    """What a parameter is drawn from; the values of a DISCRETE one by their place, which keeps their order."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    is_log = parameter.scale in {Scale.UNIT_LOG_SCALE, Scale.UNIT_REVERSE_LOG_SCALE}
    match parameter.kind:
        case Kind.DOUBLE:
            return FloatDistribution(float(parameter.low), float(parameter.high), log=is_log)
        case Kind.INTEGER:
            return IntDistribution(int(parameter.low), int(parameter.high), log=is_log)
        case Kind.DISCRETE:
            return IntDistribution(0, len(parameter.values) - 1)
        case Kind.CATEGORICAL:
            return CategoricalDistribution([str(value) for value in parameter.values])


def _inner(parameter: Parameter, value: Value) -> Value:
    """A parameter's value as its distribution has it."""
    if parameter.kind is Kind.DISCRETE:
        return parameter.values.index(value)
    return _mirrored(parameter, value)


def _outer(parameter: Parameter, drawn: Value) -> Value:
    if parameter.kind is Kind.DISCRETE:
        return parameter.values[int(drawn)]
    return _mirrored(parameter, drawn)


def _mirrored(parameter: Parameter, value: Value) -> Value:
    """On a reverse logarithmic scale the values lie close at the upper end: a logarithmic one in a mirror."""
    if isinstance(value, str):
        return value
    mirrored = parameter.low + parameter.high - value if parameter.scale == Scale.UNIT_REVERSE_LOG_SCALE else value
    # A sum of doubles is rounded, and may lie a digit outside.
    return min(max(mirrored, parameter.low), parameter.high)

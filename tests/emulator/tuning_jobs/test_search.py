"""What is suggested; by Optuna, which is loaded."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence

import pytest
from google.cloud.aiplatform_v1.types import StudySpec

from emulator.tuning_jobs.search import Past, Search, is_optuna_there
from emulator.tuning_jobs.space import Kind, Parameter, Scale, Value

Values = dict[str, Value]
DEFAULT, GRID, RANDOM = (
    StudySpec.Algorithm.ALGORITHM_UNSPECIFIED,
    StudySpec.Algorithm.GRID_SEARCH,
    StudySpec.Algorithm.RANDOM_SEARCH,
)
RATE = Parameter("rate", "rate", Kind.DOUBLE, 1e-4, 1.0, scale=Scale.UNIT_LOG_SCALE)
LAYERS = Parameter("layers", "layers", Kind.INTEGER, 1, 6)
BATCH = Parameter("batch", "batch", Kind.DISCRETE, values=(16.0, 32.0, 128.0))
MOMENTUM = Parameter("momentum", "by[0]/momentum", Kind.DOUBLE, 0.5, 0.99, scale=Scale.UNIT_REVERSE_LOG_SCALE)
BY = Parameter(
    "by", "by", Kind.CATEGORICAL, values=("sgd", "adam"), children=((frozenset({"sgd"}), MOMENTUM),)
)  # fmt: skip
ALL = (RATE, LAYERS, BATCH, BY)


def search(*parameters: Parameter, algorithm: int = DEFAULT, seed: str = "tuned") -> Search:
    return Search(parameters or ALL, algorithm, maximizes=True, seed=seed)


def suggested(how: Search, count: int, value: Callable[[Values], float | None] = lambda _: 0.0) -> list[Values]:
    """So many suggestions, each told its value before the next."""
    past: list[Past] = []
    for _ in range(count):
        values = how.suggest(past)
        assert values is not None
        past.append(Past(values, is_done=True, value=value(values)))
    return [dict(one.values) for one in past]


def rate(values: Values) -> float:
    return float(values["rate"])


@pytest.mark.parametrize("algorithm", [DEFAULT, RANDOM])
def test_suggestions_lie_within_their_parameters(algorithm: int) -> None:
    for values in suggested(search(algorithm=algorithm), 40, rate):
        assert 1e-4 <= rate(values) <= 1.0
        assert values["layers"] in range(1, 7)
        assert isinstance(values["layers"], int)
        assert values["batch"] in {16.0, 32.0, 128.0}
        assert ("momentum" in values) == (values["by"] == "sgd")
        assert 0.5 <= float(values.get("momentum", 0.5)) <= 0.99


@pytest.mark.parametrize("algorithm", [DEFAULT, RANDOM])
def test_the_same_seed_suggests_the_same(algorithm: int) -> None:
    first, again = (suggested(search(algorithm=algorithm), 13, rate) for _ in range(2))
    assert first == again
    assert suggested(search(algorithm=algorithm, seed="another"), 1) != first[:1]
    assert all(one != other for one, other in itertools.pairwise(first))


def test_a_suggestion_needs_the_earlier_trials_alone() -> None:
    values = suggested(search(), 13, rate)
    past = [Past(one, is_done=True, value=rate(one)) for one in values[:-1]]
    assert search().suggest(past) == values[-1]


def test_the_default_searches_where_trials_were_good() -> None:
    values = suggested(search(RATE), 30, lambda one: -abs(rate(one) - 0.01))
    assert (
        sum(0.003 < rate(one) < 0.03 for one in values[10:]) > sum(0.003 < rate(one) < 0.03 for one in values[:10]) * 2
    )


def test_the_default_keeps_away_from_where_trials_failed() -> None:
    def value(values: Values) -> float | None:
        return None if values["by"] == "sgd" else 1.0

    late = [one["by"] for one in suggested(search(BY), 40, value)[20:]]
    assert late.count("adam") > 2 * late.count("sgd")


def test_parallel_trials_keep_apart() -> None:
    known = [Past({"rate": 10 ** (-4 + i / 5)}, is_done=True, value=-abs(i - 10)) for i in range(20)]
    working: Sequence[Past] = ()
    for _ in range(4):
        values = search(RATE).suggest([*known, *working])
        assert values is not None
        working = (*working, Past(values, is_done=False, value=None))
    assert len({rate(dict(one.values)) for one in working}) == 4


def spread(scale: int) -> float:
    """Which part of random draws lies in the lower half of a range from 1 to 1000."""
    parameter = Parameter("x", "x", Kind.DOUBLE, 1.0, 1000.0, scale=scale)
    return sum(float(one["x"]) < 500 for one in suggested(search(parameter, algorithm=RANDOM), 100)) / 100


def test_scales_spread_values_over_the_range() -> None:
    assert spread(Scale.UNIT_LOG_SCALE) > 0.8
    assert 0.3 < spread(Scale.UNIT_LINEAR_SCALE) < 0.7
    assert spread(Scale.UNIT_REVERSE_LOG_SCALE) < 0.2


@pytest.mark.parametrize(
    "parameter", [Parameter("x", "x", Kind.DOUBLE, 3.0, 3.0), Parameter("x", "x", Kind.INTEGER, 3, 3)]
)
def test_a_range_of_one_value_gives_it(parameter: Parameter) -> None:
    assert suggested(search(parameter), 12) == [{"x": 3}] * 12


def test_a_grid_ends() -> None:
    how = search(LAYERS, BATCH, algorithm=GRID)
    values = suggested(how, 18)
    assert len({tuple(one.items()) for one in values}) == 18
    assert how.suggest([Past(one, is_done=True, value=0.0) for one in values]) is None


def test_a_grid_needs_no_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert not is_optuna_there()
    assert suggested(search(LAYERS, algorithm=GRID), 1) == [{"layers": 1}]

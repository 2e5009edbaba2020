from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.intervals import KINDS, bootstrap_of_mean, mean_of_proportions, wilson


@pytest.mark.parametrize(
    ("hits", "trials", "interval"),
    [
        # R: binom::binom.confint(..., methods = "wilson")
        (29, 30, (0.8333, 0.9941)),
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (1, 2, (0.0945, 0.9055)),
    ],
)
def test_wilson_is_the_published_one(hits: int, trials: int, interval: tuple[float, float]) -> None:
    assert wilson(hits, trials) == pytest.approx(interval, abs=5e-5)


def test_mean_of_one_proportion_is_that_proportion_and_of_more_is_narrower() -> None:
    assert mean_of_proportions([(9, 10)]) == pytest.approx(wilson(9, 10))
    low, high = mean_of_proportions([(9, 10)] * 4)
    assert high - low == pytest.approx((wilson(9, 10)[1] - wilson(9, 10)[0]) / 2)


@pytest.mark.parametrize("rows", [500, 3 * KINDS])
def test_bootstrap_finds_the_interval_of_a_mean_from_few_kinds_as_from_many(rows: int) -> None:
    values = np.random.default_rng(3).exponential(size=rows)
    low, high = bootstrap_of_mean(values)
    half = 1.96 * values.std() / np.sqrt(rows)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)
    assert bootstrap_of_mean(values) == (low, high) != bootstrap_of_mean(values, seed=1)

from __future__ import annotations

import pytest

from benchmarks.series import Series, pair_ratio


def test_median_is_the_middle_value() -> None:
    assert Series("one", (5.0, 1.0, 2.0), {}).median == 2.0


def test_ratio_is_the_median_of_the_pairs_and_not_that_of_the_medians() -> None:
    # The machine was half as fast in the first repeat, for both.
    ours, other = Series("ours", (10.0, 40.0, 44.0), {}), Series("other", (5.0, 10.0, 11.0), {})
    assert pair_ratio(ours, other) == 4.0


def test_ratio_refuses_series_that_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        pair_ratio(Series("ours", (1.0, 2.0), {}), Series("other", (1.0,), {}))

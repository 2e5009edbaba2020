from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.endpoints.traffic import choose, require_split, split_after_deploy, split_after_undeploy


@st.composite
def whole_splits(draw: st.DrawFn) -> dict[str, int]:
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=5)))
    shares = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return {str(number): share for number, share in enumerate(shares, start=1)}


@given(whole_splits())
def test_require_split_takes_every_whole_split(split: dict[str, int]) -> None:
    require_split(split, split.keys())


@pytest.mark.parametrize(
    ("split", "sentence"),
    [
        ({"1": 99}, "must add up to 100. Received: 99 in all"),
        ({"1": 101}, "must lie between 0 and 100"),
        ({"1": 150, "2": -50}, "must lie between 0 and 100"),
        ({"1": 50, "9": 50}, r"DeployedModel ID\(s\) \[9\] do not exist"),
        ({"0": 100}, r"DeployedModel ID\(s\) \[0\] do not exist"),
    ],
)
def test_require_split_refuses_what_is_not_whole(split: dict[str, int], sentence: str) -> None:
    with pytest.raises(ApiError, match=sentence):
        require_split(split, ["1", "2"])


@given(whole_splits(), st.integers(0, 100))
def test_split_after_deploy_stays_whole(current: dict[str, int], share: int) -> None:
    heaviest = max(current, key=lambda name: current[name])
    asked = {"0": share, heaviest: 100 - share}
    after = split_after_deploy(current, current, asked, "77")
    assert after == {"77": share, heaviest: 100 - share}
    assert split_after_deploy(current, current, {}, "77") == current


@pytest.mark.parametrize(
    ("current", "asked", "after"),
    [
        ({"1": 100}, {}, {}),
        ({"1": 100}, {"1": 100}, {}),
        ({}, {}, {}),
    ],
)
def test_split_after_undeploy_of_the_last_is_empty(
    current: dict[str, int], asked: dict[str, int], after: dict[str, Any]
) -> None:
    assert split_after_undeploy(current, ["1"], asked, "1") == after


def test_split_after_undeploy_applies_the_split_first() -> None:
    current = {"1": 60, "2": 40}
    assert split_after_undeploy(current, ["1", "2"], {"1": 0, "2": 100}, "1") == {"2": 100}
    assert split_after_undeploy({"1": 100, "2": 0}, ["1", "2"], {}, "2") == {"1": 100}
    with pytest.raises(ApiError, match="The DeployedModel 1 has 60 % of the endpoint's traffic"):
        split_after_undeploy(current, ["1", "2"], {}, "1")


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - shares of traffic are no secret


def test_choose_follows_the_weights_and_never_takes_an_idle_model() -> None:
    random = seeded(1)
    counts = Counter(choose({"1": 70, "2": 30, "3": 0}, random) for _ in range(10_000))
    assert set(counts) == {"1", "2"}
    assert 2_800 < counts["2"] < 3_200


def test_choose_gives_none_without_traffic() -> None:
    assert choose({}, seeded(1)) is None
    assert choose({"1": 0}, seeded(1)) is None


def test_choose_repeats_with_a_seed() -> None:
    picks = [[choose({"1": 50, "2": 50}, random) for _ in range(50)] for random in (seeded(3), seeded(3))]
    assert picks[0] == picks[1]

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.models.aliases import aliases_of_new_version, merged
from tests.growth import assert_linear

NAMES = st.sampled_from(["champion", "challenger", "golden", "default"])


def test_the_first_version_is_the_default_even_unasked() -> None:
    assert aliases_of_new_version({}, "1", []) == {"1": ["default"]}
    assert aliases_of_new_version({}, "1", ["default", "a1"]) == {"1": ["default", "a1"]}
    assert aliases_of_new_version({}, "1", ["a1"]) == {"1": ["a1", "default"]}


def test_a_new_version_takes_only_what_it_asks_for() -> None:
    before = {"1": ["default", "a1"]}
    assert aliases_of_new_version(before, "2", []) == {"1": ["default", "a1"], "2": []}
    assert aliases_of_new_version(before, "2", ["a1"]) == {"1": ["default"], "2": ["a1"]}


@given(st.lists(st.tuples(st.integers(1, 4), st.lists(NAMES | NAMES.map("-{}".format), min_size=1)), max_size=10))
def test_any_merges_keep_aliases_unique_and_one_default(merges: list[tuple[int, list[str]]]) -> None:
    aliases: dict[str, list[str]] = {}
    for number in range(1, 5):
        aliases = aliases_of_new_version(aliases, str(number), [])
    for version, changes in merges:
        if "-default" in changes and "default" not in changes:
            with pytest.raises(ApiError, match="the alias default cannot be removed, only moved"):
                merged(aliases, str(version), changes)
            continue
        aliases = merged(aliases, str(version), changes)
        held = [alias for names in aliases.values() for alias in names]
        assert len(held) == len(set(held))
        assert held.count("default") == 1


def test_merged_keeps_the_order_in_which_aliases_came() -> None:
    assert merged({"1": ["default"]}, "1", ["b1", "a1", "b1"]) == {"1": ["default", "b1", "a1"]}


@pytest.mark.parametrize("changes", [[], ["x"], ["-1"], ["a_b"], [""]])
def test_merged_refuses_what_is_no_alias(changes: list[str]) -> None:
    with pytest.raises(ApiError, match="version_aliases"):
        merged({"1": ["default"]}, "1", changes)


def test_many_aliases_are_looked_up_and_not_searched() -> None:
    def changes(size: int) -> tuple[dict[str, list[str]], list[str]]:
        held = [f"held-{number}" for number in range(size)]
        return {"1": held}, [*(f"-{alias}" for alias in held), *(f"new-{number}" for number in range(size))]

    assert_linear(lambda given: merged(given[0], "1", given[1]), changes, 500)

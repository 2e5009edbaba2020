from __future__ import annotations

from typing import Any

import pytest
import yaml

from emulator.plain_yaml import LimitError, load_plain
from tests.growth import assert_linear


def loaded(text: str, most_values: int = 12, deepest: int = 3) -> Any:
    return load_plain(text, most_values, deepest)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("1", 1),
        ("a: [1, x]", {"a": [1, "x"]}),
        ('{"a": [1e-05, 2]}', {"a": [1e-05, 2]}),
        ("{a: 1}", {"a": 1}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {b: 1}\nc: {<<: *x}", {"a": {"b": 1}, "c": {"b": 1}}),
        ("1\n---\n2", 1),
        ("1" * 2000 + "x", "1" * 2000 + "x"),
    ],
)
def test_a_small_text_is_read(text: str, value: Any) -> None:
    assert loaded(text) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (str([1] * 12), "must hold at most 12 values, 3 deep in each other"),
        ("- 1\n" * 12, "must hold at most 12 values, 3 deep in each other"),
        ("[[[[1]]]]", "must hold at most 12 values, 3 deep in each other"),
        ("- - - - 1", "must hold at most 12 values, 3 deep in each other"),
        ("[" * 100_000, "is nested too deeply"),
        ("a: &x [1, 1]\nb: &y [*x, *x]", "must hold at most 12 values"),
        ("a: &x {b: 1, c: 1}\nd: {<<: [*x, *x, *x]}", "must hold at most 12 values"),
        ("a: &x [[1]]\nb: [*x]", "3 deep in each other"),
        ("&x [*x]", "holds itself"),
        ("&x {a: [*x]}", "holds itself"),
        ("a: 1" + ":1" * 600, "holds a number of more than 1000 characters"),
    ],
)
def test_a_text_that_comes_to_more_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(LimitError, match=sentence):
        loaded(text)


@pytest.mark.parametrize("text", ["a: [", "{a: b: c}", "*x", '"\\x"'])
def test_what_is_no_yaml_is_told_so(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        loaded(text)


@pytest.mark.parametrize("text", ["2026-13-41", "9" * 900 + "9" * 90])
def test_a_value_that_is_none_is_told_so(text: str) -> None:
    if text.isdigit():
        assert loaded(text) == int(text)
    else:
        with pytest.raises(ValueError, match="month must be in"):
            loaded(text)


def test_aliases_within_aliases_take_no_longer_than_their_text() -> None:
    def bomb(size: int) -> str:
        return "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, size))

    assert_linear(lambda text: load_plain(text, 1 << 30, 100), bomb, 20, refusal=LimitError)

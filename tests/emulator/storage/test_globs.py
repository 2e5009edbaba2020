from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.storage.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("*.csv", ["a.csv", ".csv"], ["a/b.csv", "a.csv2"]),
        ("**.csv", ["a/b.csv", "a.csv"], ["a.txt"]),
        ("a/**/b", ["a//b", "a/x/y/b"], ["a/b"]),
        ("?x", ["ax"], ["/x", "x"]),
        ("[a-c]1", ["a1", "c1"], ["d1"]),
        ("[!a-c]1", ["d1"], ["a1", "/1"]),
        ("{a,b/*}x", ["ax", "b/cx"], ["bx", "a/x"]),
        ("", [""], ["a"]),
    ],
)
def test_a_glob_takes_whole_names(pattern: str, taken: list[str], refused: list[str]) -> None:
    glob = Glob(pattern)
    assert [name for name in taken if not glob.matches(name)] == []
    assert [name for name in refused if glob.matches(name)] == []


@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=8))
def test_a_glob_is_the_regular_expression_that_it_stands_for(pattern: str, name: str) -> None:
    parts = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = re.sub(r"\*\*|\*|\?|.", lambda found: parts.get(found[0], re.escape(found[0])), pattern)
    assert Glob(pattern).matches(name) is bool(re.fullmatch(expression, name))


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{a", "brace that is not closed"),
        ("[a", "bracket that is not closed"),
        ("a" * 1025, "more than 1024 characters"),
        ("{a,b}" * 7, "more than 100 alternatives"),
    ],
)
def test_a_glob_without_an_end_or_a_bound_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(ApiError, match=told):
        Glob(pattern)

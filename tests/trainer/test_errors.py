"""Errors carry exit codes, and their sentences name what is near."""

from __future__ import annotations

import pytest

from tests.growth import assert_linear
from trainer.errors import (
    PROBLEMS_SHOWN,
    ContractError,
    DataError,
    ProjectError,
    TrainingError,
    UsageError,
    nearest,
    one_of,
    quoted,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(ProjectError, 1), (TrainingError, 1), (UsageError, 2), (ContractError, 2)],
)
def test_an_error_has_the_exit_code_of_its_kind(kind: type[ProjectError], code: int) -> None:
    assert kind("sentence").exit_code == code
    assert DataError(["sentence"]).exit_code == 1


def test_one_problem_is_a_sentence() -> None:
    assert str(DataError(["Only this."])) == "Only this."


def test_many_problems_are_a_list_of_the_first_and_how_many_more() -> None:
    error = DataError([f"Problem {i}." for i in range(30)])
    assert error.total == 30
    lines = str(error).splitlines()
    assert lines[:2] == ["30 problems:", "  - Problem 0."]
    assert len(lines) == PROBLEMS_SHOWN + 2
    assert lines[-1] == "  ... and 10 more."


def test_problems_beyond_those_kept_are_counted() -> None:
    error = DataError(["First.", "Second."], total=1000)
    assert str(error).splitlines() == ["1000 problems:", "  - First.", "  - Second.", "  ... and 998 more."]


def test_nearest_hints_at_a_close_word_whatever_its_case() -> None:
    assert nearest("virginca", ["setosa", "virginica"]) == ' Did you mean "virginica"?'
    assert nearest("NO", ["no", "yes"]) == ' Did you mean "no"?'
    assert nearest("rose", ["setosa", "virginica"]) == ""
    assert nearest("rose", []) == ""
    assert nearest("a", ["\u200ba"]) == ' Did you mean "\\u200ba"?'


def test_quoted_keeps_text_on_one_line_and_short() -> None:
    assert quoted("Größe") == '"Größe"'
    assert quoted("a\nb\0\u200b") == '"a\\nb\\x00\\u200b"'
    assert quoted("x" * 61) == '"' + "x" * 57 + '..."'


def test_one_of_lists_words_and_shortens_many() -> None:
    assert one_of([]) == ""
    assert one_of(["a"]) == '"a"'
    assert one_of(["a", "b", "c"]) == '"a", "b" or "c"'
    assert one_of("abcdefg") == 'one of "a", "b", "c", "d", "e", "f" ... (7 in all)'


def test_nearest_looks_at_so_many_words_and_no_further() -> None:
    many = [f"word {number:05}" for number in range(20_000)]
    assert nearest("wrod 00001", many) == ' Did you mean "word 00001"?'
    assert nearest("wrod 19999", many) == ' Did you mean "word 01999"?'
    assert nearest("x" * 1_000_000, many) == ""
    assert_linear(lambda words: nearest("wrod 00001", words), lambda size: many[:size], 10_000)
    assert_linear(lambda word: nearest(word, [word[1:]] * 50), lambda size: "ab" * size, 1000)

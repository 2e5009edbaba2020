from __future__ import annotations

import numpy as np
import pytest

from trainer.contract import Contract, parse_contract
from trainer.evaluation.comparison import compare, same_contract

LABELS = np.zeros(10, np.int64)


def answers(right: int) -> np.ndarray:
    """Answers to `LABELS` of which the first ones are right."""
    return np.eye(2)[[0] * right + [1] * (10 - right)]


@pytest.mark.parametrize(("ours", "theirs", "gain"), [(9, 7, 0.2), (7, 9, -0.2), (8, 8, 0.0)])
def test_gain_is_the_difference_on_the_same_rows(ours: int, theirs: int, gain: float) -> None:
    compared = compare(LABELS, answers(ours), answers(theirs), "3")
    assert compared.version == "3"
    assert compared.value == theirs / 10
    assert compared.gain == pytest.approx(gain)
    assert compared.low <= compared.gain <= compared.high


def test_interval_of_equal_answers_is_a_point() -> None:
    compared = compare(LABELS, answers(8), answers(8), "1")
    assert (compared.low, compared.high) == (0.0, 0.0)


def test_interval_narrows_with_more_rows_and_repeats_itself() -> None:
    few = compare(LABELS, answers(9), answers(7), "1")
    many = compare(np.tile(LABELS, 100), np.tile(answers(9), (100, 1)), np.tile(answers(7), (100, 1)), "1")
    assert many.high - many.low < (few.high - few.low) / 5
    assert few == compare(LABELS, answers(9), answers(7), "1")


def test_interval_is_paired() -> None:
    """Right on other rows is less sure a gain than right on the same ones and more."""
    nested = compare(LABELS, answers(9), answers(7), "1")
    crossed = compare(LABELS, answers(9)[::-1], answers(7), "1")
    assert crossed.high - crossed.low > nested.high - nested.low


def contract(column: str) -> Contract:
    text = f'name = "c"\n[[columns]]\nname = "x"\nkind = "numeric"\n{column}\n'
    return parse_contract(f'{text}[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'.encode(), "c.toml")


def test_same_contract_cares_for_columns_and_not_for_words_about_them() -> None:
    assert same_contract(contract(""), contract('description = "the first"\nunit = "cm"'))
    assert not same_contract(contract(""), contract("max = 3.0"))

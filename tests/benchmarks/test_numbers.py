from __future__ import annotations

import pytest

from benchmarks.numbers import number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.6, "0.6"),
        (0.04567, "0.0457"),
        (2, "2"),
        (12.34, "12.3"),
        (100, "100"),
        (999.4, "999"),
        (2_000_000.4, "2,000,000"),
        (-3.456, "-3.46"),
        (float("inf"), "inf"),
    ],
)
def test_number_keeps_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text

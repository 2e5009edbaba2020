"""Formats of numbers and dates: one rule in Python, in arrow and in TensorFlow."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.contract.date_format import EPOCH, DateFormat
from trainer.contract.number_format import APOSTROPHES, NumberFormat
from trainer.tables.formatted_numbers import plain_numbers

EXAMPLES = ["$1,234.5", "1.234,5 €", "1 234,5", "1'234.5", "1234.5%", "1,234.5 kg", "1234,5", "R$ 1.234,5", "1234.5 m2"]
DATES = ["%Y-%m-%d", "%d.%m.%y", "%b %d, %Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S%z", "%m/%d/%Y %I:%M %p", "%a, %d %B %Y"]


@pytest.mark.parametrize(
    ("example", "cells"),
    [
        ("$1,234.5", {"$1,007": "1007", "($5.50)": "-5.50", "-$3": "-3", "$-3": "-3", "$(4)": "-4", "7": "7"}),
        ("$1,234.5", {"1,00,000": "100000", "1,0": None, "5 $": None, "--5": None, "(5": None, "€5": None, "": None}),
        ("1.234,5 €", {"1.007": "1007", "1,5": "1.5", "1.5": None, "-3,5 €": "-3.5", "1.234.567,25": "1234567.25"}),
        ("1234.5%", {"12%": "12", "12 %": "12", "(12)%": "-12", "(12%)": "-12", "12 % %": None}),
        ("1 234.5", {"1\u00a0007": "1007", "1\u202f007.5": "1007.5", "1 07": None}),
        (
            "1234.5",
            {"\u22127": "-7", "\u20137": "-7", "5-": "-5", "+3": "3", "+-3": None, "1e-5": "1e-5", "0x10": None},
        ),
    ],
)
def test_number_format_reads_what_a_person_reads(example: str, cells: dict[str, str | None]) -> None:
    form = NumberFormat.of(example)
    assert {cell: form.plain(cell) for cell in cells} == cells
    assert plain_numbers(pa.array(list(cells)), form).to_pylist() == list(cells.values())


@pytest.mark.parametrize("example", EXAMPLES)
def test_number_format_reads_its_own_example_and_what_it_writes(example: str) -> None:
    form = NumberFormat.of(example)
    assert form.plain(example) == form.plain(form.example) == "1234.5"
    assert NumberFormat.of(form.example) == form
    assert float(form.plain(form.written(-1e-7)) or "nan") == -1e-7


@pytest.mark.parametrize("example", ["", "12", "1234.6", "1,234,5", "$", "-1234.5", "(1234.5)", "1;234.5"])
def test_number_format_refuses_what_is_not_its_number(example: str) -> None:
    with pytest.raises(ValueError, match=r"must be the number 1234\.5 as the column writes it"):
        NumberFormat.of(example)


@pytest.mark.parametrize("text", DATES)
@settings(max_examples=30)
@given(seconds=st.integers(-900_000_000, 2_100_000_000))
def test_date_format_counts_days_as_the_calendar_does(text: str, seconds: int) -> None:
    cell = (EPOCH + datetime.timedelta(seconds=seconds)).strftime(text)
    zoned = (cell, text) if "%z" in text else (f"{cell} +0000", f"{text} %z")
    expected = datetime.datetime.strptime(*zoned) - EPOCH  # noqa: DTZ007 - it has a zone
    assert DateFormat.of(text).days(cell) == expected.days + expected.seconds / 86_400


@pytest.mark.parametrize(
    ("text", "cell", "days"),
    [
        ("%Y-%m-%d", "2024-02-29", 8825.0),
        ("%Y-%m-%d", "2023-02-29", None),
        ("%Y-%m-%d", "2023-13-01", None),
        ("%d.%m.%Y", "1.1.2000", 0.0),
        ("%Y%m%d", "20000102", 1.0),
        ("%Y%m%d", "2000012", None),
        ("%Y-%m", "2000-02", 31.0),
        ("%d %b %Y", "2 SEPT 2000", 245.0),
        ("%Y-%m-%d %H:%M%z", "2000-01-01 02:00+02:00", 0.0),
        ("%Y-%m-%d %H:%M%z", "1999-12-31 12:00Z", -0.5),
        ("%m/%d/%Y %I %p", "1/2/2000 12 am", 1.0),
    ],
)
def test_date_format_reads_what_a_person_reads(text: str, cell: str, days: float | None) -> None:
    assert DateFormat.of(text).days(cell) == days


@pytest.mark.parametrize("text", ["", "%d.%m.", "%Q", "%Y-%Y", "%Y %", "%Y %I", "%Y %d", " %Y", "%y %Y"])
def test_date_format_refuses_codes_that_make_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date in the codes of strptime"):
        DateFormat.of(text)


MARKS = st.sampled_from([*"0123456789$€%.,'-+() e", "\u00a0", "\u202f", "\u2212", "kg", "1,234", "1.234", "m2"])
CELLS = st.lists(st.one_of(st.lists(MARKS, max_size=8).map("".join), st.text(max_size=4)), min_size=1, max_size=20)


def _encodable(cells: list[str]) -> list[str]:
    return [cell.encode(errors="ignore").decode().strip() for cell in cells]


@settings(max_examples=200)
@given(example=st.sampled_from(EXAMPLES), cells=CELLS)
def test_arrow_reads_formatted_numbers_as_python_does(example: str, cells: list[str]) -> None:
    form, cells = NumberFormat.of(example), _encodable(cells)
    assert plain_numbers(pa.array(cells, pa.string()), form).to_pylist() == [form.plain(cell) for cell in cells]


@pytest.mark.tensorflow
@settings(max_examples=40, deadline=None)
@given(example=st.sampled_from(EXAMPLES), cells=CELLS)
def test_tensorflow_reads_formatted_numbers_as_python_does(example: str, cells: list[str]) -> None:
    from trainer.model.formats import plain_numbers as in_graph

    form, cells = NumberFormat.of(example), _encodable(cells)
    read = [text.decode() for text in in_graph(np.array(cells, object), form).numpy()]
    assert read == ["" if not cell else form.plain(cell) or "no number" for cell in cells]


@pytest.mark.tensorflow
@pytest.mark.parametrize("text", DATES)
def test_tensorflow_reads_dates_as_python_does(text: str) -> None:
    from trainer.model.formats import days

    form = DateFormat.of(text)
    cells = [form.written(day) for day in np.random.default_rng(1).uniform(-10_000, 20_000, 200)]
    expected = np.array([form.days(cell) for cell in cells], np.float64).astype(np.float32)
    assert (days(np.array(cells, object), form, "when").numpy() == expected).all()
    assert np.isnan(days(np.array(["", cells[0]], object), form, "when").numpy()[0])


@pytest.mark.tensorflow
@pytest.mark.parametrize("cell", ["2023-02-29", "x", "2024-1", "2024-01-01 "])
def test_tensorflow_refuses_what_python_does_not_take_for_a_date(cell: str) -> None:
    import tensorflow as tf

    from trainer.model.formats import days

    form = DateFormat.of("%Y-%m-%d")
    assert form.days(cell) is None
    with pytest.raises(tf.errors.InvalidArgumentError, match=r'Column "when" holds what is no date'):
        days(np.array(["2024-01-01", cell], object), form, "when")


def test_apostrophes_and_spaces_are_each_one_separator() -> None:
    assert {NumberFormat.of(f"1{mark}234.5").plain("1\u2019007") for mark in APOSTROPHES} == {"1007"}

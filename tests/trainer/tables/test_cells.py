"""Cells: the fast way and the careful way agree, and a bad cell is explained."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import assert_linear
from trainer.contract import CategoricalColumn, Contract, LabelColumn, NumericColumn, parse_contract
from trainer.tables.blocks import Block
from trainer.tables.cells import (
    LabelCells,
    NumberCells,
    WordCells,
    is_count,
    is_decimal_comma,
    is_number,
)
from trainer.tables.rows import RowConverter, Rows
from trainer.tables.words import Words

CONTRACT = parse_contract(
    b"""
name = "cells"
file.missing = ["NA", "?", "-9"]
[[columns]]
name = "free"
kind = "numeric"
[[columns]]
name = "bounded"
kind = "numeric"
min = -1.0
max = 1.0
impute = "mean"
[[columns]]
name = "listed"
kind = "categorical"
vocabulary = ["red", "NA", "1"]
impute = "red"
[[columns]]
name = "learned"
kind = "categorical"
[[columns]]
name = "class"
kind = "label"
classes = ["NA", "b"]
""",
    "schema.toml",
)


def plain(rows: Rows) -> dict[str, list[object]]:
    features = {
        name: values.to_array().tolist() if isinstance(values, Words) else [str(value) for value in values]
        for name, values in rows.features.items()
    }
    return {**features, "labels": rows.labels.tolist()}


NUMBERS = st.one_of(
    st.text("0123456789+-.eE_ ,xnaif", max_size=8),
    st.floats(width=64).map(repr),
    st.sampled_from(["", " ", "nan", "inf", "1e39", "1e400", "3.4028235e38", "-9", "-9.0", " NA", "NA ", "?", "\xa05"]),
)
WORDS = st.one_of(
    st.sampled_from(["red", " red", "NA", "?", "1", "", "b", "B ", "\t"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)


@settings(max_examples=400)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, WORDS, WORDS, WORDS), min_size=1, max_size=4))
def test_the_fast_way_takes_nothing_that_the_careful_way_refuses(records: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(records)
    converter = RowConverter(CONTRACT, [column.name for column in CONTRACT.columns])
    careful, bad = converter.check(records)
    fast = converter.convert(Block(text.getvalue().encode(), 1))
    if fast is not None:
        assert not bad.any()
        assert plain(fast) == plain(careful)


@settings(max_examples=200)
@given(
    st.lists(
        # -9 means a missing value there.
        st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False).filter(lambda x: x != -9),
        min_size=1,
    )
)
def test_clean_numbers_go_the_fast_way_bit_by_bit(numbers: list[float]) -> None:
    text = "".join(f"{number!r},0,red,x,b\n" for number in numbers)
    rows = RowConverter(CONTRACT, [column.name for column in CONTRACT.columns]).convert(Block(text.encode(), 1))
    assert rows is not None
    np.testing.assert_array_equal(rows.features["free"], np.float32(numbers))  # type: ignore[arg-type]


def number(cell: str, **keys: object) -> str:
    cells = NumberCells(NumericColumn.model_validate({"name": "x", "kind": "numeric", **keys}), ["?", "-9"])
    assert cells.parse([cell])[1].tolist() == [True]
    return cells.explain(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", 'is blank. Write a number, or let the contract fill it in with impute = "mean"'),
        (" \xa0", "is blank."),
        ("?", 'received "?", a missing value. Write a number, or add impute = "mean" to the contract'),
        ("-9.0", 'received "-9.0", a missing value.'),
        (
            "abc",
            'received "abc", which is no number. Write one such as 0.2, without unit or thousands separator',
        ),
        ("5 cm", 'received "5 cm", which is no number.'),
        ("0x10", "which is no number."),
        ("1_000", "which is no number."),
        ("1e", "which is no number."),
        ("٣", "which is no number."),
        ("5,1", "which is no number. Write a decimal point: 5.1"),
        ("1.234,5", "Write a decimal point: 1234.5"),
        (
            "N/A",
            'which is no number. If it means a missing value, add "N/A" to missing under [file] in the',
        ),
        ("nan", 'add "nan" to missing'),
        ("-inf", 'received "-inf", which is not finite. Write a finite number'),
        ("1e39", 'received "1e39", which float32 cannot hold (at most 3.4e38). Write it in a larger unit'),
        ("-1e999", "which float32 cannot hold"),
    ],
)
def test_a_bad_number_is_explained(cell: str, expected: str) -> None:
    assert expected in number(cell)


def test_a_number_out_of_bounds_is_explained_with_the_bound_and_its_unit() -> None:
    assert number("31", max=30.0, unit="cm") == (
        'received "31", which lies above max = 30.0 cm. Correct the cell, or max in the contract'
    )
    assert number("-0.5", min=0.0) == (
        'received "-0.5", which lies below min = 0.0. Correct the cell, or min in the contract'
    )


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.70000001", np.float32(0.7)),  # as float32 it is not above max
        ("-1e-40", 0.0),  # TensorFlow takes it for zero, which is not below min
        ("0.10000000001", np.nan),  # as float32 it is the missing value
    ],
)
def test_a_number_is_held_to_the_contract_as_float32(cell: str, value: float) -> None:
    column = NumericColumn(name="x", kind="numeric", min=0.0, max=0.7, impute="mean")
    cells = NumberCells(column, ["0.1"])
    values, bad = cells.parse([cell])
    assert not bad.any()
    np.testing.assert_array_equal(values, np.array([value], np.float32))
    fast = cells.convert_json([float(cell)])
    np.testing.assert_array_equal(values if fast is None else fast, values)


def label(cell: str, values: tuple[str, ...] | None = None) -> str:
    column = LabelColumn(name="y", kind="label", classes=("setosa", "virginica"), values=values)
    cells = LabelCells(column, ["?"])
    assert cells.parse([cell])[1].tolist() == [True]
    return cells.explain(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", 'is blank: the row is unlabelled. Write "setosa" or "virginica", or take the row out'),
        ("?", 'received "?": the row is unlabelled.'),
        (
            "virginca",
            (
                'received "virginca", which is no class of the contract. Did you mean "virginica"? '
                'Write "setosa" or "virginica"'
            ),
        ),
        ("SETOSA", 'Did you mean "setosa"?'),
        ("rose", 'received "rose", which is no class of the contract. Write "setosa" or "virginica"'),
    ],
)
def test_a_bad_label_is_explained(cell: str, expected: str) -> None:
    assert expected in label(cell)


def test_a_label_that_is_written_otherwise_is_explained() -> None:
    values = ("0", "1")
    assert 'The contract says that files write this class as "0" (values). Write "0" or "1"' in label("setosa", values)
    assert 'received "1.0", which is no class of the contract. Did you mean "1"?' in label("1.0", values)


def word(cell: str, vocabulary: tuple[str, ...] | None) -> str:
    cells = WordCells(CategoricalColumn(name="c", kind="categorical", vocabulary=vocabulary), ["?"])
    assert cells.parse([cell])[1].tolist() == [True]
    return cells.explain(cell)


def test_a_bad_word_is_explained() -> None:
    assert word("", None) == "is blank. Write a word, or let the contract fill it in with impute"
    assert word("?", ("red",)).startswith('received "?", a missing value. Write a word')
    assert word("rad", ("red", "blue")) == (
        'received "rad", which is not in the vocabulary. Did you mean "red"? '
        'Write "red" or "blue", or add the word to the contract'
    )
    assert 'Write one of "w0", "w1", "w2", "w3", "w4", "w5" ... (9 in all)' in word(
        "x", tuple(f"w{i}" for i in range(9))
    )


def test_a_word_holds_no_nul_byte() -> None:
    assert word("re\0d", None) == 'received "re\\x00d", which holds a NUL byte. Take it out'


def test_numbers_are_decimal() -> None:
    assert all(map(is_number, ["5", "-0.2", "+.5", "5.", "1e-3", "007"]))
    assert not any(map(is_number, ["", ".", "e5", "1e", "0x1", "1_0", "nan", "1 2", "--1", "+-1"]))
    assert all(map(is_decimal_comma, ["5,1", "-1.234,50", "1 234,5"]))
    assert not any(map(is_decimal_comma, ["5,", ",5", "a,1", "1,2,3"]))


def test_the_contract_of_these_tests_reads_every_kind() -> None:
    assert isinstance(CONTRACT, Contract)
    assert {column.kind for column in CONTRACT.columns} == {"numeric", "categorical", "label"}


def test_counts_are_digits_of_a_length_that_can_be_meant() -> None:
    assert is_count("0120")
    assert not any(map(is_count, ["", "-1", "1.0", "٣", "9" * 5000]))


@pytest.mark.parametrize("digits", ["{}x", "{}.", "-{}e", "{},", ".{}e+", "{}.{}"])
def test_a_long_number_is_read_once(digits: str) -> None:
    def read(text: str) -> None:
        is_number(text)
        is_decimal_comma(text)

    assert_linear(read, lambda size: digits.replace("{}", "1" * size), 1500)

"""First records: names, counts or data, each held against the contract."""

from __future__ import annotations

import pytest

from tests.growth import assert_linear
from trainer.contract import Contract, parse_contract
from trainer.tables.headers import Layout, read_layout

COLUMNS = """
[[columns]]
name = "length"
kind = "numeric"
[[columns]]
name = "colour"
kind = "categorical"
[[columns]]
name = "note"
kind = "ignored"
[[columns]]
name = "species"
kind = "label"
classes = ["setosa", "virginica"]
values = ["0", "1"]
"""
NAMES = ("length", "colour", "note", "species")
ROW = "5.1,red,,0\n"


def contract(header: str, delimiter: str = ",") -> Contract:
    text = f'name = "x"\nfile.header = "{header}"\nfile.delimiter = "{delimiter}"\n{COLUMNS}'
    return parse_contract(text.encode(), "schema.toml")


def refused(first: str, header: str, second: str = ROW) -> list[str]:
    problems = read_layout(first, second, contract(header)).problems
    assert problems
    return list(problems)


def test_names_say_which_column_stands_where() -> None:
    layout = read_layout(' species ,"length",note,colour\r\n', ROW, contract("names"))
    assert layout == Layout(("species", "length", "note", "colour"))


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (
            "length,colour,note",
            (
                'the column "species" is missing. Received the columns "length, colour, note". '
                "Add it, or correct its name"
            ),
        ),
        ("length,colour,note,spezies", 'the column "species" is missing. Did you mean "spezies"?'),
        ("length,colour,note,SPECIES", 'the column "species" is missing. Did you mean "SPECIES"?'),
        (
            "length,colour,note,species,id",
            ('the column "id" is not in the contract. Add it there with kind = "ignored", or take it out of the file'),
        ),
        ("length,colour,note,species,", "column 5 has no name. Name it, and add it to the contract"),
        ("length,colour,note,species,note", 'the column name "note" stands there more than once. Keep one'),
        (
            "5.1,red,,0",
            (
                'holds data, not column names. Set header = "none" under [file] in the contract, '
                "or put a line of names before it"
            ),
        ),
        (
            "150,3,setosa,virginica",
            'holds counts, not column names. Set header = "counts" under [file] in the contract',
        ),
        ("sep=,", "holds Excel's note of its delimiter, not column names. Take the line out"),
    ],
)
def test_names_that_differ_from_the_contract_are_refused(first: str, expected: str) -> None:
    assert refused(first, "names")[0].startswith(expected)


def test_every_difference_is_told() -> None:
    problems = refused("length,length,extra,,note,note", "names")
    assert [problem.split(".")[0] for problem in problems] == [
        'the column "colour" is missing',
        'the column "species" is missing',
        'the column "extra" is not in the contract',
        "column 4 has no name",
        'the column name "length" stands there more than once',
        'the column name "note" stands there more than once',
    ]


def test_rows_are_readable_unless_columns_are_missing_or_doubled() -> None:
    rules = contract("names")
    assert read_layout("length,colour,note,species,id", ROW, rules) == Layout(
        (*NAMES, None), problems=tuple(refused("length,colour,note,species,id", "names"))
    )
    assert not read_layout("length,colour,note", ROW, rules).readable
    assert not read_layout("length,colour,note,species,note", ROW, rules).readable


@pytest.mark.parametrize("first", ["2,3,setosa,virginica", "2,2,setosa,virginica", "2,3, setosa,virginica,,\n"])
def test_a_count_line_claims_rows(first: str) -> None:
    assert read_layout(first, ROW, contract("counts")) == Layout(NAMES, claimed_rows=2)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (
            "2,4,setosa,virginica",
            "the count line says 4 features, but the contract has 2. Correct the one or the other",
        ),
        (
            "2,2,virginica,setosa",
            (
                'the count line names the classes "virginica, setosa", but the contract "setosa, virginica". '
                "Correct the one or the other; the order counts"
            ),
        ),
        ("2,2,setosa,,virginica", 'the count line names the classes "setosa, , virginica"'),
        (
            "length,colour,note,species",
            (
                "should hold rows,features,class names but seems to hold column names. "
                'Received: "length,colour,note,species". Set header = "names" under [file] in the contract'
            ),
        ),
        (
            "4.9,red,,0",
            (
                'should hold rows,features,class names but seems to hold data. Received: "4.9,red,,0". '
                'Set header = "none" under [file] in the contract'
            ),
        ),
    ],
)
def test_a_count_line_that_lies_is_refused(first: str, expected: str) -> None:
    [problem] = refused(first, "counts")
    assert problem.startswith(expected)


def test_a_table_without_header_begins_with_data() -> None:
    assert read_layout(ROW, ROW, contract("none")) == Layout(NAMES, header=False)
    assert read_layout(",blue,,1", ROW, contract("none")) == Layout(NAMES, header=False)
    assert read_layout("abc,red,,0", "", contract("none")) == Layout(NAMES, header=False)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (
            "length,colour,note,species",
            'holds the column names, not data. Set header = "names" under [file] in the contract',
        ),
        (
            "150,2,setosa,virginica",
            'holds counts, not data. Set header = "counts" under [file] in the contract',
        ),
        (
            "Länge,Farbe,,Art",
            (
                'seems to hold column names, not data. Received: "Länge, Farbe, , Art". Take the line out, '
                'or give the columns these names in the contract and set header = "names"'
            ),
        ),
    ],
)
def test_a_header_is_refused_where_data_should_begin(first: str, expected: str) -> None:
    assert refused(first, "none") == [expected]


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("names", "length;colour;note;species", "5.1;red;;0"),
        ("counts", "2;3;setosa;virginica", "5.1;red;;0"),
        ("none", "5.1;red;;0", ""),
        ("none", "5,1;red;x;0", ""),
    ],
)
def test_another_delimiter_is_recognised(header: str, first: str, second: str) -> None:
    assert refused(first, header, second) == [
        (
            "the cells seem to be separated by semicolons, not by commas. "
            'Set delimiter = ";" under [file] in the contract'
        )
    ]


def test_another_delimiter_than_the_contracts_own_is_named() -> None:
    [problem] = read_layout("5.1\tred\t\t0", "", contract("none", "#")).problems
    assert problem == (
        'the cells seem to be separated by tabs, not by "#". Set delimiter = "\\t" under [file] in the contract'
    )


def test_a_column_name_may_hold_another_delimiter_or_a_line_break() -> None:
    text = COLUMNS.replace('"note"', '"no;te"')
    rules = parse_contract(f'name = "x"\n{text}'.encode(), "schema.toml")
    assert read_layout("length,colour,no;te,species\n", ROW, rules).readable
    assert read_layout('length,colour,"no\n;te",species\n', ROW, rules).problems


@pytest.mark.parametrize(("called", "size"), [("feature", 400), ("faeture", 120)])
def test_a_wide_header_is_read_in_the_time_that_its_width_takes(called: str, size: int) -> None:
    def wide(width: int) -> tuple[str, Contract]:
        columns = "".join(f'[[columns]]\nname = "feature {n}"\nkind = "numeric"\n' for n in range(width))
        label = '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
        names = ",".join(f"{called} {n}" for n in reversed(range(width)))
        return names, parse_contract(f'name = "wide"\n{columns}{label}'.encode(), "x.toml")

    assert_linear(lambda given: read_layout(given[0], "", given[1]), wide, size)

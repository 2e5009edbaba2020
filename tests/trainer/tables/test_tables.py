"""Reading tables: what works as a user would expect, and what is refused with its place and a remedy."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.contract import Contract, parse_contract
from trainer.errors import DataError
from trainer.tables import Batch, read_batches

SCHEMA = """
name = "flowers"
[file]
{file}
[[columns]]
name = "length"
kind = "numeric"
unit = "cm"
min = 0.1
max = 30.0
[[columns]]
name = "colour"
kind = "categorical"
vocabulary = ["red", "blue"]
[[columns]]
name = "note"
kind = "ignored"
[[columns]]
name = "species"
kind = "label"
classes = ["setosa", "virginica"]
"""
HEADER = "length,colour,note,species\n"
GOOD = "5.1,red,,setosa\n4.9,blue,n,virginica\n"

Write = Callable[..., str]


def contract(file: str = "", *changes: tuple[str, str]) -> Contract:
    """The contract above with some of its text exchanged."""
    text = SCHEMA.format(file=file)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_contract(text.encode(), "schema.toml")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write_file(content: str | bytes, name: str = "a.csv") -> str:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return write_file


def read(urls: str | Sequence[str], rules: Contract | None = None) -> Batch:
    """All rows of files as one batch."""
    rules = rules or contract()
    batches = list(read_batches([urls] if isinstance(urls, str) else urls, rules))
    names = [column.name for column in rules.features]
    features = {name: np.concatenate([batch.features[name] for batch in batches]) for name in names}
    return Batch(features, np.concatenate([batch.labels for batch in batches]))


def problems(urls: str | Sequence[str], rules: Contract | None = None) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        read(urls, rules)
    assert caught.value.total == len(caught.value.problems)
    return caught.value.problems


def problem(urls: str | Sequence[str], rules: Contract | None = None) -> str:
    [sentence] = problems(urls, rules)
    return sentence


def assert_good(batch: Batch) -> None:
    np.testing.assert_array_equal(batch.features["length"], np.array([5.1, 4.9], np.float32))
    assert batch.features["colour"].tolist() == ["red", "blue"]
    assert batch.labels.tolist() == [0, 1]


def test_a_batch_holds_float32_words_and_class_ids(write: Write) -> None:
    batch = read(write(HEADER + GOOD))
    assert_good(batch)
    assert batch.features["length"].dtype == np.float32
    assert batch.features["colour"].dtype == object
    assert batch.labels.dtype == np.int64
    assert list(batch.features) == ["length", "colour"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param((HEADER + GOOD).rstrip(), id="no line end at the end"),
        pytest.param((HEADER + GOOD).replace("\n", "\r\n"), id="CR LF"),
        pytest.param((HEADER + GOOD).replace("\n", "\r"), id="CR"),
        pytest.param("\n\n" + HEADER + "\n" + GOOD + "\n  \n\n", id="blank lines"),
        pytest.param((HEADER + GOOD).encode("utf-8-sig"), id="BOM of UTF-8"),
        pytest.param((HEADER + GOOD).encode("utf-16"), id="BOM of UTF-16"),
        pytest.param(b"\xfe\xff" + (HEADER + GOOD).encode("utf-16-be"), id="BOM of big-endian UTF-16"),
        pytest.param((HEADER + GOOD).encode("utf-32"), id="BOM of UTF-32"),
        pytest.param(
            '"length","colour","note","species"\n"5.1","red","a,\n""b""","setosa"\n4.9,blue,,virginica\n',
            id="quotes",
        ),
        pytest.param(
            " length,colour ,note, species\n 5.1, red ,\t,setosa \n+4.9,blue,,\xa0virginica\n",
            id="white space",
        ),
        pytest.param(
            "species,note,colour,length\nsetosa,,red,5.1\nvirginica,,blue,4.9\n",
            id="columns in another order",
        ),
        pytest.param(HEADER + '5.1,red,5" wide,setosa\n4.9,blue,"a"b,virginica\n', id="quotes inside of cells"),
        pytest.param(HEADER + "5.1,red,Größe ✿,setosa\n49e-1,blue,,virginica\n", id="UTF-8"),
    ],
)
def test_a_table_is_read_however_it_is_written(write: Write, content: str | bytes) -> None:
    assert_good(read(write(content)))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_contract_names_the_delimiter(write: Write, delimiter: str) -> None:
    name = write((HEADER + GOOD).replace(",", delimiter))
    escaped = delimiter.replace("\t", "\\t")
    assert_good(read(name, contract(f'delimiter = "{escaped}"')))


def test_the_contract_names_the_encoding(write: Write) -> None:
    rules = contract('encoding = "cp1252"', ('"red", "blue"', '"grün", "blue"'))
    content = (HEADER + GOOD.replace("red", "grün")).encode("cp1252")
    assert read(write(content), rules).features["colour"].tolist() == ["grün", "blue"]


def test_a_packed_table_is_unpacked(write: Write) -> None:
    assert_good(read(write(gzip.compress((HEADER + GOOD).encode()), "a.csv.gz")))


def test_a_missing_file_is_refused(write: Write) -> None:
    good = write(HEADER + GOOD)
    assert problem([good, "b.csv"]) == (
        "b.csv cannot be read: No such file or directory. Check its address and your rights."
    )


def test_each_of_many_files_has_its_own_header_and_order(write: Write) -> None:
    first = write(HEADER + "5.1,red,,setosa\n")
    second = write("species,length,note,colour\nvirginica,4.9,,blue\n", "b.csv")
    assert_good(read([first, second]))


def test_a_count_line_is_no_row(write: Write) -> None:
    names = [write("1,3,setosa,virginica\n" + row + "\n", f"{i}.csv") for i, row in enumerate(GOOD.splitlines())]
    assert_good(read(names, contract('header = "counts"')))


def test_a_count_line_that_claims_other_rows_is_refused(write: Write) -> None:
    name = write("3,3,setosa,virginica\n" + GOOD)
    assert problem(name, contract('header = "counts"')) == (
        "a.csv, line 1: the count line says 3 rows, but the file holds 2. Restore the rows, or correct the count line."
    )


def test_a_table_without_header_begins_with_data(write: Write) -> None:
    assert_good(read(write(GOOD), contract('header = "none"')))


@pytest.mark.parametrize("word", ["NA", "None", "nan", "null", "N/A"])
def test_a_class_may_be_called_like_a_null(write: Write, word: str) -> None:
    rules = contract(f'missing = ["{word}"]', ('"setosa", ', f'"{word}", '))
    assert_good(read(write(HEADER + GOOD.replace("setosa", word)), rules))


def test_a_missing_value_is_kept_for_the_column_to_impute(write: Write) -> None:
    rules = contract(
        'missing = ["NA", "-999"]',
        ('unit = "cm"', 'unit = "cm"\nimpute = "mean"'),
        ('"blue"]', '"blue"]\nimpute = "red"'),
    )
    rows = ",red,,setosa\n NA ,NA,,setosa\n4.0,,,setosa\n-999.0,  ,,virginica\n"
    for content in (rows, rows.replace(" NA ", "NA").replace("  ", "").replace(".0", "")):
        batch = read(write(HEADER + content), rules)
        np.testing.assert_array_equal(batch.features["length"], np.array([np.nan, np.nan, 4, np.nan]))
        assert batch.features["colour"].tolist() == ["red", "", "", ""]


def test_a_learned_vocabulary_takes_any_word(write: Write) -> None:
    rules = contract("", ('vocabulary = ["red", "blue"]', ""))
    assert read(write(HEADER + "1,ünusual,,setosa\n"), rules).features["colour"].tolist() == ["ünusual"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("abc,red,,setosa", ', column "length": received "abc", which is no number. Write one such as 0.2,'),
        (",red,,setosa", ', column "length": is blank. Write a number, or let the contract fill it in'),
        ("nan,red,,setosa", ', column "length": received "nan", which is no number. If it means a missing'),
        ("inf,red,,setosa", ', column "length": received "inf", which is not finite. Write a finite number.'),
        ("31,red,,setosa", ', column "length": received "31", which lies above max = 30.0 cm. Correct the'),
        ("1,rad,,setosa", ', column "colour": received "rad", which is not in the vocabulary. Did you mean'),
        (
            "1,,,setosa",
            ', column "colour": is blank. Write a word, or let the contract fill it in with impute',
        ),
        ("1,red,,", ', column "species": is blank: the row is unlabelled. Write "setosa" or "virginica", or'),
        ("1,red,,rose", ', column "species": received "rose", which is no class of the contract. Write "set'),
        ("1,red,a\0,setosa", ', column "note": received "a\\x00", which holds a NUL byte. Take it out.'),
        (
            "1,red,setosa",
            (
                ': holds 3 cells where the table has 4 columns. Received: "1,red,setosa". '
                'Complete the line; a cell that holds "," must stand in quotes.'
            ),
        ),
        ("1,red,,setosa,", ": holds 5 cells where the table has 4 columns."),
        (",,,", ": every cell is blank. Take the line out."),
        (
            '1,red,"open,setosa',
            (": a quote opens a cell here and nothing closes it. Close it, or double a quote that belongs to a cell."),
        ),
    ],
)
def test_a_bad_row_is_refused_once_with_its_place_and_a_remedy(write: Write, row: str, expected: str) -> None:
    assert problem(write(HEADER + GOOD + row + "\n")).startswith("a.csv, line 4" + expected)


def test_a_header_at_fault_is_refused_with_its_line_and_the_rows_are_checked(write: Write) -> None:
    found = problems(write("\n" + HEADER.replace("note", "id") + GOOD.replace("setosa", "rose")))
    assert [sentence.split(".")[0] for sentence in found] == ["a", "a"]
    assert found[0].startswith('a.csv, line 2: the column "note" is missing.')
    found = problems(write("id," + HEADER + GOOD.replace("5.1", "1,x").replace("4.9", "2,4.9")))
    assert found[0].startswith('a.csv, line 1: the column "id" is not in the contract.')
    assert found[1].startswith('a.csv, line 2, column "length": received "x"')


def test_another_delimiter_is_named_and_the_table_never_shifted(write: Write) -> None:
    columns = "".join(f'[[columns]]\nname = "{name}"\nkind = "numeric"\n' for name in "abcd")
    columns += '[[columns]]\nname = "e"\nkind = "label"\nclasses = ["0", "1"]\n'
    rules = parse_contract(f'name = "x"\nfile.header = "none"\n{columns}'.encode(), "schema.toml")
    assert problem(write("5,1;3,5;1,4;0,2;0\n"), rules) == (
        "a.csv, line 1: the cells seem to be separated by semicolons, not by commas. "
        'Set delimiter = ";" under [file] in the contract.'
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "a.csv is empty. Give a file that holds rows, or leave it out."),
        (b"\n \n", "a.csv is empty. Give a file that holds rows, or leave it out."),
        (HEADER.encode(), "a.csv holds no rows. Give at least one row of each class."),
        (
            b"PK\x03\x04rest",
            ("a.csv is a zip archive or an Excel workbook, not text. Save the table as CSV and give that file."),
        ),
        (
            gzip.compress(b"x", mtime=0),
            (
                "a.csv is compressed with gzip, though its name does not end in .gz, not text. "
                "Save the table as CSV and give that file."
            ),
        ),
        (
            (HEADER + GOOD).encode("utf-16-le"),
            ('a.csv is UTF-16 without a byte-order mark. Set encoding = "utf-16-le" under [file] in the contract.'),
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused(write: Write, content: bytes, expected: str) -> None:
    assert problem(write(content)) == expected


def test_bytes_of_another_encoding_are_refused_with_their_line(write: Write) -> None:
    content = HEADER + GOOD + "1,grün,grün,setosa\n1,red,größer,setosa\nabc,red,,setosa\n"
    found = problems(write(content.encode("cp1252")))
    assert found[0] == (
        "a.csv, line 4: received the byte 0xFC, which is not utf-8. Save the file as UTF-8, "
        'or set encoding under [file] in the contract to what the file is in, such as "cp1252".'
    )
    assert found[1].startswith('a.csv, line 6, column "length": received "abc"')
    assert len(found) == 2


def test_names_in_another_encoding_are_reported_once(write: Write) -> None:
    rules = contract("", ('name = "note"', 'name = "Größe"'))
    assert "0xF6" in problem(write(("length,colour,Größe,species\n" + GOOD).encode("cp1252")), rules)


def test_line_numbers_are_those_of_an_editor(write: Write) -> None:
    content = '\n\nlength,colour,"no\n",species\n\n1,red,"a\r\nb\n",bad\n\nabc,red,,setosa\n'
    rules = contract("", ('name = "note"', 'name = "no"'))
    assert [sentence.split(":")[0] for sentence in problems(write(content), rules)] == [
        'a.csv, line 8, column "species"',
        'a.csv, line 10, column "length"',
    ]


def test_problems_of_all_files_are_counted_and_the_first_twenty_told(write: Write) -> None:
    first = write(HEADER + "x,y,,z\n" * 5)
    second = write(HEADER + "1,red,setosa\n" * 30_000 + "x,y,,z\n" * 100_000, "b.csv")
    with pytest.raises(DataError) as caught:
        read([second, first])
    assert caught.value.total == 330_015
    places = [sentence.split(":")[0] for sentence in caught.value.problems]
    assert places == [f"b.csv, line {line}" for line in range(2, 22)]
    assert str(caught.value).endswith("... and 329995 more.")


def test_reading_stops_yielding_at_a_problem_but_goes_on_checking(write: Write) -> None:
    names = [
        write(HEADER + GOOD),
        write(HEADER + "x,red,,setosa\n", "b.csv"),
        write(HEADER + GOOD, "c.csv"),
        write(HEADER + "y,red,,setosa\n", "d.csv"),
    ]
    batches = read_batches(names, contract())
    assert_good(next(batches))
    with pytest.raises(DataError, match="2 problems"):
        next(batches)


def test_a_large_table_comes_in_batches_cut_between_records(write: Write) -> None:
    row = '5.1,red,"' + "a,\n" * 1000 + '",setosa\n'
    batches = list(read_batches([write(HEADER + row * 1000)], contract(), block_mib=1))
    assert len(batches) > 2
    assert sum(len(batch.labels) for batch in batches) == 1000


def test_an_unclosed_quote_in_a_large_table_is_found_where_it_opens(write: Write) -> None:
    name = write(HEADER + GOOD + '1,red,"x,setosa\n' + GOOD * 100_000)
    with pytest.raises(DataError, match=r"^a\.csv, line 4: a quote opens a cell here"):
        list(read_batches([name], contract(), block_mib=1))


def test_a_line_longer_than_a_block_is_refused(write: Write) -> None:
    name = write(HEADER + "1,red," + "x" * (3 << 20) + ",setosa\n")
    with pytest.raises(DataError, match=r"^a\.csv, line 2: is longer than 1 MiB\. Check that the file is"):
        list(read_batches([name], contract(), block_mib=1))


def test_a_table_of_two_thousand_columns_is_read(write: Write) -> None:
    columns = "".join(f'[[columns]]\nname = "x{i}"\nkind = "numeric"\n' for i in range(2000))
    columns += '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    rules = parse_contract(f'name = "wide"\nfile.header = "none"\n{columns}'.encode(), "schema.toml")
    good = (",".join(["0.5"] * 2000) + ",a\n") * 50
    assert len(read(write(good), rules).features) == 2000
    name = write(good + ",".join(["0.5"] * 1999) + ",x,b\n")
    assert problem(name, rules).startswith('a.csv, line 51, column "x1999": received "x"')


CELLS = {
    "length": st.floats(0.125, 29.5, width=32).map(repr),
    "colour": st.sampled_from(["red", "blue"]),
    "note": st.text('ab ,;|"\n\r\té', max_size=6).filter(lambda text: text.strip(" \t") == text),
    "species": st.sampled_from(["setosa", "virginica"]),
}


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, object]:
    """Ways in which csv.writer may write a table that can be read back."""
    return {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    }


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], dict[str, object]]:
    """The names, in any order, and rows of a valid table, and a dialect."""
    names = draw(st.permutations(list(CELLS)))
    row = st.tuples(*(CELLS[name] for name in names)).map(list)
    return names, draw(st.lists(row, min_size=1, max_size=8)), draw(dialects())


def written(folder: Path, names: list[str], rows: list[list[str]], dialect: dict[str, object]) -> str:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([names, *rows])  # type: ignore[arg-type]  # of many types
    (folder / "a.csv").write_bytes(text.getvalue().encode())
    return str(folder / "a.csv")


def rules_for(dialect: dict[str, object]) -> Contract:
    delimiter = str(dialect["delimiter"]).replace("\t", "\\t")
    return contract(f'delimiter = "{delimiter}"')


@settings(max_examples=150)
@given(tables())
def test_any_valid_table_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[list[str], list[list[str]], dict[str, object]]
) -> None:
    names, rows, dialect = table
    batch = read(written(tmp_path_factory.mktemp("t"), names, rows, dialect), rules_for(dialect))
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    np.testing.assert_array_equal(batch.features["length"], np.array(columns["length"], np.float32))
    assert batch.features["colour"].tolist() == list(columns["colour"])
    assert batch.labels.tolist() == [["setosa", "virginica"].index(word) for word in columns["species"]]


@settings(max_examples=150)
@given(tables(), st.data())
def test_one_corrupt_cell_is_one_problem_in_its_line_and_column(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]], dict[str, object]],
    data: st.DataObject,
) -> None:
    names, rows, dialect = table
    row = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(["length", "colour", "species"]))
    rows[row][names.index(name)] = data.draw(st.sampled_from(["", "?", "1e9", "Ω", "nan", "no such"]))
    url = written(tmp_path_factory.mktemp("t"), names, rows, dialect)
    before = io.StringIO()
    csv.writer(before, **dialect).writerows([names, *rows[:row]])  # type: ignore[arg-type]
    text = before.getvalue() + "".join(rows[row][: names.index(name)])
    line = 1 + len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
    assert problem(url, rules_for(dialect)).startswith(f'{url}, line {line}, column "{name}": ')

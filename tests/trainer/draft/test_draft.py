"""Drafting a contract: it loads, the file keeps it, and what was guessed is said."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.contract import Contract, parse_contract
from trainer.draft import contract_name, draft_schema
from trainer.draft.recipe import recipe_for
from trainer.errors import DataError, UsageError
from trainer.tables import read_batches

DATA = Path(__file__).resolve().parents[3] / "data"


def draft(folder: Path, content: str | bytes, label: str, name: str = "a.csv") -> tuple[Contract, str]:
    """Drafts from a file of some content; returns the contract and the guesses as one text."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    drafted = draft_schema(str(file), label)
    contract = parse_contract(drafted.toml.encode(), "draft")
    assert sum(len(batch.labels) for batch in read_batches([str(file)], contract)) > 0
    return contract, "\n".join(drafted.guesses)


def kinds(contract: Contract) -> dict[str, str]:
    return {column.name: column.kind for column in contract.columns}


def test_the_draft_of_the_tutorial_file_is_its_contract_without_names_and_bounds() -> None:
    drafted = draft_schema(str(DATA / "iris_training.csv"), "5")
    contract = parse_contract(drafted.toml.encode(), "draft")
    assert contract.name == "iris-training"
    assert contract.file.header == "counts"
    assert [column.kind for column in contract.columns] == ["numeric"] * 4 + ["label"]
    assert contract.label.classes == ("setosa", "versicolor", "virginica")
    assert contract.label.values == ("0", "1", "2")
    assert 'kind = "numeric" # seen: 4.4 to 7.9; min and max would set limits' in drafted.toml
    assert drafted.guesses == ('Column "column5" is the label, with 3 classes.',)


def test_the_draft_scales_numbers_and_says_how_to_train(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7}.5,{i * 1000 % 37},{'yes' if i % 2 else 'no'}\n" for i in range(40))
    contract, _ = draft(tmp_path, f"a,b,y\n{rows}", "y")
    assert [column.standardise for column in contract.features if column.kind == "numeric"] == [True, True]
    assert contract.training.settings == recipe_for(40)


@pytest.mark.parametrize(
    ("rows", "steps", "refit"), [(30, 4000, True), (64_000, 10_000, False), (1_000_000, 156_250, False)]
)
def test_recipe_takes_some_passes_over_a_large_table(rows: int, steps: int, refit: bool) -> None:
    recipe = recipe_for(rows)
    assert (recipe["train_steps"], recipe["refit"]) == (steps, refit)


def test_columns_are_named_by_the_header_and_told_apart(tmp_path: Path) -> None:
    rows = "".join(
        f"u{i},{i / 7:.3f},{i % 3},{'red' if i % 2 else 'blue'},w{i % 60},{'ab'[i % 2]}\n" for i in range(150)
    )
    contract, guesses = draft(tmp_path, "user,size,code,colour,town,bought\n" + rows, "bought")
    assert contract.file.header == "names"
    assert kinds(contract) == {
        "user": "ignored",
        "size": "numeric",
        "code": "numeric",
        "colour": "categorical",
        "town": "categorical",
        "bought": "label",
    }
    assert {column.name: getattr(column, "vocabulary", ()) for column in contract.columns} == {
        "user": (),
        "size": (),
        "code": (),
        "colour": ("blue", "red"),
        "town": None,
        "bought": (),
    }
    assert 'Column "user" holds another word in every row: it is ignored.' in guesses
    assert 'Column "code" holds 3 different integers, taken as numbers. If they are codes' in guesses
    assert 'Column "town" holds 60 different words: they are learned in training, a vector for each.' in guesses


def test_blank_cells_are_imputed_and_it_is_said(tmp_path: Path) -> None:
    contract, guesses = draft(tmp_path, "x,c,y\n1.5,red,a\n,,b\n2,red,a\n?,blue,b\n1,red,a\n", "y")
    size, colour = contract.features
    assert (size.impute, colour.impute) == ("mean", "red")
    assert contract.file.missing == ("?",)
    assert 'Column "x" lacks a number in 2 of 5 rows: the mean stands in.' in guesses
    assert 'Column "c" lacks a word in 1 of 5 rows: "red" stands in.' in guesses
    assert 'Cells that hold "?" are taken for missing values in all columns.' in guesses


def test_a_few_stray_words_among_numbers_are_taken_for_missing_values(tmp_path: Path) -> None:
    contract, guesses = draft(tmp_path, "x,y\n" + "1.5,a\n2.5,b\n" * 10 + "inf,a\n", "y")
    assert contract.file.missing == ("inf",)
    assert 'Cells that hold "inf"' in guesses


def test_a_missing_word_in_a_learned_vocabulary_is_imputed(tmp_path: Path) -> None:
    rows = "".join(f"{i}.5,w{i % 60},{'ab'[i % 2]}\n" for i in range(180))
    contract, _ = draft(tmp_path, "x,w,y\n" + rows + "NA,NA,a\n", "y")
    assert contract.file.missing == ("NA",)
    assert [feature.impute for feature in contract.features] == ["mean", "w0"]


def test_row_numbers_and_blank_columns_are_ignored(tmp_path: Path) -> None:
    rows = "".join(f"{7 + i},{i % 4}.5,,{'ab'[i % 2]}\n" for i in range(12))
    contract, guesses = draft(tmp_path, "n,x,empty,y\n" + rows, "y")
    assert kinds(contract) == {"n": "ignored", "x": "numeric", "empty": "ignored", "y": "label"}
    assert 'Column "n" seems to number the rows: it is ignored.' in guesses
    assert 'Column "empty" is blank in all rows: it is ignored.' in guesses


def test_a_table_whose_words_all_differ_still_has_a_feature(tmp_path: Path) -> None:
    contract, _ = draft(tmp_path, "c,y\nred,a\nblue,b\n", "y")
    assert kinds(contract) == {"c": "categorical", "y": "label"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(tmp_path: Path, delimiter: str) -> None:
    content = 'x,c,y\n1,"b; c, d|\te",p\n2,e f,q\n3,g,p\n'
    rows = csv.reader(io.StringIO(content))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    contract, guesses = draft(tmp_path, text.getvalue(), "y")
    assert contract.file.delimiter == delimiter
    assert ("separated by" in guesses) == (delimiter != ",")


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-8"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_recognised(tmp_path: Path, encoding: str, named: str) -> None:
    text = "Größe,Ort,y\n1,Köln,a\n2,Köln,b\n"
    if encoding == "utf-16-le":
        text = "size" + text[5:] + "3,x,a\n" * 20
    contract, guesses = draft(tmp_path, text.encode(encoding), "y")
    assert contract.file.encoding == named
    assert (named in guesses) == (named != "utf-8")


def test_bytes_that_no_other_encoding_knows_are_latin_1(tmp_path: Path) -> None:
    contract, _ = draft(tmp_path, b"x,c,y\n1,\x81,a\n2,\x81,b\n", "y")
    assert contract.file.encoding == "latin-1"


@pytest.mark.parametrize("label", ["3", "column3"])
def test_a_file_without_names_takes_the_number_of_its_label(tmp_path: Path, label: str) -> None:
    contract, guesses = draft(tmp_path, "1.5,red,1\n2.5,blue,0\n3.5,red,10\n", label)
    assert contract.file.header == "none"
    assert contract.label.name == "column3"
    assert contract.label.classes == ("0", "1", "10")
    assert "The first line holds data: the columns are called column1, column2 and so on." in guesses


def test_words_alone_are_data_where_the_first_line_occurs_again(tmp_path: Path) -> None:
    contract, _ = draft(tmp_path, "red,a\nblue,b\nred,a\nblue,a\n", "2")
    assert contract.file.header == "none"
    contract, _ = draft(tmp_path, "colour,class\nblue,b\nred,a\nblue,a\n", "2")
    assert contract.file.header == "names"


def test_a_count_line_whose_classes_stand_in_the_rows_needs_no_values(tmp_path: Path) -> None:
    contract, _ = draft(tmp_path, "3,2,a,b,c\n1,2,a\n3,4,b\n5,6,a\n", "3")
    assert (contract.label.classes, contract.label.values) == (("a", "b", "c"), None)
    contract, _ = draft(tmp_path, "3,2,a,b,c\n1,2,2\n3,4,0\n5,6,2\n", "3")
    assert (contract.label.classes, contract.label.values) == (("a", "b", "c"), ("0", "1", "2"))


@pytest.mark.parametrize(
    ("content", "label", "expected"),
    [
        (
            "x,class\n1,a\n2,b\n",
            "clas",
            'a.csv has no column "clas". Did you mean "class"? Its columns are "x", "class".',
        ),
        (
            "1,a\n2,b\n",
            "z",
            'a.csv has no line of names, so that the label is a number from 1 to 2. Received: "z".',
        ),
    ],
)
def test_an_unknown_label_is_refused(tmp_path: Path, content: str, label: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        draft(tmp_path, content, label)
    assert str(caught.value).endswith(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "x,y\n1,a\n2,a\n",
            'column "y": the rows hold only the class "a". Give a table with rows of at least two classes.',
        ),
        ("x,y\n1,\n2,\n", 'column "y": the rows hold no class.'),
        (
            "x,y\n" + "".join(f"1,{i}\n" for i in range(1001)),
            '1001 different numbers in 1001 rows, such as "0", "1" or "2", are no classes: it looks like a quantity',
        ),
        ("x,y\n,a\n,b\n", 'holds no column to learn from beside "y".'),
        ("x,x,y\n1,2,a\n1,2,b\n", '2 columns are called "x". Give each a name of its own.'),
        (",x,y\n1,2,a\n1,2,b\n", "column 1 has no name. Give it one."),
        ('"x\n1",y\n1,a\n2,b\n', 'a column cannot be called "x\\n1". Use at most 128 printable characters.'),
        ("x,y\n1,a\n2,b\n3\n", "line 4: holds 1 cell where the table has 2 columns."),
        ("9\n1,a\n2,b\n", "line 1: holds 1 cell where the table has 2 columns."),
        ("x,y\n1,a\n2,b\n3,\n", "is blank: the row is unlabelled."),
        ("9,1,p,q\n1,a\n2,b\n3,c\n", "the first line names 2 classes"),
        ("", "is empty. Give a file that holds rows."),
        (
            "y\na\nb\n",
            'does not split into columns. Separate its cells by ",", ";", "\\t" or "|" and try again.',
        ),
        ("PK\x03\x04", "is a zip archive or an Excel workbook, not text."),
    ],
)
def test_a_table_that_no_contract_fits_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    label = "2" if content.startswith("9") else "y"
    with pytest.raises(DataError) as caught:
        draft(tmp_path, content, label)
    assert expected in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"b\.csv cannot be read: No such file or directory"):
        draft_schema(str(tmp_path / "b.csv"), "y")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("data/Größe 2024.csv.gz", "grosse-2024"),
        ("gs://bucket/iris_training.CSV", "iris-training"),
        ("2024.csv", "table-2024"),
        ("数据.csv", "table"),
        ("x" * 80 + ".csv", "x" * 63),
    ],
)
def test_the_contract_is_named_after_the_file(url: str, name: str) -> None:
    assert contract_name(url) == name


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=6)
CELLS = st.one_of(
    WORDS,
    st.sampled_from(["", " ", "NA", "?", "1", "2.5", "-3e2", "nan", "red", "blue", "1,5"]),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(str),
)


@settings(max_examples=150)
@given(data=st.data(), width=st.integers(1, 5))
def test_the_draft_of_any_table_loads_and_the_table_keeps_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, width: int
) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=30))
    names = [f"column {i}" for i in range(width)] + ["the label"]
    labels = ["yes", "no", *data.draw(st.lists(st.sampled_from(["yes", "no"]), min_size=30, max_size=30))]
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=data.draw(st.sampled_from(",;\t|")),
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerows([names, *([*row, label] for row, label in zip(rows, labels, strict=False))])
    try:
        contract, _ = draft(tmp_path_factory.mktemp("draft"), text.getvalue(), "the label")
    except DataError as error:
        if "no column to learn from" in str(error):
            return
        raise
    assert contract.label.classes == ("no", "yes")

"""Data contracts: what they say of columns, and every fault in one as a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.growth import assert_linear
from trainer.contract import (
    CategoricalColumn,
    Contract,
    IgnoredColumn,
    LabelColumn,
    NumericColumn,
    load_contract,
    parse_contract,
)
from trainer.errors import ContractError

DATA = Path(__file__).resolve().parents[3] / "data"
NUMBER = '[[columns]]\nname = "x"\nkind = "numeric"\n'
WORD = '[[columns]]\nname = "c"\nkind = "categorical"\n'
LABEL = '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'


def fault(text: str) -> str:
    with pytest.raises(ContractError) as caught:
        parse_contract(text.encode(), "s.toml")
    return str(caught.value)


def test_the_contract_of_the_iris_files() -> None:
    contract = load_contract(str(DATA / "schema.toml"))
    assert contract.name == "iris"
    assert contract.file.header == "counts"
    assert [column.name for column in contract.features] == [
        "SepalLength",
        "SepalWidth",
        "PetalLength",
        "PetalWidth",
    ]
    assert contract.label.classes == ("setosa", "versicolor", "virginica")
    assert contract.label.written == ("0", "1", "2")


def test_a_contract_of_every_kind_with_its_defaults() -> None:
    text = f'name = "shop"\n{NUMBER}{WORD}[[columns]]\nname = "id"\nkind = "ignored"\n{LABEL}'
    contract = parse_contract(b"\xef\xbb\xbf" + text.encode(), "s.toml")
    assert contract.columns == (
        NumericColumn(name="x", kind="numeric"),
        CategoricalColumn(name="c", kind="categorical"),
        IgnoredColumn(name="id", kind="ignored"),
        LabelColumn(name="y", kind="label", classes=("a", "b")),
    )
    assert [column.name for column in contract.features] == ["x", "c"]
    assert contract.label.written == ("a", "b")
    assert (contract.file.header, contract.file.delimiter, contract.file.encoding) == ("names", ",", "utf-8")
    assert contract.max_shared_rows == 0.1


def test_a_contract_says_how_to_train_and_keeps_to_what_it_said() -> None:
    text = f'name = "x"\n[training]\npatience = 3\nlearning_rate = 1\n{NUMBER}{LABEL}'
    contract = parse_contract(text.encode(), "s.toml")
    assert contract.training.settings == {"learning_rate": 1.0, "patience": 3}
    again = Contract.model_validate_json(contract.model_dump_json())
    assert again.training.settings == contract.training.settings
    assert parse_contract(f'name = "x"\n{NUMBER}{LABEL}'.encode(), "s.toml").training.settings == {}


def test_embedded_columns_take_a_size_where_they_have_none() -> None:
    own, none, plain = (
        f'[[columns]]\nname = "{name}"\nkind = "categorical"\n{keys}'
        for name, keys in (
            ("own", 'encoding = "embedding"\nembedding_size = 3\n'),
            ("none", 'encoding = "embedding"\n'),
            ("plain", ""),
        )
    )
    contract = parse_contract(f'name = "shop"\n{own}{none}{plain}{LABEL}'.encode(), "s.toml").embedded_by(8)
    sizes = {column.name: column.embedding_size for column in contract.columns if isinstance(column, CategoricalColumn)}
    assert sizes == {"own": 3, "none": 8, "plain": None}


def test_bounds_are_inclusive_and_whole_numbers_serve_as_bounds() -> None:
    text = f'name = "x"\n{NUMBER}min = 0\nmax = 1.5\nimpute = 1\n{LABEL}'
    [column] = parse_contract(text.encode(), "s.toml").features
    assert isinstance(column, NumericColumn)
    assert [column.admits(value) for value in (-0.1, 0, 1.5, 1.6)] == [False, True, True, False]
    assert column.impute == 1.0


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "min = nan",
            '`min` of column "x" in s.toml: must be finite; leave it out to set no limit.',
        ),
        (
            "min = 2.0\nmax = 1.0",
            'Column "x" in s.toml: min must not lie above max. Received: min=2.0',
        ),
        ("max = 1.0\nimpute = 2.0", "impute must lie within min and max. Received: 2.0."),
        ('impute = "median"', '`impute` of column "x" in s.toml: must be a number or "mean". Received: "median".'),
        ("impute = true", 'must be a number or "mean". Received: true.'),
        ('min = "3"', '`min` of column "x" in s.toml: must be a valid number. Received: "3".'),
        ('units = "cm"', '`units` of column "x" in s.toml is not a key of a data contract. Did you mean "unit"?'),
    ],
)
def test_a_numeric_column_at_fault_is_refused(keys: str, expected: str) -> None:
    assert expected in fault(f'name = "x"\n{NUMBER}{keys}\n{LABEL}')


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("vocabulary = []", '`vocabulary` of column "c" in s.toml: must hold at least 1. Received: 0.'),
        ('vocabulary = "red"', '`vocabulary` of column "c" in s.toml: must be a list. Received: "red".'),
        ('vocabulary = ["r", "r"]', "must hold each word once. Received twice: r."),
        ('vocabulary = ["r "]', 'must hold words without white space at their ends. Received: "r ".'),
        ('vocabulary = ["r"]\nimpute = "s"', 'impute must be a word of the vocabulary. Received: "s".'),
        ("embedding_size = 3", 'embedding_size goes with encoding = "embedding".'),
    ],
)
def test_a_categorical_column_at_fault_is_refused(keys: str, expected: str) -> None:
    assert expected in fault(f'name = "x"\n{WORD}{keys}\n{LABEL}')


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (
            LABEL.replace('["a", "b"]', '["a"]'),
            '`classes` of column "y" in s.toml: must hold at least 2.',
        ),
        (LABEL.replace('["a", "b"]', '["a", "a"]'), "must hold each word once. Received twice: a."),
        (LABEL + 'values = ["1", "2", "3"]', "values must pair with classes. Received: 3 values, 2 classes."),
        (LABEL.replace('classes = ["a", "b"]', ""), '`classes` of column "y" in s.toml is missing.'),
        ("", 'exactly one column must have kind = "label". Received: 0.'),
        (LABEL + LABEL.replace('"y"', '"z"'), 'exactly one column must have kind = "label". Received: 2.'),
        (LABEL.replace('"y"', '"x"'), "each column needs a name of its own. Received twice: x."),
    ],
)
def test_a_label_at_fault_is_refused(label: str, expected: str) -> None:
    assert expected in fault(f'name = "x"\n{NUMBER}{label}')


def test_a_contract_without_features_is_refused() -> None:
    assert 'at least one column must have kind = "numeric", "date" or "categorical". Received: none.' in fault(
        f'name = "x"\n{LABEL}'
    )


@pytest.mark.parametrize("delimiter", ["", ",,", "\\n", '\\"', "a", "1", ".", "-", "§", "\\u0007"])
def test_a_delimiter_that_a_cell_may_need_is_refused(delimiter: str) -> None:
    assert "`file.delimiter` in s.toml" in fault(f'name = "x"\nfile.delimiter = "{delimiter}"\n{NUMBER}{LABEL}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'file.encoding = "klingon"',
            '`file.encoding` in s.toml: is no codec that Python knows. Use "utf-8"',
        ),
        ('file.encoding = "base64"', "is no codec that Python knows."),
        ('file.header = "yes"', "`file.header` in s.toml: must be 'names', 'counts' or 'none'. Received: \"yes\"."),
        ("file = 3", "`file` in s.toml: must be a table. Received: 3."),
        ("max_shared_rows = 2.0", "`max_shared_rows` in s.toml"),
        (
            "[training]\npatienc = 3",
            '`training.patienc` in s.toml is not a key of a data contract. Did you mean "patience"?',
        ),
        ("[training]\ndropout = 1.5", "`training.dropout` in s.toml: must be less than 1. Received: 1.5."),
        ("training = 3", "`training` in s.toml: must be a table. Received: 3."),
        ('nam = "x"', '`nam` in s.toml is not a key of a data contract. Did you mean "name"?'),
    ],
)
def test_a_key_at_fault_is_refused(text: str, expected: str) -> None:
    assert expected in fault(f'name = "x"\n{text}\n{NUMBER}{LABEL}')


@pytest.mark.parametrize("name", ["X", "1x", "a b", "", "x" * 64])
def test_a_name_that_no_folder_should_have_is_refused(name: str) -> None:
    assert "`name` in s.toml" in fault(f'name = "{name}"\n{NUMBER}{LABEL}')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "`name` of column 1 in s.toml: must have at least 1 character."),
        (" x", '`name` of column " x" in s.toml: must be printable, without white space at its ends.'),
        ("a\\nb", '`name` of column "a\\nb" in s.toml: must be printable'),
        ("x" * 129, "must have at most 128 characters."),
    ],
)
def test_a_column_name_that_cannot_be_read_is_refused(name: str, expected: str) -> None:
    text = NUMBER.replace('"x"', '"' + name + '"')
    assert expected in fault(f'name = "x"\n{text}{LABEL}')


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            '[[columns]]\nname = "q"\n',
            '`kind` of column "q" in s.toml is missing. Write "numeric", "date", "categorical"',
        ),
        (
            '[[columns]]\nkind = "number"\n',
            '`kind` of column 1 in s.toml: must be "numeric", "date", "categorical", "label" or "ignored". Received',
        ),
        ("columns = [7]", "Column 1 in s.toml: must be a table. Received: 7."),
        ("columns = 7", "`columns` in s.toml: must be a list. Received: 7."),
    ],
)
def test_what_is_no_column_is_refused(columns: str, expected: str) -> None:
    assert expected in fault(f'name = "x"\n{columns}')


def test_all_faults_are_told() -> None:
    message = fault(f'name = "X"\n{NUMBER}min = nan\n{WORD}vocabulary = []\n{LABEL}')
    assert message.startswith("3 problems:")


def test_a_file_that_is_no_contract_is_refused(tmp_path: Path) -> None:
    assert fault("name = ").startswith("s.toml is not TOML: ")
    with pytest.raises(ContractError, match=r"s\.toml is not UTF-8: .* Save it as UTF-8"):
        parse_contract(b"\xff", "s.toml")
    with pytest.raises(ContractError, match=r"none\.toml cannot be read: No such file or directory"):
        load_contract(str(tmp_path / "none.toml"))
    with pytest.raises(ContractError, match=r"foo://s\.toml cannot be read: Protocol not known: foo"):
        load_contract("foo://s.toml")


def test_parse_contract_of_many_unknown_keys_tells_the_first_in_words() -> None:
    def unknown(size: int) -> bytes:
        return "".join(f"colum{number} = 1\n" for number in range(size)).encode()

    with pytest.raises(ContractError, match=r"^62 problems:") as caught:
        parse_contract(unknown(60), "x.toml")
    assert str(caught.value).endswith("... and 42 more.")


def test_parse_contract_refuses_keys_of_many_parts() -> None:
    for text in ("a" + ".a" * 5000 + " = 1", "[a" + ' . "b"' * 5000 + "]"):
        with pytest.raises(ContractError, match=r"x\.toml holds a key of many parts\."):
            parse_contract(text.encode(), "x.toml")
    assert_linear(lambda text: parse_contract(text, "x.toml"), lambda n: b"#" + b"a" * n, 50_000, refusal=ContractError)

"""Profiles of tables: exact statistics in one pass, and tables that training or evaluation must refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.contract import Contract, NumericColumn, load_contract, parse_contract
from trainer.errors import DataError
from trainer.tables.profile import check_tables, profile_table
from trainer.tables.shared_rows import RowSample
from trainer.tables.statistics import MOST_WORDS, NumberStatistics

DATA = Path(__file__).resolve().parents[3] / "data"
SCHEMA = """
name = "shop"
max_shared_rows = 0.5
[[columns]]
name = "size"
kind = "numeric"
impute = "mean"
[[columns]]
name = "town"
kind = "categorical"
impute = "Ulm"
[[columns]]
name = "bought"
kind = "label"
classes = ["no", "yes", "later"]
"""
HEADER = "size,town,bought\n"
ROWS = "1,Ulm,no\n2,Bonn,yes\n,Ulm,later\n6,,no\n"

Write = Callable[..., str]


@pytest.fixture
def contract() -> Contract:
    return parse_contract(SCHEMA.encode(), "schema.toml")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes rows into a file of the current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write_rows(rows: str, name: str = "train.csv") -> str:
        (tmp_path / name).write_text(HEADER + rows)
        return name

    return write_rows


def problems(train: str, evaluation: str, contract: Contract) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        check_tables([train], [evaluation], contract)
    assert caught.value.total == len(caught.value.problems)
    return caught.value.problems


def test_the_iris_files_are_profiled() -> None:
    contract = load_contract(str(DATA / "schema.toml"))
    train, evaluation = str(DATA / "iris_training.csv"), str(DATA / "iris_test.csv")
    training, test = check_tables([train], [evaluation], contract)
    assert training.rows == 120
    assert training.sha256 == hashlib.sha256(Path(train).read_bytes()).hexdigest()
    assert training.class_counts == {"setosa": 42, "versicolor": 36, "virginica": 42}
    assert test.class_counts == {"setosa": 8, "versicolor": 14, "virginica": 8}
    cells = np.genfromtxt(train, delimiter=",", skip_header=1)
    for i, column in enumerate(training.columns):
        assert column.mean == pytest.approx(cells[:, i].mean(), rel=1e-6)
        assert column.deviation == pytest.approx(cells[:, i].std(), rel=1e-6)
        assert (column.minimum, column.maximum) == pytest.approx((cells[:, i].min(), cells[:, i].max()))
    assert training.warnings == test.warnings == ()


def test_a_profile_leaves_missing_cells_out_and_counts_them(write: Write, contract: Contract) -> None:
    profile = profile_table([write(ROWS)], contract, role="training")
    size, town = profile.columns
    assert (size.missing, size.mean, size.minimum, size.maximum) == (1, 3.0, 1.0, 6.0)
    assert size.deviation == pytest.approx(np.std([1, 2, 6]))
    assert (town.missing, town.counts) == (1, {"Bonn": 1, "Ulm": 2})


def test_a_profile_is_plain_json(write: Write, contract: Contract) -> None:
    profile = profile_table([write(ROWS)], contract, role="training").to_dict()
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    assert profile["columns"][1] == {
        "name": "town",
        "kind": "categorical",
        "missing": 1,
        "constant": False,
        "counts": {"Bonn": 1, "Ulm": 2},
    }


def test_files_are_profiled_as_one_table(write: Write, contract: Contract, tmp_path: Path) -> None:
    names = [write(ROWS), write(ROWS, "b.csv")]
    profile = profile_table(names, contract, role="training")
    assert profile.rows == 8
    assert profile.sha256 == hashlib.sha256(b"".join((tmp_path / name).read_bytes() for name in names)).hexdigest()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", "train.csv holds no rows. Give at least one row of each class."),
        (
            "1,a,no\n2,b,no\n",
            (
                'The training data holds rows of one class only, "no". '
                "Add rows of the others; a classifier needs at least two."
            ),
        ),
        (
            "1,a,no\n2,b,yes\n",
            ('The training data holds no row of class "later". Add rows, or take the class out of the contract.'),
        ),
        (
            ",a,no\n,b,yes\n,b,later\n",
            (
                'The column "size" holds no number, so there is no mean to impute. '
                'Fill it in, give a number as impute, or set kind = "ignored" in the contract.'
            ),
        ),
        (
            "1,,no\n2,,yes\n3,,later\n",
            (
                'The column "town" holds no word to learn. '
                'Fill it in, give its vocabulary, or set kind = "ignored" in the contract.'
            ),
        ),
        (
            "".join(f"1,w{i},{('no', 'yes', 'later')[i % 3]}\n" for i in range(MOST_WORDS + 1)),
            (
                'The column "town" holds more than 10000 different words. '
                'Set kind = "ignored" in the contract if it tells rows apart, or give a vocabulary.'
            ),
        ),
    ],
)
def test_a_table_that_teaches_nothing_is_refused(write: Write, contract: Contract, rows: str, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        profile_table([write(rows)], contract, role="training")
    assert str(caught.value).startswith(expected)


def test_classes_are_not_said_to_be_missing_where_labels_could_not_be_read(write: Write, contract: Contract) -> None:
    name = write("1,a,no\n2,b,yess\n3,c,later\n")
    with pytest.raises(DataError) as caught:
        profile_table([name], contract, role="training")
    assert caught.value.total == 1


def test_a_missing_class_is_said_beside_bad_cells_of_other_columns(write: Write, contract: Contract) -> None:
    with pytest.raises(DataError) as caught:
        profile_table([write("x,a,no\n2,b,yes\n")], contract, role="training")
    assert [sentence.split()[0] for sentence in caught.value.problems] == ["train.csv,", "The"]


def test_evaluation_may_lack_a_class_but_warns(write: Write, contract: Contract) -> None:
    profile = profile_table([write("1,a,no\n2,b,yes\n")], contract, role="evaluation")
    assert profile.warnings == ('The evaluation data holds no row of class "later": nothing is measured on it.',)
    with pytest.raises(DataError, match="The evaluation data holds rows of one class only"):
        profile_table([write("1,a,no\n")], contract, role="evaluation")


def test_a_constant_column_is_warned_of(write: Write, contract: Contract) -> None:
    profile = profile_table([write("0.1,Ulm,no\n,,yes\n0.1,Ulm,later\n")], contract, role="training")
    assert [column.constant for column in profile.columns] == [True, True]
    assert profile.columns[0].deviation == 0.0
    assert profile.warnings == (
        'The column "size" of the training data holds one value in all rows.',
        'The column "town" of the training data holds one value in all rows.',
    )


def test_problems_of_both_tables_are_reported_together(write: Write, contract: Contract) -> None:
    train, evaluation = write("x,a,no\n" + ROWS), write("1,a,maybe\n2,b,no\n3,b,yes\n", "eval.csv")
    found = problems(train, evaluation, contract)
    assert [sentence.split(":")[0] for sentence in found] == [
        'train.csv, line 2, column "size"',
        'eval.csv, line 2, column "bought"',
    ]


def test_rows_in_both_tables_are_refused_beyond_the_share_the_contract_admits(write: Write, contract: Contract) -> None:
    train = write(ROWS)
    half = write("2.0,Bonn,yes\n,Ulm,later\n8,Bonn,no\n9,Bonn,no\n", "eval.csv")
    check_tables([train], [half], contract)
    more = write("2.0, Bonn,yes\n,Ulm,later\n8,Bonn,no\n", "eval.csv")
    assert problems(train, more, contract) == (
        (
            "66.7% of the evaluation rows also stand in the training data; "
            "the contract admits 50.0% (max_shared_rows). "
            "Take them out of one of the two, or raise max_shared_rows where rows repeat by nature."
        ),
    )


def test_the_same_file_twice_is_refused_once(write: Write, contract: Contract) -> None:
    train = write(ROWS)
    sentence = (
        ", an evaluation file, is also among the training files. "
        "Evaluate on rows that training has not seen: split the table, or give another file."
    )
    assert problems(train, "./train.csv", contract) == ("./train.csv" + sentence,)
    assert problems(train, write(ROWS, "copy.csv"), contract) == ("copy.csv" + sentence,)
    bad = write("x,Ulm,no\n" + ROWS)
    assert len(problems(bad, bad, contract)) == 2


def test_the_share_is_estimated_where_rows_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.tables.shared_rows._MOST_ROWS", 1000)
    rows = np.random.default_rng(0).integers(0, 2**64, 50_000, np.uint64)
    sample = RowSample()
    for part in np.split(rows, 10):
        sample.add(part)
    sample.look_up(rows[:20_000])
    sample.look_up(rows[10_000:20_000])
    assert sample.share == pytest.approx(0.4, abs=0.05)


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), max_size=20), max_size=5))
def test_statistics_gathered_by_blocks_are_those_of_the_whole(blocks: list[list[float]]) -> None:
    statistics = NumberStatistics(NumericColumn(name="x", kind="numeric"))
    for block in blocks:
        statistics.add(np.array([*block, np.nan], np.float32))
    values = np.array([value for block in blocks for value in block])
    profile = statistics.profile()
    assert profile.missing == len(blocks)
    if len(values):
        assert profile.mean == pytest.approx(values.mean(), abs=1e-6)
        assert profile.deviation == pytest.approx(values.std(), rel=1e-6, abs=1e-6)
    else:
        assert profile.mean is None

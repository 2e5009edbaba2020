from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import IrisFiles
from trainer.contract import Contract, load_contract, parse_contract
from trainer.errors import DataError, UsageError
from trainer.split.rule import Rule
from trainer.split.table import Split, split_table

CONTRACT = """
name = "visits"
[file]
header = "names"
delimiter = ";"
encoding = "cp1252"
[[columns]]
name = "patient"
kind = "ignored"
[[columns]]
name = "größe"
kind = "numeric"
[[columns]]
name = "ill"
kind = "label"
classes = ["yes", "no"]
"""
ROWS = [(f"p{row % 10}", str(row % 25), "yes" if row % 3 else "no") for row in range(60)]


@pytest.fixture
def visits(tmp_path: Path) -> tuple[Path, Contract]:
    table = tmp_path / "visits.csv"
    # The columns stand in another order than in the contract.
    lines = ["ill;patient;größe", *(f"{ill};{patient}; {size}" for patient, size, ill in ROWS)]
    table.write_text("\n".join(lines) + "\n", encoding="cp1252")
    return table, parse_contract(CONTRACT.encode(), "The contract")


def split(table: tuple[Path, Contract], rule: Rule) -> tuple[Split, list[list[str]], list[list[str]]]:
    """What was split, and the records of both parts without their headers."""
    path, contract = table
    parts = path.with_name("train.csv"), path.with_name("eval.csv")
    told = split_table(str(path), contract, rule, *parts)
    read = [
        [*csv.reader(part.read_text(contract.file.encoding).splitlines(), delimiter=contract.file.delimiter)]
        for part in parts
    ]
    assert [records[0] for records in read] == [["ill", "patient", "größe"]] * 2
    return told, read[0][1:], read[1][1:]


def test_parts_hold_every_row_once_and_equal_rows_on_one_side(visits: tuple[Path, Contract]) -> None:
    told, training, evaluation = split(visits, Rule())
    whole = [[ill, patient, f" {size}"] for patient, size, ill in ROWS]
    assert sorted(training + evaluation) == sorted(whole)
    assert [row for row in whole if row in evaluation] == evaluation
    features = [{(row[1], row[2]) for row in part} for part in (training, evaluation)]
    assert not features[0] & features[1]
    assert told == Split({"no": 16, "yes": 32}, {"no": 4, "yes": 8})


def test_same_table_is_split_alike_and_another_seed_otherwise(visits: tuple[Path, Contract]) -> None:
    assert split(visits, Rule()) == split(visits, Rule())
    assert split(visits, Rule())[2] != split(visits, Rule(seed=2))[2]


def test_rows_of_a_group_stay_together(visits: tuple[Path, Contract]) -> None:
    _, training, evaluation = split(visits, Rule(group="patient"))
    assert len({row[1] for row in evaluation}) == 2
    assert not {row[1] for row in training} & {row[1] for row in evaluation}


def test_latest_rows_evaluate(visits: tuple[Path, Contract]) -> None:
    _, training, evaluation = split(visits, Rule(time="größe"))
    assert max(float(row[2]) for row in training) < min(float(row[2]) for row in evaluation)


def test_tutorials_count_line_is_counted_anew(tmp_path: Path, iris_files: IrisFiles) -> None:
    contract = load_contract(str(iris_files.schema))
    told = split_table(str(iris_files.train_data), contract, Rule(), tmp_path / "train", tmp_path / "eval")
    assert (tmp_path / "train").read_text().startswith(f"{sum(told.training.values())},4,setosa,versicolor,virginica\n")
    assert sum(told.training.values()) + sum(told.evaluation.values()) == 120


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule(share=1.0), r"`--eval-share` must lie between 0 and 1\. Received: 1\."),
        (Rule(group="patent"), r'`--group patent` names no column of the table\. Did you mean "patient"\?'),
        (Rule(time="patient"), r'`--time patient`: row 1 holds "p0", which is no time'),
    ],
)
def test_rule_that_makes_no_sense_is_refused(visits: tuple[Path, Contract], rule: Rule, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        split(visits, rule)


def test_table_that_cannot_be_split_or_read_is_refused(visits: tuple[Path, Contract]) -> None:
    path, contract = visits
    path.write_text("ill;patient;größe\nyes;p1;1\nyes;p1;2\n", encoding="cp1252")
    with pytest.raises(UsageError, match="The 2 rows cannot be split so that both parts have some"):
        split(visits, Rule(group="patient"))
    with pytest.raises(DataError, match="cannot be read"):
        split_table(str(path.with_name("no.csv")), contract, Rule(), path, path)

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from data.rebuild_iris import rebuild_iris
from tests.conftest import DATA, IrisFiles
from trainer.contract import NumericColumn, load_contract

SUMS = {
    "iris_training.csv": "c4c7652b14da06ba63b37f9f47d2e9aa4edced85701c9f8fce37501a1ca792e4",
    "iris_test.csv": "3b6dde8ad159a8545d4b4d8290a9cc7d49a9a8803d6ffe755884269371cc1eb1",
}


@pytest.mark.parametrize("name", SUMS)
def test_iris_files_are_the_tutorials(name: str) -> None:
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == SUMS[name]


@pytest.mark.parametrize("name", SUMS)
def test_readme_names_the_sums(name: str) -> None:
    assert f"{SUMS[name]}  {name}\n" in (DATA / "README.md").read_text(encoding="utf-8")


def test_rebuild_iris_writes_the_committed_bytes(tmp_path: Path) -> None:
    rebuild_iris(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: (DATA / name).read_bytes() for name in SUMS
    }


def test_iris_split_holds_each_flower_once() -> None:
    split = json.loads((DATA / "iris_split.json").read_text(encoding="utf-8"))
    assert sorted(split["training"] + split["test"]) == list(range(150))


@pytest.mark.parametrize("name", SUMS)
def test_schema_fits_the_files(name: str, iris_files: IrisFiles) -> None:
    contract = load_contract(str(iris_files.schema))
    with (DATA / name).open(encoding=contract.file.encoding, newline="") as file:
        counts, *rows = csv.reader(file, delimiter=contract.file.delimiter)
    assert contract.file.header == "counts"
    assert counts == [str(len(rows)), str(len(contract.features)), *contract.label.classes]
    for cells in rows:
        for column, cell in zip(contract.columns, cells, strict=True):
            if isinstance(column, NumericColumn):
                assert column.admits(float(cell))
        assert cells[-1] in contract.label.written


def test_prediction_request_gives_every_feature_of_the_schema(iris_files: IrisFiles) -> None:
    names = {column.name for column in load_contract(str(iris_files.schema)).features}
    lines = (DATA / "test.json").read_text(encoding="utf-8").splitlines()
    assert [set(json.loads(line)) for line in lines] == [names]

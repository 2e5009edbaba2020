from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from components.upload_data import upload_data
from tests.conftest import IrisFiles
from trainer.errors import ContractError, DataError
from trainer.tables.datasets import METADATA_BYTES, STATISTICS_FILE, stored_files


def upload(artifact: Callable[..., Any], train: object, evaluation: object, schema: object) -> tuple[Any, Any, Any]:
    outputs = (
        artifact(dsl.Dataset, "train_dataset"),
        artifact(dsl.Dataset, "eval_dataset"),
        artifact(dsl.Artifact, "contract"),
    )
    upload_data.python_func(str(train), str(evaluation), str(schema), *outputs)
    return outputs


def test_upload_data_keeps_the_files_byte_for_byte(artifact: Callable[..., Any], iris_files: IrisFiles) -> None:
    train, evaluation, contract = upload(artifact, *iris_files)
    assert (Path(train.path) / "iris_training.csv").read_bytes() == iris_files.train_data.read_bytes()
    assert (Path(evaluation.path) / "iris_test.csv").read_bytes() == iris_files.eval_data.read_bytes()
    assert Path(contract.path).read_bytes() == iris_files.schema.read_bytes()


def test_upload_data_writes_what_it_found_as_metadata(artifact: Callable[..., Any], iris_files: IrisFiles) -> None:
    train, evaluation, contract = upload(artifact, *iris_files)
    assert (train.metadata["rows"], evaluation.metadata["rows"]) == (120, 30)
    assert train.metadata["sha256"].startswith("c4c7652b14da06ba")
    assert train.metadata["class_counts"] == {"setosa": 42, "versicolor": 36, "virginica": 42}
    columns = {column["name"]: column for column in train.metadata["columns"]}
    assert columns["SepalLength"]["mean"] == pytest.approx(5.845, abs=1e-3)
    assert contract.metadata == {"name": "iris", "label": "Species"}
    for output in (train, evaluation, contract):
        json.dumps(output.metadata, allow_nan=False)


def test_upload_data_keeps_several_files_in_order(artifact: Callable[..., Any], tmp_path: Path) -> None:
    schema = 'name = "n"\n[[columns]]\nname = "x"\nkind = "numeric"\n'
    schema += '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    (tmp_path / "schema.toml").write_text(schema)
    for number in range(3):
        (tmp_path / f"part-{number}.csv").write_text(f"x,y\n{number},a\n{number + 10},b\n")
    (tmp_path / "test.csv").write_text("x,y\n100,a\n101,b\n")
    train, _, _ = upload(artifact, tmp_path / "part-*.csv", tmp_path / "test.csv", tmp_path / "schema.toml")
    names = [Path(path).name for path in stored_files(train.path)]
    assert names == ["00000-part-0.csv", "00001-part-1.csv", "00002-part-2.csv"]
    assert train.metadata["rows"] == 6


def test_upload_data_keeps_the_metadata_of_a_wide_table_small(artifact: Callable[..., Any], tmp_path: Path) -> None:
    names = [f"column {number}" for number in range(500)]
    schema = 'name = "wide"\n' + "".join(f'[[columns]]\nname = "{name}"\nkind = "numeric"\n' for name in names)
    (tmp_path / "schema.toml").write_text(schema + '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n')
    for file, first in (("train.csv", 0), ("test.csv", 10)):
        rows = [",".join([str(first + row)] * 500 + ["ab"[row]]) for row in range(2)]
        (tmp_path / file).write_text("\n".join([",".join([*names, "y"]), *rows]))
    train, _, _ = upload(artifact, tmp_path / "train.csv", tmp_path / "test.csv", tmp_path / "schema.toml")
    assert len(json.dumps(train.metadata)) < METADATA_BYTES
    assert train.metadata["columns"] == "Too many to show: 500. They are in statistics.json."
    assert len(json.loads((Path(train.path) / STATISTICS_FILE).read_text())["columns"]) == 500


def test_upload_data_reports_both_tables_and_stores_nothing(
    artifact: Callable[..., Any], iris_files: IrisFiles, tmp_path: Path
) -> None:
    for path, cell in ((iris_files.train_data, "6.4"), (iris_files.eval_data, "5.9")):
        (tmp_path / path.name).write_text(path.read_text().replace(f"\n{cell}", "\nabc", 1))
    with pytest.raises(DataError, match=r"2 problems:") as caught:
        upload(artifact, tmp_path / "iris_training.csv", tmp_path / "iris_test.csv", iris_files.schema)
    assert 'iris_training.csv, line 2, column "SepalLength": received "abc"' in str(caught.value)
    assert 'iris_test.csv, line 2, column "SepalLength": received "abc"' in str(caught.value)
    assert list((tmp_path / "outputs").iterdir()) == []


def test_upload_data_names_a_contract_that_is_not_there(artifact: Callable[..., Any], iris_files: IrisFiles) -> None:
    with pytest.raises(ContractError, match=r"The data contract nowhere.toml cannot be read"):
        upload(artifact, iris_files.train_data, iris_files.eval_data, "nowhere.toml")

"""The commands that look at tables without a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli import main
from tests.conftest import IrisFiles


def checked(*words: str) -> int | str | None:
    try:
        return main(["check", *words])
    except SystemExit as ended:
        return ended.code


def test_check_tells_what_files_hold_that_keep_the_contract(
    iris_files: IrisFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(iris_files.train_data), str(iris_files.eval_data)]
    assert checked(*files, "--schema", str(iris_files.schema)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{files[0]}: 120 rows keep {iris_files.schema}: setosa 42, versicolor 36, virginica 42.",
        f"{files[1]}: 30 rows keep {iris_files.schema}: setosa 8, versicolor 14, virginica 8.",
    ]


def test_check_tells_the_problems_of_all_files(
    iris_files: IrisFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("2,4,setosa,versicolor,virginica\n5.9,3.0,4.2,wide,1\n5.9,3.0,4.2,1.5,9\n")
    second.write_text("1,4,setosa,versicolor,virginica\n5.9,3.0,4.2,,1\n")
    assert checked(str(first), str(second), str(iris_files.eval_data), "--schema", str(iris_files.schema)) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{iris_files.eval_data}: 30 rows keep")
    assert err.startswith("Error: 3 problems:\n")
    assert f'{first}, line 3, column "Species": received "9"' in err
    assert f'{second}, line 2, column "PetalWidth"' in err


def test_check_names_a_class_without_rows(
    iris_files: IrisFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "some.csv"
    table.write_text("2,4,setosa,versicolor,virginica\n5.9,3.0,4.2,1.5,1\n5.1,3.3,1.7,0.5,0\n")
    assert checked(str(table), "--schema", str(iris_files.schema)) == 0
    assert (
        'This file holds no row of class "virginica", without which "iris" cannot be trained.'
        in capsys.readouterr().out
    )

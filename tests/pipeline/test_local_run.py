from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import local_run
from pipeline.config import RunConfig
from pipeline.local_run import prepare
from tests.conftest import IrisFiles
from trainer.errors import ProjectError, UsageError


def test_inputs_that_are_there_are_accepted(iris_files: IrisFiles, tmp_path: Path) -> None:
    train_data, eval_data, schema = map(str, iris_files)
    prepare(RunConfig(train_data=train_data, eval_data=eval_data, schema_file=schema), tmp_path / "my" / "runs")
    assert (tmp_path / "my" / "runs").is_dir()


def test_files_behind_a_url_are_left_to_the_run(tmp_path: Path) -> None:
    config = RunConfig(train_data="gs://b/a.csv", eval_data="gs://b/b.csv", schema_file="gs://b/schema.toml")
    prepare(config, tmp_path)


def test_all_inputs_that_are_not_there_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^3 problems:\n  - data/iris_training\.csv (.|\n)*\n  - The data contract "):
        prepare(RunConfig(), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = {local_run._new_run_folder(tmp_path, "wine") for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() and folder.name.startswith("wine-2") for folder in folders)


def test_refusal_of_the_runner_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("`seed` is no parameter of this pipeline.\n")
    error = local_run._refusal_to_begin(2, tmp_path / "output")
    assert isinstance(error, UsageError)
    assert str(error) == "`seed` is no parameter of this pipeline."


def test_runner_that_could_not_begin_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("".join(f"line {number}\n" for number in range(100)))
    error = local_run._refusal_to_begin(-9, tmp_path / "output")
    assert str(error).startswith("The runner ended with exit code -9 before it began the run. It said:\nline 80\n")
    assert type(error) is ProjectError


@pytest.mark.parametrize(("log", "tail"), [("one\ntwo\n", "one\ntwo"), (None, "(nothing)")])
def test_death_of_the_runner_is_told_with_the_end_of_its_log(tmp_path: Path, log: str | None, tail: str) -> None:
    if log is not None:
        (tmp_path / "runner.log").write_text(log)
    error = local_run._death(1, tmp_path / "runner.log", tmp_path / "output")
    assert str(error) == (
        "The runner ended with exit code 1 before the run was over. Run again. "
        f"{tmp_path}/runner.log ends with:\n{tail}"
    )


def test_faults_of_a_contract_stand_below_each_other(tmp_path: Path) -> None:
    (tmp_path / "schema.toml").write_text("name = 'Wines'\ncolums = []\ncolumns = []\n")
    absent, schema = str(tmp_path / "absent.csv"), str(tmp_path / "schema.toml")
    config = RunConfig(train_data=absent, eval_data=absent + ".gz", schema_file=schema)
    with pytest.raises(UsageError, match=r"^3 problems:\n  - .*\n  - .*\n  - \d problems:\n    - .*\n    - "):
        prepare(config, tmp_path / "runs")

from __future__ import annotations

from pathlib import Path

from pipeline.config import RunConfig
from pipeline.runs.own_options import keep_options, own_options
from tests.pipeline.run_records import run


def test_options_are_those_of_the_command_line_that_submitted_the_run(tmp_path: Path) -> None:
    keep_options(str(tmp_path), "run-1", ["--train-data", "penguins.csv", "--promote-on-tie"])
    made = run("run-1", "failed", root=str(tmp_path), parameters={"train_steps": 5})
    assert own_options(made, RunConfig()) == ["--train-data", "penguins.csv", "--promote-on-tie"]


def test_run_of_another_program_is_told_by_its_parameters(tmp_path: Path) -> None:
    given = {"train_data": "gs://b/wine.csv", "schema": "gs://b/wine.toml", "train_steps": 1000, "promote_on_tie": True}
    made = run("run-1", "failed", root=str(tmp_path), parameters={**given, "project": "other", "git_sha": "abc"})
    assert own_options(made, RunConfig(seed=2)) == [
        *("--train-data", "gs://b/wine.csv"),
        *("--schema", "gs://b/wine.toml"),
        "--promote-on-tie",
    ]


def test_options_that_cannot_be_kept_cost_the_run_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    keep_options(str(tmp_path / "file"), "run-1", ["--seed", "2"])
    made = run("run-1", "failed", root=str(tmp_path / "file"), parameters={"seed": 3})
    assert own_options(made, RunConfig()) == ["--seed", "3"]

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer.metric_file import DEFAULT_FILE, MetricFile, metric_file_of


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_lines_are_those_of_hypertune(tmp_path: Path) -> None:
    file = tmp_path / "made" / "output.metrics"
    MetricFile(file, "3").report(10, {"accuracy": 0.9, "loss": float("nan")})
    (accuracy, loss) = lines(file)
    assert list(accuracy) == ["accuracy", "checkpoint_path", "global_step", "timestamp", "trial"]
    assert isinstance(accuracy.pop("timestamp"), float)
    assert accuracy == {"accuracy": "0.9", "checkpoint_path": "", "global_step": "10", "trial": "3"}
    assert loss["loss"] == "nan"


def test_file_is_written_anew_with_the_last_hundred_lines(tmp_path: Path) -> None:
    metrics = MetricFile(tmp_path / "file")
    for step in range(60):
        metrics.report(step, {"accuracy": step / 100, "loss": 1.0})
    assert [line["global_step"] for line in lines(tmp_path / "file")] == [
        str(step) for step in range(10, 60) for _ in range(2)
    ]
    assert lines(tmp_path / "file")[0]["trial"] == 0


def test_what_was_told_last_is_not_told_again(tmp_path: Path) -> None:
    metrics = MetricFile(tmp_path / "file")
    for step, loss in [(10, 1.0), (10, 1.0), (10, 0.5), (20, 0.5)]:
        metrics.report(step, {"loss": loss})
    assert [(line["global_step"], line["loss"]) for line in lines(tmp_path / "file")] == [
        ("10", "1.0"),
        ("10", "0.5"),
        ("20", "0.5"),
    ]


@pytest.mark.parametrize(
    ("environment", "path", "trial"),
    [
        ({"CLOUD_ML_HP_METRIC_FILE": "a/b", "CLOUD_ML_TRIAL_ID": "7"}, "a/b", "7"),
        ({"CLOUD_ML_HP_METRIC_FILE": "a/b"}, "a/b", 0),
        ({"CLOUD_ML_TRIAL_ID": "7"}, DEFAULT_FILE, "7"),
    ],
)
def test_environment_names_the_file_or_a_trial(environment: dict[str, str], path: str, trial: str | int) -> None:
    found = metric_file_of(environment)
    assert found is not None
    assert (str(found.path), found.trial) == (path, trial)


def test_nobody_is_told_who_does_not_ask() -> None:
    assert metric_file_of({}) is None

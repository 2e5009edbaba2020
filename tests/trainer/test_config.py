from __future__ import annotations

import math

import pytest

from trainer.config import Hyperparameters, build_config
from trainer.errors import UsageError

PATHS = {"train_files": ("a.csv",), "eval_files": ("b.csv",), "schema_file": "s.toml", "job_dir": "jobs/x/"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"train_steps": 0},
            r"`--train-steps` must be greater than or equal to 1. Received: 0. The default is 100.",
        ),
        ({"train_steps": 2**31}, r"`--train-steps` must be less than or equal to 2147483647"),
        ({"train_steps": 5.5}, r"`--train-steps` must be a valid integer. Received: 5.5."),
        (
            {"train_batch_size": -1},
            r"`--train-batch-size` must be greater than or equal to 1. Received: -1.",
        ),
        ({"eval_batch_size": True}, r"`--eval-batch-size` must be a valid integer. Received: true."),
        ({"learning_rate": math.nan}, r"`--learning-rate` must be a finite number. Received: nan."),
        ({"learning_rate": 0.0}, r"`--learning-rate` must be greater than 0. Received: 0.0."),
        ({"dropout": 1.0}, r"`--dropout` must be less than 1. Received: 1.0."),
        ({"scale_factor": math.inf}, r"`--scale-factor` must be a finite number. Received: inf."),
        ({"num_layers": 65}, r"`--num-layers` must be less than or equal to 64. Received: 65."),
        (
            {"optimizer": "adm"},
            r"`--optimizer` must be 'adagrad', 'adam', 'sgd' or 'rmsprop'. Received: \"adm\".",
        ),
        (
            {"export_format": "XML"},
            r"`--export-format` must be 'JSON', 'CSV' or 'EXAMPLE'. Received: \"XML\".",
        ),
        *(
            ({"class_weights": told}, r"`--class-weights` must be empty, balanced, or a weight above 0 for each class")
            for told in ("yes", "yes=", "=2", "yes=0", "yes=inf", "yes=1,yes=2", "Balanced")
        ),
        ({"holdout": 0.6}, r"`--holdout` must be less than or equal to 0.5. Received: 0.6."),
        ({"watched_metric": "auc"}, r"`--watched-metric` must be 'loss' or 'accuracy'. Received: \"auc\"."),
        ({"train_files": ()}, r"`--train-files` must have at least 1 item"),
        ({"schema_file": None}, r"`--schema` must be a valid string. Received: None."),
        ({"num_layer": 3}, r"`--num-layer` is not known. Did you mean \"num_layers\"\?"),
    ],
)
def test_config_refuses_what_makes_no_sense(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build_config(**(PATHS | values))


def test_config_names_all_problems_at_once() -> None:
    with pytest.raises(UsageError, match=r"4 problems:") as caught:
        build_config(train_files=("a",), eval_files=("b",), dropout=2.0, seed=-1)
    assert "`--schema` is missing" in str(caught.value)
    assert "`--job-dir` is missing" in str(caught.value)


def test_config_puts_folders_into_the_job_folder_unless_told() -> None:
    config = build_config(**PATHS)
    assert (config.checkpoints, config.logs) == ("jobs/x/checkpoints", "jobs/x/logs")
    told = build_config(**PATHS, checkpoint_dir="gs://b/c", tensorboard_dir="t")
    assert (told.checkpoints, told.logs) == ("gs://b/c", "t")


@pytest.mark.parametrize(
    ("first", "layers", "factor", "units"),
    [(100, 4, 0.7, [100, 70, 48, 34]), (3, 3, 0.5, [3, 2, 2]), (8, 1, 0.7, [8]), (2, 3, 2.0, [2, 4, 8])],
)
def test_hidden_units_follow_the_tutorial(first: int, layers: int, factor: float, units: list[int]) -> None:
    sizes = Hyperparameters(first_layer_size=first, num_layers=layers, scale_factor=factor)
    assert sizes.hidden_units == units


@pytest.mark.parametrize(
    ("steps", "epochs", "batch", "expected"),
    [(1000, 0, 40, 1000), (1000, 2, 40, 6), (5, 2, 40, 5), (1000, 1, 50, 3), (1000, 1, 500, 1)],
)
def test_steps_end_with_steps_or_epochs_whichever_is_first(steps: int, epochs: int, batch: int, expected: int) -> None:
    told = Hyperparameters(train_steps=steps, num_epochs=epochs, train_batch_size=batch)
    assert told.steps_for(rows=120) == expected


@pytest.mark.parametrize(
    ("told", "steps", "between"), [(0, 30, 100), (0, 1000, 100), (0, 50_001, 5001), (0, 10**6, 10_000), (7, 10**6, 7)]
)
def test_evaluations_are_a_tenth_of_the_steps_apart_unless_told(told: int, steps: int, between: int) -> None:
    assert build_config(**PATHS, steps_between_evaluations=told).evaluation_interval(steps) == between


def test_evaluations_follow_averages() -> None:
    told = {"train_files": ("a",), "eval_files": ("b",), "schema_file": "s", "job_dir": "j", "sync_steps": 50}
    assert build_config(**told, steps_between_evaluations=100).evaluation_interval(1000) == 100
    assert build_config(**told).evaluation_interval(1100) == 150
    assert build_config(**told).evaluation_interval(300_000) == 10_000
    with pytest.raises(
        UsageError, match=r"`--steps-between-evaluations` must be a multiple of --sync-steps, 50: .* 60"
    ):
        build_config(**told, steps_between_evaluations=60)

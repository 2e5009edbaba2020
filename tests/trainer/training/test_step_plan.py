from __future__ import annotations

import pytest

from trainer.config import TrainingConfig, build_config
from trainer.training.step_plan import StepPlan, plan_steps


def config(**values: object) -> TrainingConfig:
    paths = {"train_files": ("a.csv",), "eval_files": ("b.csv",), "schema_file": "s.toml", "job_dir": "j"}
    return build_config(**(paths | values))


@pytest.mark.parametrize(
    ("told", "features", "most_rows", "plan"),
    [
        ({"train_steps": 100}, 4, None, StepPlan(40, 4_000)),
        ({"train_steps": 9_999}, 4, None, StepPlan(40, 65_520)),
        ({"train_steps": 10_000}, 4, None, StepPlan(40, 65_520, xla=True)),
        ({"train_steps": 39_999, "dropout": 0.1}, 4, None, StepPlan(40, 65_520)),
        ({"train_steps": 40_000, "dropout": 0.1}, 4, None, StepPlan(40, 65_520, xla=True)),
        ({"train_steps": 10_000, "train_batch_size": 1024}, 4, None, StepPlan(1024, 65_536)),
        ({"train_steps": 10_000, "train_batch_size": 100_000}, 4, None, StepPlan(100_000, 100_000)),
        ({"train_steps": 10_000, "train_batch_size": 100}, 8_387, None, StepPlan(100, 200, xla=True)),
        ({"train_steps": 10, "train_batch_size": 100_000, "num_epochs": 2}, 4, 240, StepPlan(240, 240 * 10)),
    ],
)
def test_chunks_hold_whole_batches_and_no_more_rows_than_are_needed_or_fit(
    told: dict[str, object], features: int, most_rows: int | None, plan: StepPlan
) -> None:
    assert plan_steps(config(**told), features, most_rows) == plan

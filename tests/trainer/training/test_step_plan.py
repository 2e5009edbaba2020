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


@pytest.mark.parametrize(
    ("told", "most_rows", "plan"),
    [
        # XLA cannot compile steps that are taken together, of which a chunk has so many as take a second.
        ({"train_steps": 10_000}, None, StepPlan(40, 20_000, replicas=4, rank=1)),
        ({"train_steps": 10_000, "sync_steps": 10}, None, StepPlan(40, 65_520, True, 4, 1, 10)),
        (
            {"train_steps": 10_000, "train_batch_size": 2048, "sync_steps": 10},
            None,
            StepPlan(2048, 65_536, True, 4, 1, 10),
        ),
        ({"train_steps": 1, "train_batch_size": 100_000, "num_epochs": 1}, 239, StepPlan(240, 240, False, 4, 1)),
    ],
)
def test_replicas_share_batches(told: dict[str, object], most_rows: int | None, plan: StepPlan) -> None:
    assert plan_steps(config(**told), 4, most_rows, replicas=4, rank=1) == plan


def test_shares_follow_each_other() -> None:
    plans = [StepPlan(40, 40, replicas=4, rank=rank) for rank in range(4)]
    assert [(plan.first_row, plan.share) for plan in plans] == [(0, 10), (10, 10), (20, 10), (30, 10)]

"""How many rows a training step takes, how many steps are taken at a time, and whether XLA compiles them."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import TrainingConfig
from trainer.training.input_pipeline import piece_rows

# XLA takes about a second to compile a step and then saves what TensorFlow takes to start its operations, less than a
# tenth of a millisecond a step, which is much of a step of few rows and little of one of many.
XLA_FROM_STEPS = 10_000
# Dropout's random numbers make the compilation longer, and there is less to save where much time goes into them.
XLA_WITH_DROPOUT_FROM_STEPS = 40_000
XLA_UP_TO_BATCH = 512


@dataclass(frozen=True)
class StepPlan:
    """How the steps of a training are taken.

    Attributes:
        batch_size: Rows a step.
        chunk_rows: Rows that are handed over at a time, whole batches. It has no influence on what is learned.
        xla: Whether XLA compiles the steps. Trainings that differ in it learn the same but for rounding.
    """

    batch_size: int
    chunk_rows: int
    xla: bool = False


def plan_steps(config: TrainingConfig, features: int, most_rows: int | None = None) -> StepPlan:
    """The plan for a training.

    Args:
        config: How to train.
        features: Columns that the model sees.
        most_rows: Rows that training will see at most, over all epochs. None where that is not known.
    """
    wanted = config.train_batch_size
    batch_size = wanted if most_rows is None else min(wanted, most_rows)
    rows = min(config.train_steps * batch_size, piece_rows(features))
    xla_from = XLA_WITH_DROPOUT_FROM_STEPS if config.dropout else XLA_FROM_STEPS
    return StepPlan(
        batch_size,
        max(1, rows // batch_size) * batch_size,
        config.train_steps >= xla_from and batch_size <= XLA_UP_TO_BATCH,
    )

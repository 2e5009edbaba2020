"""How many rows a training step takes, how many steps are taken at a time, by whom, and whether XLA compiles them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainer.config import TrainingConfig
from trainer.training.input_pipeline import piece_rows

# XLA takes about a second to compile a step and then saves what TensorFlow takes to start its operations, less than a
# tenth of a millisecond a step, which is much of a step of few rows and little of one of many.
XLA_FROM_STEPS = 10_000
# Dropout's random numbers make the compilation longer, and there is less to save where much time goes into them.
XLA_WITH_DROPOUT_FROM_STEPS = 40_000
XLA_UP_TO_BATCH = 512
# Replicas hear a wish to stop once a chunk, and a step that they take together costs them some milliseconds.
MOST_STEPS_TOGETHER = 500


@dataclass(frozen=True)
class StepPlan:
    """How the steps of a training are taken by one of its replicas.

    Attributes:
        batch_size: Rows a step, of all replicas together.
        chunk_rows: Rows that are handed over at a time, whole batches. It has no influence on what is learned.
        xla: Whether XLA compiles the steps. Trainings that differ in it learn the same but for rounding.
        replicas: How many replicas learn.
        rank: The place of this one. It takes the rows of each batch from `first_row` on, `share` of them.
        sync_steps: Steps that a replica takes by itself before all weights are averaged. With 1, the gradients of each
            step are summed, and all learn what one would learn alone.
    """

    batch_size: int
    chunk_rows: int
    xla: bool = False
    replicas: int = 1
    rank: int = 0
    sync_steps: int = 1

    @property
    def share(self) -> int:
        """Rows that this replica takes of a batch."""
        return self.batch_size // self.replicas

    @property
    def first_row(self) -> int:
        """The place of the first of them in the batch."""
        return self.rank * self.share

    @property
    def sums_gradients(self) -> bool:
        """Whether the replicas take each step together."""
        return self.replicas > 1 and self.sync_steps == 1

    @property
    def averages(self) -> bool:
        """Whether each replica takes steps by itself."""
        return self.replicas > 1 and self.sync_steps > 1


def plan_steps(
    config: TrainingConfig, features: int, most_rows: int | None = None, replicas: int = 1, rank: int = 0
) -> StepPlan:
    """The plan for a training.

    Args:
        config: How to train.
        features: Columns that the model sees.
        most_rows: Rows that training will see at most, over all epochs. None where that is not known.
        replicas: How many replicas learn, which divide the batch.
        rank: The place of this one.
    """
    wanted = config.train_batch_size
    batch_size = wanted if most_rows is None else min(wanted, -(-most_rows // replicas) * replicas)
    rows = min(config.train_steps * batch_size, piece_rows(features))
    steps = max(1, rows // batch_size)
    xla_from = XLA_WITH_DROPOUT_FROM_STEPS if config.dropout else XLA_FROM_STEPS
    xla = config.train_steps >= xla_from and batch_size // replicas <= XLA_UP_TO_BATCH
    plan = StepPlan(batch_size, steps * batch_size, xla, replicas, rank, config.sync_steps)
    if plan.sums_gradients:  # in the midst of each step, which XLA cannot compile
        return replace(plan, xla=False, chunk_rows=min(steps, MOST_STEPS_TOGETHER) * batch_size)
    return plan

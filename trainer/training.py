"""The training loop: resumable to the bit, evaluated as it goes, stopped early where asked."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import __version__
from trainer.checkpoints import Checkpoint, CheckpointStore
from trainer.config import Hyperparameters, TrainingConfig
from trainer.contract import Contract
from trainer.errors import TrainingError
from trainer.event_log import EventLog
from trainer.features import FeatureEncoder, fit_columns
from trainer.input_pipeline import Table, batched, open_table, shuffled_rows, windows
from trainer.learning_state import LearningState
from trainer.tables import expand, total_bytes
from trainer.tables.profile import TableProfile, check_tables

if TYPE_CHECKING:
    import tensorflow as tf

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedModel:
    """What training leaves behind.

    Attributes:
        network: The Keras model, from encoded features to logits.
        encoder: From raw columns to encoded features.
        contract: The data contract.
        steps: Optimizer steps taken.
        metrics: The last evaluation: `loss`, the mean over rows, and `accuracy`.
        record: What the model was made of, as plain JSON values: steps, settings, data, version of the trainer.
    """

    network: Any
    encoder: FeatureEncoder
    contract: Contract
    steps: int
    metrics: dict[str, float]
    record: dict[str, Any]


def train(config: TrainingConfig, contract: Contract) -> TrainedModel:
    """Checks the tables, then trains, going on from the newest checkpoint of `config.checkpoints` if there is one.

    Args:
        config: What to train on and how.
        contract: The data contract that the tables must keep.

    Raises:
        DataError: A table breaks the contract; nothing was trained or written.
        TrainingError: The checkpoints belong to another run, or the weights stopped being finite.
    """
    import tensorflow as tf

    from trainer.model import build_classifier, build_optimizer

    train_urls, eval_urls = expand(config.train_files), expand(config.eval_files)
    train_profile, eval_profile = check_tables(train_urls, eval_urls, contract)
    for warning in (*train_profile.warnings, *eval_profile.warnings):
        log.warning(warning)
    tf.config.experimental.enable_op_determinism()
    encoder = FeatureEncoder(fit_columns(contract, train_profile))
    network = build_classifier(encoder, config, len(contract.label.classes))
    in_memory = total_bytes([*train_urls, *eval_urls]) <= config.in_memory_mib * 2**20
    loop = TrainingLoop(
        config,
        LearningState(network, build_optimizer(config)),
        encoder,
        open_table(train_urls, contract, train_profile.rows, in_memory),
        open_table(eval_urls, contract, eval_profile.rows, in_memory),
    )
    settings = settings_of(config, contract, train_profile, eval_profile)
    with EventLog(config.logs) as events:
        metrics = loop.run(CheckpointStore(config.checkpoints, settings), events)
    record = {"steps": loop.step, "trainer": __version__, **settings}
    return TrainedModel(network, encoder, contract, loop.step, metrics, record)


def settings_of(
    config: Hyperparameters, contract: Contract, train: TableProfile, evaluation: TableProfile
) -> dict[str, Any]:
    """What two runs must share for one to go on where the other stopped. More steps may follow."""
    settings = config.model_dump(include=set(Hyperparameters.model_fields) - {"train_steps"})
    settings["contract"] = hashlib.sha256(contract.model_dump_json().encode()).hexdigest()[:12]
    settings["training data"] = train.sha256[:12]
    settings["evaluation data"] = evaluation.sha256[:12]
    return settings


class TrainingLoop:
    """Drives a `LearningState` from its checkpoint to its last step."""

    def __init__(
        self,
        config: TrainingConfig,
        state: LearningState,
        encoder: FeatureEncoder,
        train: Table,
        evaluation: Table,
    ) -> None:
        self.config = config
        self.state = state
        self.step = 0
        self.last_step = config.steps_for(train.rows)
        self.best: dict[str, np.ndarray] = {}
        self.notes: dict[str, Any] = {"best_loss": math.inf, "waited": 0}
        self._train = train
        self._encoder = encoder
        self._eval_batches = batched(
            lambda: windows(evaluation.batches(), config.eval_batch_size),
            evaluation.contract,
            encoder,
            config.eval_batch_size,
        ).take(config.eval_steps)
        if evaluation.rows > config.eval_steps * config.eval_batch_size:
            log.warning(
                "Evaluation during training takes the first %d of %d rows. Raise --eval-steps to take all.",
                config.eval_steps * config.eval_batch_size,
                evaluation.rows,
            )

    def run(self, store: CheckpointStore, events: EventLog) -> dict[str, float]:
        """Trains to the last step, or until patience ends; returns the last evaluation's loss and accuracy.

        Raises:
            TrainingError: Loss or weights stopped being finite, or the checkpoints belong to another run.
        """
        self._resume(store.latest())
        batches = None
        while self.step < self.last_step and not self._patience_spent():
            batches = batches or iter(self._training_batches())
            between = self.config.steps_between_evaluations
            steps = min(between - self.step % between, self.last_step - self.step)
            learned = self.state.train(batches, steps)
            self.step += steps
            self._require_finite(learned["loss"])
            measured = self.state.evaluate(self._eval_batches)
            self._note(measured["loss"])
            events.write("train", self.step, learned)
            events.write("eval", self.step, measured)
            events.flush()
            store.save(self.step, self.state.arrays() | self.best, self.notes)
            log.info("step %d of %d: %s", self.step, self.last_step, _in_words(learned, measured))
        if self.best:
            self.state.restore_weights(self.best)
        return self.state.evaluate(self._eval_batches)

    def _training_batches(self) -> tf.data.Dataset:
        config = self.config
        first_row = self.step * config.train_batch_size
        return batched(
            lambda: shuffled_rows(self._train, config.seed, first_row, config.num_epochs),
            self._train.contract,
            self._encoder,
            config.train_batch_size,
            config.num_parallel_calls,
            config.prefetch_buffer_size,
        )

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is None:
            return
        self.step = checkpoint.step
        self.notes = dict(checkpoint.notes)
        self.state.restore(checkpoint.arrays)
        self.best = {name: array for name, array in checkpoint.arrays.items() if name.startswith("best/")}
        log.info("going on from the checkpoint of step %d", self.step)
        if self.step > self.last_step:
            log.warning("The checkpoint has %d steps; only %d were asked for.", self.step, self.last_step)

    def _note(self, loss: float) -> None:
        if not self.config.patience:
            return
        if loss < self.notes["best_loss"]:
            self.notes = {"best_loss": loss, "waited": 0}
            self.best = self.state.weights()
        else:
            self.notes = {**self.notes, "waited": self.notes["waited"] + 1}

    def _patience_spent(self) -> bool:
        return 0 < self.config.patience <= int(self.notes["waited"])

    def _require_finite(self, loss: float) -> None:
        finite = math.isfinite(loss) and all(
            np.isfinite(array).all() for array in self.state.arrays().values() if array.dtype.kind == "f"
        )
        if not finite:
            raise TrainingError(
                f"Training diverged before step {self.step}: loss or weights are no longer finite. "
                f"Received: learning rate {self.config.learning_rate}, optimizer {self.config.optimizer}. "
                "Lower --learning-rate, or standardise the columns in the data contract."
            )


def _in_words(learned: dict[str, float], measured: dict[str, float]) -> str:
    return (
        f"training loss {learned['loss']:.4f}, accuracy {learned['accuracy']:.4f}; "
        f"evaluation loss {measured['loss']:.4f}, accuracy {measured['accuracy']:.4f}"
    )

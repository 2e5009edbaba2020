"""The training loop: resumable to the bit, evaluated as it goes, stopped early where asked."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from trainer.config import TrainingConfig
from trainer.errors import TrainingError
from trainer.metric_file import MetricFile
from trainer.training.checkpoints import Checkpoint, CheckpointStore
from trainer.training.chunks import ChunkFeed, EvaluationChunks, Stretch
from trainer.training.event_log import EventLog
from trainer.training.input_pipeline import Table
from trainer.training.learning_state import LearningState
from trainer.training.reducer import ALONE, Reducer
from trainer.training.stop_request import StopRequest, signals_heard

log = logging.getLogger(__name__)

MORE_IS_BETTER = ("accuracy",)


class TrainingLoop:
    """Drives a `LearningState` from its checkpoint to its last step.

    Args:
        config: How to train.
        state: What learns.
        last_step: The step to train to.
        evaluation: The rows that each evaluation takes.
        held_out: The rows that patience watches, if there are any; else it watches those of the evaluation.
        checkpoint: Where to go on; None starts anew.
        reducer: Of the replicas, each of which has such a loop. They take the same steps at a time; the primary alone
            evaluates and writes, and tells the others what comes of it.
        metric_file: Is told each evaluation.
    """

    def __init__(
        self,
        config: TrainingConfig,
        state: LearningState,
        last_step: int,
        evaluation: Table,
        held_out: Table | None,
        checkpoint: Checkpoint | None,
        reducer: Reducer = ALONE,
        metric_file: MetricFile | None = None,
    ) -> None:
        self.config = config
        self.state = state
        self._reducer = reducer
        self._metric_file = metric_file
        self.step = 0
        self.last_step = last_step
        self.best: dict[str, np.ndarray] = {}
        self.notes: dict[str, Any] = {"best": None, "best_step": 0, "waited": 0}
        widest = max(state.layout.width, *config.hidden_units)
        self._evaluation = EvaluationChunks(evaluation, widest)
        self._held_out = None if held_out is None else EvaluationChunks(held_out, widest)
        self._watches = bool(config.patience) and (held_out is not None or not config.holdout)
        self._resume(checkpoint)

    def run(self, feed: ChunkFeed, store: CheckpointStore, events: EventLog) -> dict[str, float]:
        """Trains to the last step, or until patience ends; returns loss and accuracy of the model that it leaves.

        Replicas other than the primary return nothing, and leave the model of the last step.

        Args:
            feed: The rows, from those of the next step on.
            store: Where checkpoints go.
            events: Where curves go.

        Raises:
            TrainingError: Loss or weights stopped being finite.
            KeyboardInterrupt: SIGINT or SIGTERM has come, to this replica or another, and there is a checkpoint of all
                steps taken.
        """
        with signals_heard() as stop:
            return self._run(feed, store, events, stop)

    def _run(self, feed: ChunkFeed, store: CheckpointStore, events: EventLog, stop: StopRequest) -> dict[str, float]:
        measured: dict[str, float] = {}
        between = self.config.evaluation_interval(self.last_step)
        while self.step < self.last_step and not self._patience_spent():
            steps = min(between - self.step % between, self.last_step - self.step)
            evaluated_at = self.step + steps
            learned = self.state.train(self._counted(feed, steps, stop))
            arrays = self.state.arrays()
            self._require_finite(learned["loss"], arrays)
            if self._reducer.agreed(stop.is_made) and self.step < evaluated_at:
                self._save(store, arrays)
                raise KeyboardInterrupt
            if self._reducer.is_primary:
                measured = self._look(learned, events)
                self._save(store, arrays)
                log.info("step %d of %d: %s", self.step, self.last_step, _in_words(learned, measured))
            self._share_notes()
            if self._reducer.agreed(stop.is_made):
                raise KeyboardInterrupt
        if not self._reducer.is_primary:
            return {}
        if self.best and self.notes["waited"]:
            self.state.restore_weights(self.best)
            measured = {}
        return measured or self.evaluate()

    def _look(self, learned: dict[str, float], events: EventLog) -> dict[str, float]:
        """Evaluates, notes whether it is the best so far, draws the curves; returns loss and accuracy."""
        measured = self.evaluate()
        curves = {"train": learned, "eval": measured}
        if self._held_out is not None:
            curves["held out"] = self.state.evaluate(self._held_out, weighted=True)
        self._note(curves.get("held out", measured)[self.config.watched_metric])
        for name, point in curves.items():
            events.write(name, self.step, point)
        events.flush()
        if self._metric_file is not None:
            self._metric_file.report(self.step, measured)
        return measured

    def _save(self, store: CheckpointStore, arrays: dict[str, np.ndarray]) -> None:
        if self._reducer.is_primary:
            store.save(self.step, arrays | self.best, self.notes)

    def _share_notes(self) -> None:
        best_step, waited = self._reducer.told([self.notes["best_step"], self.notes["waited"]])
        self.notes |= {"best_step": best_step, "waited": waited}

    def evaluate(self) -> dict[str, float]:
        """Loss and accuracy on the evaluation rows, of the model as it is."""
        return self.state.evaluate(self._evaluation)

    def _counted(self, feed: ChunkFeed, steps: int, stop: StopRequest) -> Iterator[Stretch]:
        """The next steps, counted once they are taken; no more of them after a request to stop."""
        end, plan = self.step + steps, self.state.plan
        apart = range(self.step - self.step % plan.sync_steps + plan.sync_steps, end, plan.sync_steps)
        for until in (*(apart if plan.averages else ()), end):
            for stretch in feed.take(until - self.step):
                yield stretch
                self.step += stretch.steps
                if plan.averages and self.step == until:
                    self.state.average()
                if self._reducer.agreed(stop.is_made):
                    return

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

    def _note(self, watched: float) -> None:
        if not self._watches:
            return
        best, sign = self.notes["best"], 1 if self.config.watched_metric in MORE_IS_BETTER else -1
        if best is None or sign * watched > sign * best:
            self.notes = {"best": watched, "best_step": self.step, "waited": 0}
            self.best = self.state.weights()
        else:
            self.notes = {**self.notes, "waited": self.notes["waited"] + 1}

    def _patience_spent(self) -> bool:
        return 0 < self.config.patience <= int(self.notes["waited"])

    def _require_finite(self, loss: float, arrays: dict[str, np.ndarray]) -> None:
        """Looks at what a divergence leaves: XLA and ReLU let NaN pass without a sound."""
        finite = all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")
        if not (finite and math.isfinite(loss)):
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

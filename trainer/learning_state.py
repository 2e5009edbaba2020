"""What a training step changes: the network, its optimizer, and the step itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


class LearningState:
    """The network and its optimizer, trained and assessed batch by batch, copied and restored whole."""

    def __init__(self, network: Any, optimizer: Any) -> None:
        import tensorflow as tf

        self.network = network
        self.optimizer = optimizer
        optimizer.build(network.trainable_variables)
        self._take_steps = tf.function(self._steps, reduce_retracing=True)
        self._assess = tf.function(self._assessment, reduce_retracing=True)

    def train(self, batches: Iterator[Any], steps: int) -> dict[str, float]:
        """Takes `steps` optimizer steps; returns mean loss and accuracy over their rows, before each step."""
        import tensorflow as tf

        loss, correct, rows = self._take_steps(batches, tf.constant(steps))
        return _means(float(loss), int(correct), int(rows))

    def evaluate(self, batches: tf.data.Dataset) -> dict[str, float]:
        """Mean loss and accuracy over the rows of `batches`, each counted once."""
        loss, correct, rows = 0.0, 0, 0
        for features, labels in batches:
            batch_loss, batch_correct = self._assess(features, labels)
            loss, correct, rows = loss + float(batch_loss), correct + int(batch_correct), rows + len(labels)
        return _means(loss, correct, rows)

    def arrays(self) -> dict[str, np.ndarray]:
        """A copy of every variable, by a name that a network of the same shape shares."""
        return {name: variable.numpy().copy() for name, variable in self._variables()}

    def restore(self, arrays: Any) -> None:
        """Sets every variable from `arrays`."""
        for name, variable in self._variables():
            variable.assign(arrays[name])

    def weights(self) -> dict[str, np.ndarray]:
        """A copy of the network's variables alone."""
        return {f"best/{place}": value.numpy().copy() for place, value in enumerate(self.network.variables)}

    def restore_weights(self, weights: Any) -> None:
        """Sets the network's variables from what `weights` returned."""
        for place, variable in enumerate(self.network.variables):
            variable.assign(weights[f"best/{place}"])

    def _variables(self) -> Iterator[tuple[str, Any]]:
        for place, variable in enumerate(self.network.variables):
            yield f"network/{place}", variable
        for place, variable in enumerate(self.optimizer.variables):
            yield f"optimizer/{place}", variable

    def _steps(self, batches: Any, steps: tf.Tensor) -> Any:
        import tensorflow as tf

        total_loss, correct, rows = tf.constant(0.0), tf.constant(0), tf.constant(0)
        for _ in tf.range(steps):
            features, labels = next(batches)
            with tf.GradientTape() as tape:
                loss, hits = _loss_and_hits(self.network(features, training=True), labels)
            variables = self.network.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            total_loss, correct, rows = total_loss + loss, correct + hits, rows + tf.size(labels)
        return total_loss, correct, rows

    def _assessment(self, features: Any, labels: tf.Tensor) -> Any:
        return _loss_and_hits(self.network(features, training=False), labels)


def _loss_and_hits(logits: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    import tensorflow as tf

    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    hits = tf.equal(tf.argmax(logits, axis=1), labels)
    return tf.reduce_sum(losses), tf.reduce_sum(tf.cast(hits, tf.int32))


def _means(loss: float, correct: int, rows: int) -> dict[str, float]:
    return {"loss": loss / rows, "accuracy": correct / rows}

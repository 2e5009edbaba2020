"""What a training step changes: the network, its optimizer, and the step itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.model.row_layout import RowLayout
from trainer.training.chunks import Chunk, Stretch
from trainer.training.flat_sums import summed_gradients, sums
from trainer.training.reducer import ALONE, Reducer
from trainer.training.step_plan import StepPlan

if TYPE_CHECKING:
    import tensorflow as tf


class LearningState:
    """The network and its optimizer, trained and assessed chunk by chunk, copied and restored whole.

    A chunk's steps are taken inside one graph: no step costs a call from Python.

    Args:
        network: From what the layout expands rows to, to logits.
        optimizer: Not yet built.
        layout: How the rows are laid out.
        plan: How the steps are taken.
        class_weights: What a row counts by its class, in the order of the ids; None where all count alike.
        reducer: Sums over the replicas that learn together, which all do the same at a time.
    """

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        layout: RowLayout,
        plan: StepPlan,
        class_weights: Sequence[float] | None = None,
        reducer: Reducer = ALONE,
    ) -> None:
        import tensorflow as tf

        self.network = network
        self.optimizer = optimizer
        self.layout = layout
        self.plan = plan
        self._reducer = reducer
        self._class_weights = None if class_weights is None else tf.constant(class_weights, tf.float32)
        optimizer.build(network.trainable_variables)
        self._take_steps = tf.function(self._steps, autograph=False, jit_compile=plan.xla)
        self._average = tf.function(self._averages, autograph=False, input_signature=[])
        rows = [tf.TensorSpec([None, len(layout.numeric)]), tf.TensorSpec([None, len(layout.categorical)], tf.int32)]
        one_a_class = tf.TensorSpec([network.output_shape[-1]])
        self._assess = tf.function(
            self._assessment, autograph=False, input_signature=[*rows, tf.TensorSpec([None], tf.int32), one_a_class]
        )

    def get_ready(self) -> None:
        """Traces and compiles what `train` and `evaluate` run, before there are rows."""
        import tensorflow as tf

        size = self.plan.chunk_rows // self.plan.replicas
        numbers = tf.zeros([size, len(self.layout.numeric)])
        ids = tf.zeros([size, len(self.layout.categorical)], tf.int32)
        self._results([Stretch(Chunk(numbers, ids, tf.zeros([size], tf.int32), 0), 0, 0, 0)])
        if self.plan.averages:
            self._average.get_concrete_function()
        self._assess.get_concrete_function()

    def train(self, work: Iterable[Stretch]) -> dict[str, float]:
        """Takes the steps of each stretch; returns mean loss and accuracy over their rows, before each step.

        The losses are those that the steps lower, each row's times its weight. They are those of the rows of all
        replicas.
        """
        results = self._results(work)
        return _means(self._summed_up(results) if self.plan.averages else results)

    def average(self) -> None:
        """Sets the weights and what the optimizer keeps of each to their means over all replicas."""
        self._average()

    def evaluate(self, chunks: Iterable[Chunk], *, weighted: bool = False) -> dict[str, float]:
        """Mean loss and accuracy over the rows of `chunks`, each counted once and all of them counting.

        Args:
            chunks: The rows.
            weighted: Whether the loss is that of training, each row's times the weight of its class.
        """
        import tensorflow as tf

        weights = self._class_weights if weighted else None
        weights = tf.ones([self.network.output_shape[-1]]) if weights is None else weights
        results = []
        for chunk in chunks:
            loss, hits = self._assess(chunk.numbers, chunk.ids, chunk.labels, weights)
            results.append((float(loss), float(hits), chunk.rows))
        return _means(results)

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

    def _results(self, work: Iterable[Stretch]) -> list[tuple[float, float, int]]:
        """Summed loss, rows classified rightly, and rows, for each stretch, once its steps are taken."""
        import tensorflow as tf

        results = []
        for one in work:
            chunk = one.chunk
            numbers = map(tf.constant, (chunk.rows, one.first, one.first + one.steps))
            loss, hits = self._take_steps(chunk.numbers, chunk.ids, chunk.labels, *numbers)
            results.append((float(loss), float(hits), one.rows))
        return results

    def _steps(
        self, numbers: tf.Tensor, ids: tf.Tensor, labels: tf.Tensor, rows: tf.Tensor, first: tf.Tensor, end: tf.Tensor
    ) -> Any:
        import tensorflow as tf

        plan, size = self.plan, self.plan.share
        variables = self.network.trainable_variables

        def take_step(step: tf.Tensor, loss: tf.Tensor, hits: tf.Tensor) -> Any:
            start = step * size
            counts = tf.cast(step * plan.batch_size + plan.first_row + tf.range(size) < rows, tf.float32)
            batch = self.layout.expand(_rows_of(numbers, start, size), _rows_of(ids, start, size))
            with tf.GradientTape() as tape:
                logits = self.network(batch, training=True)
                step_loss, step_hits = _loss_and_hits(
                    logits, _rows_of(labels, start, size), counts, self._class_weights
                )
                # A share that is learned by itself stands for its whole batch.
                lowered = step_loss * plan.replicas if plan.averages else step_loss
            gradients = tape.gradient(lowered, variables)
            if plan.sums_gradients:
                found = [step_loss, step_hits]
                gradients, (step_loss, step_hits) = summed_gradients(self._reducer, plan, gradients, found)
            self.optimizer.apply(gradients, variables)
            return step + 1, loss + step_loss, hits + step_hits

        # The loop counts from `first`. Were that added inside, XLA would take it for a constant and compile for each.
        start = (first, tf.constant(0.0), tf.constant(0.0))
        _, loss, hits = tf.while_loop(lambda step, *_: step < end, take_step, start)
        return loss, hits

    def _averages(self) -> None:
        rate = self.optimizer.learning_rate
        kept = [one for one in self.optimizer.variables if "float" in one.dtype and one is not rate]
        variables = [*self.network.trainable_variables, *kept]
        for variable, total in zip(variables, sums(self._reducer, variables), strict=True):
            variable.assign(total / self.plan.replicas)

    def _summed_up(self, results: Iterable[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
        """What all replicas have found, of results that each has of its share of the same rows."""
        import tensorflow as tf

        loss, hits, rows = map(sum, zip(*results, strict=True))
        loss, hits = self._reducer.sum(tf.constant([loss, hits], tf.float64)).numpy()
        return [(float(loss), float(hits), rows)]

    def _assessment(self, numbers: tf.Tensor, ids: tf.Tensor, labels: tf.Tensor, class_weights: tf.Tensor) -> Any:
        import tensorflow as tf

        logits = self.network(self.layout.expand(numbers, ids), training=False)
        return _loss_and_hits(logits, labels, tf.ones_like(labels, tf.float32), class_weights)


def _rows_of(values: tf.Tensor, start: tf.Tensor, size: int) -> tf.Tensor:
    """`size` rows from `start` on."""
    import tensorflow as tf

    rest = values.shape[1:]
    return tf.slice(values, [start, *[0] * len(rest)], [size, *rest])


def _loss_and_hits(
    logits: tf.Tensor, labels: tf.Tensor, counts: tf.Tensor, class_weights: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The summed loss, weighted by class, and the rows classified rightly, of the rows that count 1, not 0."""
    import tensorflow as tf

    # Under TensorFlow's determinism the function for class ids takes a long way; XLA needs longer to compile it.
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=tf.one_hot(labels, logits.shape[1]), logits=logits)
    hits = tf.cast(tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels), tf.float32)
    weights = counts if class_weights is None else counts * tf.gather(class_weights, labels)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(hits * counts)


def _means(results: Iterable[tuple[float, float, int]]) -> dict[str, float]:
    loss, hits, rows = map(sum, zip(*results, strict=True))
    return {"loss": loss / rows, "accuracy": hits / rows}

"""Sums of many tensors over replicas, in one go: what a sum costs depends little on how large it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trainer.training.reducer import Reducer
from trainer.training.step_plan import StepPlan

if TYPE_CHECKING:
    import tensorflow as tf


def sums(reducer: Reducer, tensors: Sequence[Any]) -> list[tf.Tensor]:
    """The sums of float32 tensors, or variables, of known shapes."""
    import tensorflow as tf

    dense = [tf.convert_to_tensor(tensor) for tensor in tensors]
    flat = reducer.sum(tf.concat([tf.reshape(tensor, [-1]) for tensor in dense], 0))
    parts = tf.split(flat, [tensor.shape.num_elements() for tensor in dense])
    return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, dense, strict=True)]


def summed_gradients(
    reducer: Reducer, plan: StepPlan, gradients: Sequence[Any], others: Sequence[tf.Tensor]
) -> tuple[list[Any], list[tf.Tensor]]:
    """The gradients of a whole batch from those of the replicas' shares, and the sums of other numbers.

    The gradient of an embedding is put together row by row, as one replica has it: Keras' optimizers square it before
    they add up the rows of one word, so that a sum by words would teach them something else.

    Args:
        reducer: Sums.
        plan: Says which rows of a batch are whose.
        gradients: Tensors, or IndexedSlices with a slice for each row of the share.
        others: Scalars, float32.
    """
    import tensorflow as tf

    before, after = plan.first_row, plan.batch_size - plan.first_row - plan.share

    def in_place(rows: tf.Tensor) -> tf.Tensor:
        """The share's rows among zeros for the others', of which the sum is made of all of them."""
        return tf.pad(rows, [[before, after], *[[0, 0]] * (len(rows.shape) - 1)])

    parts: list[tf.Tensor] = []
    for gradient in gradients:
        if isinstance(gradient, tf.IndexedSlices):
            slices = tf.ensure_shape(gradient.values, [plan.share, gradient.values.shape[1]])
            ids = tf.ensure_shape(tf.cast(gradient.indices, tf.float32), [plan.share])
            parts += [in_place(slices), in_place(ids)]
        else:
            parts.append(gradient)
    found = iter(sums(reducer, [*parts, *others]))
    summed = [
        tf.IndexedSlices(next(found), tf.cast(next(found), gradient.indices.dtype), gradient.dense_shape)
        if isinstance(gradient, tf.IndexedSlices)
        else next(found)
        for gradient in gradients
    ]
    return summed, list(found)

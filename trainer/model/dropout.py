"""Dropout whose masks are the same whether XLA compiles it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def dropout_layer(rate: float, seed: int, replicas: int = 1, rank: int = 0) -> keras.layers.Layer:
    """Keras' Dropout, but for how the masks are drawn: from whole numbers.

    From one seed, XLA and TensorFlow draw the same random bits, but make other floating-point numbers of them.

    Args:
        rate: Share of the units that a training step drops, 0 to 1.
        seed: Decides the masks.
        replicas: How many networks share each batch. They drop what one alone would drop.
        rank: The place of this one's rows among the equal shares of the others.
    """
    import keras
    import tensorflow as tf

    class Dropout(keras.layers.Dropout):  # type: ignore[misc]
        def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
            if not training:
                return inputs
            seed = tf.cast(self.seed_generator.next(), tf.int32)
            shape = tf.shape(inputs)
            if replicas > 1:
                shape = tf.concat([shape[:1] * replicas, shape[1:]], 0)
            bits = tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="philox")
            if replicas > 1:
                bits = tf.split(bits, replicas)[rank]
            return tf.where(bits >= int(rate * 2**32), inputs / (1 - rate), 0.0)

    return Dropout(rate, seed=seed)

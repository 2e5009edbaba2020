"""The network: DNNClassifier's architecture, start and optimizer, in Keras 3."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from trainer.config import Hyperparameters
from trainer.model.dropout import dropout_layer
from trainer.model.row_layout import DENSE, IDS, RowLayout

if TYPE_CHECKING:
    import keras

# TF 1's AdagradOptimizer; Keras' own default of 0.001 for the learning rate learns far too slowly here.
INITIAL_ACCUMULATOR = 0.1


def build_classifier(
    layout: RowLayout, hyperparameters: Hyperparameters, classes: int, replicas: int = 1, rank: int = 0
) -> keras.Model:
    """The network from encoded features to logits.

    Args:
        layout: Says how many dense numbers and which embedded ids come in.
        hyperparameters: Sizes, dropout and the seed of the start.
        classes: Number of classes.
        replicas: How many such networks share each training batch.
        rank: The place of this one's share.

    Returns:
        A model from `{"dense": float32 [N, width], "ids": int64 [N, k]}` to logits, float32 [N, classes]; the
        kernels glorot-uniform, the biases zero, as DNNClassifier's.
    """
    import keras

    inputs = {DENSE: keras.Input((layout.width,), name=DENSE)}
    pieces = [inputs[DENSE]]
    seeds = itertools.count(hyperparameters.seed)
    if layout.embedded:
        inputs[IDS] = keras.Input((len(layout.embedded),), dtype="int64", name=IDS)
    for place, column in enumerate(layout.embedded):
        start = keras.initializers.RandomUniform(seed=next(seeds))
        layer = keras.layers.Embedding(
            column.slots, column.embedding_size, embeddings_initializer=start, name=f"embedding_{place}"
        )
        pieces.append(layer(inputs[IDS][:, place]))
    hidden = keras.layers.Concatenate()(pieces) if len(pieces) > 1 else pieces[0]
    for place, units in enumerate(hyperparameters.hidden_units):
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        hidden = keras.layers.Dense(units, activation="relu", kernel_initializer=start, name=f"hiddenlayer_{place}")(
            hidden
        )
        if hyperparameters.dropout:
            hidden = dropout_layer(hyperparameters.dropout, next(seeds), replicas, rank)(hidden)
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    logits = keras.layers.Dense(classes, kernel_initializer=start, name="logits")(hidden)
    return keras.Model(inputs, logits, name="dnn_classifier")


def build_optimizer(hyperparameters: Hyperparameters) -> Any:
    """The optimizer that the hyperparameters name, built for no model yet.

    Weight decay is decoupled from the gradients (Loshchilov and Hutter, 2019), and leaves biases alone.
    """
    import keras

    told = {"learning_rate": hyperparameters.learning_rate, "weight_decay": hyperparameters.weight_decay or None}
    if hyperparameters.optimizer == "adagrad":
        optimizer = keras.optimizers.Adagrad(initial_accumulator_value=INITIAL_ACCUMULATOR, **told)
    elif hyperparameters.optimizer == "adam":
        optimizer = keras.optimizers.Adam(**told)
    elif hyperparameters.optimizer == "rmsprop":
        optimizer = keras.optimizers.RMSprop(**told)
    else:
        optimizer = keras.optimizers.SGD(**told)
    if hyperparameters.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer

"""TensorFlow's own way for several workers: MultiWorkerMirroredStrategy, and a loop of `strategy.run`.

Keras' `fit` fails under it. One of several processes, as TF_CONFIG says; the first one prints.

    python program.py --csv FILE --batch 1024 --steps 1000 --eval-csv FILE [--whole-batches]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import tensorflow as tf

STRATEGY = tf.distribute.MultiWorkerMirroredStrategy()  # before anything is computed

import keras  # noqa: E402 - likewise
from pyarrow import csv  # noqa: E402

HIDDEN_UNITS = [100, 70, 48, 34]
CLASSES = 3
SHUFFLED = 65_536
WARM_UP = 20


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Features, float32 [N, 4], and labels, int64 [N]."""
    table = csv.read_csv(path, csv.ReadOptions(skip_rows=1, autogenerate_column_names=True))
    *features, labels = (table.column(place).to_numpy() for place in range(table.num_columns))
    return np.stack(features, axis=1).astype(np.float32), labels.astype(np.int64)


def network() -> keras.Model:
    """The classifier, from four numbers to logits."""
    layers = [keras.layers.Dense(units, activation="relu") for units in HIDDEN_UNITS]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(CLASSES)])


def batches(path: str, batch: int) -> Any:
    """Each worker's share of shuffled batches, without an end."""
    features, labels = read(path)
    rows = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(min(len(labels), SHUFFLED)).repeat()
    dataset = rows.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return iter(STRATEGY.experimental_distribute_dataset(dataset.with_options(options)))


def whole_batches(path: str, batch: int) -> Any:
    """Each worker's share of batches that are drawn in one go, which saves what tf.data takes for each row."""
    features, labels = map(tf.constant, read(path))
    share = batch // STRATEGY.num_replicas_in_sync

    def drawn(_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        places = tf.random.uniform([share], maxval=len(labels), dtype=tf.int32)
        return tf.gather(features, places), tf.gather(labels, places)

    numbers = tf.data.Dataset.range(1).repeat()
    return iter(STRATEGY.distribute_datasets_from_function(lambda _: numbers.map(drawn).prefetch(tf.data.AUTOTUNE)))


def step_function(model: keras.Model, optimizer: Any) -> Any:
    """A function that takes one step on the next batch."""

    def replica_step(features: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = model(features, training=True)
            # Summed over its rows: the optimizer adds up what the workers found.
            loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    def take(rows: Any) -> None:
        STRATEGY.run(replica_step, args=next(rows))

    return tf.function(take)


def main() -> None:
    """Trains, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    parser.add_argument("--eval-csv", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--whole-batches", action="store_true")
    options = parser.parse_args()
    keras.utils.set_random_seed(1)
    with STRATEGY.scope():
        model = network()
        optimizer = keras.optimizers.Adagrad(0.05, initial_accumulator_value=0.1)
        optimizer.build(model.trainable_variables)
    rows = (whole_batches if options.whole_batches else batches)(options.csv, options.batch)
    take = step_function(model, optimizer)
    for _ in range(WARM_UP):
        take(rows)
    begun = time.perf_counter()
    for _ in range(options.steps):
        take(rows)
    model.trainable_variables[0].numpy()
    seconds = time.perf_counter() - begun
    features, labels = read(options.eval_csv)
    hidden = features
    for kernel, bias in zip(*[iter(variable.numpy() for variable in model.trainable_variables)] * 2, strict=True):
        logits = hidden @ kernel + bias
        hidden = np.maximum(logits, 0)
    result = {
        "steady_rows_per_s": options.steps * options.batch / seconds,
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

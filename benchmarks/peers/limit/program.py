"""The limit: the table in memory, thousands of steps compiled by XLA into one function, and nothing besides.

The rows lie there in batches. No file is read while it runs, nothing is shuffled, counted, evaluated or kept; the
gradients are TensorFlow's, Adagrad is written out. The first call, which compiles, is not timed.

    python program.py --csv FILE --batch 40 --steps 50000 --eval-csv FILE
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from typing import Any

import numpy as np
import tensorflow as tf
from pyarrow import csv

SIZES = [4, 100, 70, 48, 34, 3]
LEARNING_RATE = 0.05
INITIAL_ACCUMULATOR = 0.1
# Steps that the compiled loop takes before it looks whether to go on; more of them gain nothing.
UNROLLED = 4


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Features, float32 [N, 4], and labels, int64 [N]."""
    table = csv.read_csv(path, csv.ReadOptions(skip_rows=1, autogenerate_column_names=True))
    *features, labels = (table.column(place).to_numpy() for place in range(table.num_columns))
    return np.stack(features, axis=1).astype(np.float32), labels.astype(np.int64)


def start() -> list[tf.Tensor]:
    """Glorot-uniform kernels and zero biases, in turns."""
    random = np.random.default_rng(1)
    weights = []
    for inputs, outputs in itertools.pairwise(SIZES):
        most = (6 / (inputs + outputs)) ** 0.5
        weights.append(tf.constant(random.uniform(-most, most, (inputs, outputs)), tf.float32))
        weights.append(tf.zeros([outputs]))
    return weights


def logits_of(features: tf.Tensor, weights: Any) -> tf.Tensor:
    """The network."""
    hidden = features
    for place in range(0, len(weights) - 2, 2):
        hidden = tf.nn.relu(hidden @ weights[place] + weights[place + 1])
    return hidden @ weights[-2] + weights[-1]


def compiled_steps(features: np.ndarray, labels: np.ndarray, batch: int) -> Any:
    """A function that takes so many optimizer steps, a multiple of `UNROLLED`, over the rows again and again."""
    batches = len(labels) // batch
    rows = tf.constant(features[: batches * batch].reshape(batches, batch, SIZES[0]))
    wanted = tf.one_hot(labels[: batches * batch].reshape(batches, batch), SIZES[-1])

    def take_step(step: tf.Tensor, weights: Any, accumulators: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            place = step % batches
            loss = tf.reduce_sum(
                tf.nn.softmax_cross_entropy_with_logits(wanted[place], logits_of(rows[place], weights))
            )
        gradients = tape.gradient(loss, weights)
        accumulators = [held + gradient * gradient for held, gradient in zip(accumulators, gradients, strict=True)]
        weights = [
            weight - LEARNING_RATE * gradient * tf.math.rsqrt(held)
            for weight, gradient, held in zip(weights, gradients, accumulators, strict=True)
        ]
        return weights, accumulators

    def take_some(step: tf.Tensor, weights: Any, accumulators: Any) -> Any:
        for further in range(UNROLLED):
            weights, accumulators = take_step(step + further, weights, accumulators)
        return step + UNROLLED, weights, accumulators

    def take(steps: tf.Tensor, weights: Any, accumulators: Any) -> Any:
        state = (tf.constant(0), weights, accumulators)
        return tf.while_loop(lambda step, *_: step < steps, take_some, state)[1:]

    return tf.function(take, jit_compile=True)


def main() -> None:
    """Trains, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    parser.add_argument("--eval-csv", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    options = parser.parse_args()
    features, labels = read(options.csv)
    take = compiled_steps(features, labels, options.batch)
    steps = options.steps // UNROLLED * UNROLLED
    weights = start()
    accumulators = [tf.fill(weight.shape, INITIAL_ACCUMULATOR) for weight in weights]
    compiling = time.perf_counter()
    take(tf.constant(UNROLLED), weights, accumulators)
    begun = time.perf_counter()
    weights, _ = take(tf.constant(steps), weights, accumulators)
    weights[-1].numpy()
    seconds = time.perf_counter() - begun
    rows, truth = read(options.eval_csv)
    predicted = logits_of(tf.constant(rows), weights).numpy().argmax(axis=1)
    result = {
        "steady_rows_per_s": steps * options.batch / seconds,
        "compile_seconds": begun - compiling,
        "accuracy": float((predicted == truth).mean()),
        "versions": {"tensorflow": tf.__version__},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

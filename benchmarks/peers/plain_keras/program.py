"""Plain Keras: the table in memory, `compile` and `fit`.

python program.py --csv FILE --batch 40 --steps 1000 --eval-csv FILE --steps-per-execution 50
"""

from __future__ import annotations

import argparse
import json
import time

import keras
import numpy as np
import tensorflow as tf
from pyarrow import csv

HIDDEN_UNITS = [100, 70, 48, 34]
CLASSES = 3
SHUFFLED = 65_536


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Features, float32 [N, 4], in the order of their names, and labels, int64 [N]."""
    table = csv.read_csv(path, csv.ReadOptions(skip_rows=1, autogenerate_column_names=True))
    *features, labels = (table.column(place).to_numpy() for place in range(table.num_columns))
    return np.stack([features[place] for place in (2, 3, 0, 1)], axis=1).astype(np.float32), labels.astype(np.int64)


def network() -> keras.Model:
    """The classifier, from four numbers to logits."""
    layers = [keras.layers.Dense(units, activation="relu") for units in HIDDEN_UNITS]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(CLASSES)])


def main() -> None:
    """Trains, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    parser.add_argument("--eval-csv", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--steps-per-execution", type=int, default=1)
    options = parser.parse_args()
    keras.utils.set_random_seed(1)
    begun = time.perf_counter()
    model = network()
    model.compile(
        keras.optimizers.Adagrad(0.05, initial_accumulator_value=0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        metrics=["accuracy"],
        steps_per_execution=options.steps_per_execution,
    )
    features, labels = read(options.csv)
    rows = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(min(len(labels), SHUFFLED)).repeat()
    batches = rows.batch(options.batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    model.fit(batches, steps_per_epoch=options.steps, epochs=1, verbose=0)
    seconds = time.perf_counter() - begun
    _, accuracy = model.evaluate(*read(options.eval_csv), verbose=0)
    result = {
        "seconds": seconds,
        "rows_per_s": options.steps * options.batch / seconds,
        "accuracy": accuracy,
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

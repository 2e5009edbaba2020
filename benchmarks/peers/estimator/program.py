"""The original: TensorFlow's DNNClassifier, fed line by line, with the defaults of the tutorial's trainer.

python program.py --csv FILE --batch 40 --steps 1000 --eval-csv FILE
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from typing import Any

import tensorflow as tf

COLUMNS = ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth"]
HIDDEN_UNITS = [100, 70, 48, 34]
SHUFFLED = 1000


def rows_of(path: str, batch: int, forever: bool) -> Any:
    """The rows of a file with one header line, each line decoded by itself."""

    def parse(line: Any) -> Any:
        *cells, label = tf.io.decode_csv(line, [[0.0]] * len(COLUMNS) + [[0]])
        return dict(zip(COLUMNS, cells, strict=True)), label

    dataset = tf.data.TextLineDataset(path).skip(1).map(parse)
    if forever:
        dataset = dataset.shuffle(SHUFFLED).repeat()
    return dataset.batch(batch).prefetch(1)


def receiver() -> Any:
    """What the exported model takes: a number a column."""
    inputs = {name: tf.compat.v1.placeholder(tf.float32, [None], name) for name in COLUMNS}
    return tf.compat.v1.estimator.export.ServingInputReceiver(inputs, inputs)


def main() -> None:
    """Trains, exports, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True)
    parser.add_argument("--eval-csv", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    options = parser.parse_args()
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    v1 = tf.compat.v1.estimator
    with tempfile.TemporaryDirectory() as folder:
        classifier = v1.DNNClassifier(
            hidden_units=HIDDEN_UNITS,
            feature_columns=[tf.feature_column.numeric_column(name) for name in COLUMNS],
            model_dir=f"{folder}/job",
            n_classes=3,
            config=v1.RunConfig(tf_random_seed=1),
        )
        begun = time.perf_counter()
        classifier.train(lambda: rows_of(options.csv, options.batch, forever=True), max_steps=options.steps)
        trained_s = time.perf_counter() - begun
        classifier.export_saved_model(f"{folder}/export", receiver)
        exported_s = time.perf_counter() - begun
        scores = classifier.evaluate(lambda: rows_of(options.eval_csv, 40, forever=False))
    result = {
        "seconds": trained_s,
        "exported_seconds": exported_s,
        "rows_per_s": options.steps * options.batch / trained_s,
        "accuracy": float(scores["accuracy"]),
        "versions": {"tensorflow": tf.__version__},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Speed against the tutorial's own way: a row at a time through tf.data's CSV decoder, a step at a time from Python."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Comparison, compare
from trainer.config import Hyperparameters
from trainer.contract import Contract, load_contract
from trainer.features import FeatureEncoder, FittedNumeric
from trainer.input_pipeline import batched, open_table, shuffled_rows
from trainer.learning_state import LearningState
from trainer.tables import read_batches
from trainer.tables.profile import check_tables

if TYPE_CHECKING:
    import tensorflow as tf

DATA = Path(__file__).resolve().parent.parent / "data"
STEPS = 1000
BATCH = 40
BIG_ROWS = 1_000_000


def training_steps() -> Comparison:
    """1000 steps on Iris, once everything is traced: input pipeline and optimizer steps, no evaluation."""
    contract = load_contract(str(DATA / "schema.toml"))
    encoder = FeatureEncoder([FittedNumeric(name, None) for name in sorted(f.name for f in contract.features)])
    table = open_table([str(DATA / "iris_training.csv")], contract, 120, in_memory=True)
    state = _learning_state(encoder)

    def ours() -> None:
        state.train(iter(batched(lambda: shuffled_rows(table, 1), contract, encoder, BATCH)), STEPS)

    def theirs() -> None:
        network = _learning_state(encoder).network
        network.compile(optimizer="adagrad", loss=_loss(), metrics=["accuracy"])
        network.fit(_decoded(contract, DATA / "iris_training.csv"), steps_per_epoch=STEPS, epochs=1, verbose=0)

    return compare(f"{STEPS} training steps on Iris", ours, "decode_csv and Keras fit", theirs, rounds=3)


def reading() -> Comparison:
    """Reading and checking a CSV file of a million rows, against tf.data's decoder, which checks nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = _big_file(Path(folder))
        contract = load_contract(str(DATA / "schema.toml"))

        def ours() -> None:
            _require(sum(len(batch.labels) for batch in read_batches([str(path)], contract)))

        def theirs() -> None:
            _require(sum(len(labels) for _, labels in _decoded(contract, path, repeat=False, batch=8192)))

        return compare("reading a million rows", ours, "tf.data decode_csv, a row at a time", theirs, rounds=1)


def checking() -> Comparison:
    """All checks and statistics of a million rows and a test file, against pyarrow's bare parser."""
    from pyarrow import csv

    with tempfile.TemporaryDirectory() as folder:
        path = _big_file(Path(folder))
        contract = load_contract(str(DATA / "schema.toml"))
        return compare(
            "checking a million rows",
            lambda: check_tables([str(path)], [str(DATA / "iris_test.csv")], contract),
            "pyarrow parsing them, unchecked, on all cores",
            lambda: csv.read_csv(path, csv.ReadOptions(skip_rows=1, autogenerate_column_names=True)),
            rounds=3,
        )


def _require(rows: int) -> None:
    if rows != BIG_ROWS:
        raise ValueError(f"A reader must give back every row. Received: {rows} of {BIG_ROWS}.")


def _learning_state(encoder: FeatureEncoder) -> LearningState:
    from trainer.model import build_classifier, build_optimizer

    return LearningState(build_classifier(encoder, Hyperparameters(), 3), build_optimizer(Hyperparameters()))


def _loss() -> Any:
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")


def _decoded(contract: Contract, path: Path, repeat: bool = True, batch: int = BATCH) -> tf.data.Dataset:
    import tensorflow as tf

    names = [feature.name for feature in contract.features]

    def parse(line: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        *cells, label = tf.io.decode_csv(line, [[0.0]] * len(names) + [[0]])
        features = dict(zip(names, cells, strict=True))
        return {"dense": tf.stack([features[name] for name in sorted(names)])}, label

    dataset = tf.data.TextLineDataset(str(path)).skip(1).map(parse)
    if repeat:
        dataset = dataset.shuffle(1000).repeat()
    return dataset.batch(batch).prefetch(1)


def _big_file(folder: Path) -> Path:
    lines = (DATA / "iris_training.csv").read_text(encoding="utf-8").splitlines()[1:]
    path = folder / "big.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{BIG_ROWS},4,setosa,versicolor,virginica\n")
        file.writelines(_shuffled(lines))
    return path


def _shuffled(lines: list[str]) -> Iterator[str]:
    order = random.Random(1)  # noqa: S311 - rows for a benchmark keep no secret
    for _ in range(BIG_ROWS):
        yield order.choice(lines) + "\n"

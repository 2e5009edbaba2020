"""The SavedModel: every way of asking, the contract beside it, whole or absent."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import storage
from trainer.config import ExportFormat
from trainer.contract import Contract, DateColumn, Feature, NumericColumn
from trainer.contract.date_format import DateFormat
from trainer.errors import TrainingError, UsageError
from trainer.model.cell_reading import CellReader
from trainer.model.files import COMPLETED_BY, CONTRACT_FILE, RECORD_FILE
from trainer.model.fitted_columns import raw_dtype
from trainer.model.saved_model import load_graph, serving_names
from trainer.model.trained_model import TrainedModel
from trainer.tables.cells import Cells, NumberCells, cells_of

if TYPE_CHECKING:
    import tensorflow as tf

# Of the twenty-first century, on other places in the week, the year and the day.
_PROBED_DAYS = (0.0, 5000.25, 9000.75)
SERVING_SIGNATURE: dict[ExportFormat, str] = {"JSON": "predict", "CSV": "csv", "EXAMPLE": "example"}


def timestamped(job_dir: str, contract: Contract, now: datetime.datetime) -> str:
    """The first free folder `job_dir/export/NAME/TIMESTAMP`, the timestamp in whole seconds since 1970.

    What an export that was killed left there is removed.
    """
    exports = storage.join(job_dir, "export", contract.name)
    if storage.is_local(exports):
        for leftover in storage.local_path(exports).glob(f".*{storage.PARTIAL}"):
            shutil.rmtree(leftover)
    stamp = int(now.timestamp())
    while storage.holds_anything(url := storage.join(exports, str(stamp))):
        stamp += 1
    return url


def export_model(trained: TrainedModel, url: str, serving: ExportFormat = "JSON") -> None:
    """Writes a SavedModel to `url`: beside it first, then moved into place.

    Signatures: `predict` takes a scalar for each column, by name, as [N] tensors, a date as the text that it is; `csv`
    takes rows of text, string [N], with the features in the order of the files and no label; `example` takes serialized
    tf.train.Example, string [N]; `serving_default` is one of them. A cell means in each what it means in a table, and
    is refused where a table's would be. All answer logits and probabilities, float32 [N, C]; class_ids, int64 [N, 1];
    classes, string [N, 1]; all_class_ids, int32 [N, C]; all_classes, string [N, C].

    Args:
        trained: The model.
        url: A local folder or fsspec URL. Where this very model is there already, nothing is done.
        serving: What `serving_default` takes.

    Raises:
        UsageError: Something else is at `url`.
        TrainingError: The model read back does not answer as the one in memory does; nothing is left at `url`.
    """
    record = {**trained.record, "serving_default": SERVING_SIGNATURE[serving]}
    if storage.holds_anything(url):
        if _record_at(url) != record:
            raise UsageError(f"There is something else at {url}. Nothing is ever written over. Give another folder.")
        if storage.holds_anything(storage.join(url, COMPLETED_BY)):
            return
    with storage.folder_beside(url) as folder:
        _save(trained, folder, record)
        _require_same_answers(trained, folder)
        storage.publish_folder(folder, url, COMPLETED_BY)


def _record_at(url: str) -> Any:
    try:
        return json.loads(storage.read_bytes(storage.join(url, RECORD_FILE)))
    except (OSError, ValueError):
        return None


def _save(trained: TrainedModel, folder: Path, record: Mapping[str, Any]) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.network = trained.network
    module.table = trained.encoder.table
    tf.saved_model.save(module, str(folder), signatures=_signatures(trained))
    _name_twice(folder, record["serving_default"], "serving_default")
    (folder / CONTRACT_FILE).parent.mkdir()
    (folder / CONTRACT_FILE).write_text(trained.contract.model_dump_json(indent=2), encoding="utf-8")
    (folder / RECORD_FILE).write_text(json.dumps(record, indent=2), encoding="utf-8")


def _name_twice(folder: Path, signature: str, other: str) -> None:
    """Gives a signature of a SavedModel another name too.

    TensorFlow would trace, write and load one function for each name, which takes long where it has a thousand inputs.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel.FromString((folder / COMPLETED_BY).read_bytes())
    [graph] = model.meta_graphs
    graph.signature_def[other].CopyFrom(graph.signature_def[signature])
    nodes = graph.object_graph_def.nodes
    signatures = _member(nodes, 0, "signatures")
    nodes[signatures].children.add(node_id=_member(nodes, signatures, signature), local_name=other)
    (folder / COMPLETED_BY).write_bytes(model.SerializeToString(deterministic=True))
    # Of the file as it was; it is optional.
    (folder / "fingerprint.pb").unlink()


def _member(nodes: Sequence[Any], parent: int, name: str) -> int:
    """The number of the node that a node calls by a name."""
    [number] = [int(child.node_id) for child in nodes[parent].children if child.local_name == name]
    return number


def _signatures(trained: TrainedModel) -> dict[str, Any]:
    import tensorflow as tf

    features = trained.contract.features
    names = serving_names(trained.contract)
    reader = CellReader(trained.contract)
    answer = _answerer(trained)

    def predict(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(reader.values({column.name: inputs[names[column.name]] for column in features}))

    def csv(csv_row: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(reader.values(reader.cells(csv_row)))

    def example(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(examples, {column.name: _example_feature(column) for column in features})
        return answer(reader.values({column.name: parsed[column.name] for column in features}))

    inputs = {
        names[column.name]: tf.TensorSpec([None], raw_dtype(column), name=names[column.name]) for column in features
    }
    rows = tf.TensorSpec([None], tf.string)
    # Nothing in them depends on a tensor's value: translating Python would take longer than all the rest.
    function = partial(tf.function, autograph=False)
    return {
        "predict": function(predict).get_concrete_function(**inputs),
        "csv": function(csv).get_concrete_function(rows),
        "example": function(example).get_concrete_function(rows),
    }


def _answerer(trained: TrainedModel) -> Callable[[Mapping[str, tf.Tensor]], dict[str, tf.Tensor]]:
    import tensorflow as tf

    classes = tf.constant(trained.contract.label.classes)

    def answer(raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        logits = trained.network(trained.encoder(raw), training=False)
        ids = tf.argmax(logits, axis=1)[:, tf.newaxis]
        shape = tf.shape(logits)
        return {
            "logits": logits,
            "probabilities": tf.nn.softmax(logits),
            "class_ids": ids,
            "classes": tf.gather(classes, ids),
            "all_class_ids": tf.broadcast_to(tf.range(shape[1]), shape),
            "all_classes": tf.broadcast_to(classes, shape),
        }

    return answer


def _example_feature(column: Feature) -> Any:
    import tensorflow as tf

    if column.impute is None:
        return tf.io.FixedLenFeature([], raw_dtype(column))
    absent = float("nan") if isinstance(column, NumericColumn) else ""
    return tf.io.FixedLenFeature([], raw_dtype(column), default_value=absent)


def _require_same_answers(trained: TrainedModel, folder: Path) -> None:
    names = serving_names(trained.contract)
    cells = cells_of(trained.contract)
    rows = {column.name: _probe(column, cells[column.name]) for column in trained.contract.features}
    expected = trained.network(trained.encoder(rows), training=False)
    with _unoptimized():
        answers = load_graph(folder).signatures["predict"](**{names[name]: values for name, values in rows.items()})
    if not np.allclose(answers["logits"], expected, rtol=1e-5, atol=1e-6):
        raise TrainingError("The exported model does not answer as the trained one does. Nothing was exported.")


@contextmanager
def _unoptimized() -> Iterator[None]:
    """Has TensorFlow run graphs as they are: to optimize a wide one takes far longer than to ask it once."""
    import tensorflow as tf

    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


def _probe(column: Feature, cells: Cells) -> tf.Tensor:
    """Three values that the column accepts, so that a model can be asked something before there is any data."""
    import tensorflow as tf

    if isinstance(column, NumericColumn):
        low = column.min if column.min is not None else min(0.0, column.max if column.max is not None else 0.0)
        high = column.max if column.max is not None else max(1.0, low)
        absent = cells.sentinels if isinstance(cells, NumberCells) else ()
        present = [
            number for number in np.linspace(low, high, 3 + len(absent), dtype=np.float32) if number not in absent
        ]
        return tf.constant(np.resize(present, 3), tf.float32)
    if isinstance(column, DateColumn):
        return tf.constant([DateFormat.of(column.format).written(day) for day in _PROBED_DAYS])
    words = column.vocabulary or ("an unknown word",)
    return tf.constant([words[0], words[-1], words[len(words) // 2]])

"""Numbers in a format, dates and coded missing values mean one thing in table, server and signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer.config import build_config
from trainer.contract import load_contract, parse_contract
from trainer.errors import DataError
from trainer.model.export import export_model
from trainer.model.saved_model import SavedModel
from trainer.serving.artifact import instance_schema
from trainer.serving.predictor import DnnPredictor
from trainer.tables import read_batches
from trainer.training.train import train

pytestmark = pytest.mark.tensorflow

SCHEMA = """
name = "sales"
[file]
delimiter = ";"
missing = ["?"]
[[columns]]
name = "price"
kind = "numeric"
format = "1.234,5 €"
missing = ["-999"]
standardise = true
impute = "mean"
[[columns]]
name = "when"
kind = "date"
format = "%d.%m.%Y %H:%M"
impute = "mean"
[[columns]]
name = "sold"
kind = "label"
classes = ["no", "yes"]
aliases = { YES = "yes" }
"""
ROWS = """price;when;sold
1.007,5 €;05.01.2024 12:30;no
(3,25);29.02.2024 00:00;YES
-999;?;yes
?;31.12.1999 23:59;no
12 €;;yes
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats")
    (folder / "schema.toml").write_text(SCHEMA)
    (folder / "train.csv").write_text(ROWS)
    (folder / "eval.csv").write_text("price;when;sold\n7;01.06.2024 08:15;yes\n8;02.06.2024 09:15;no\n")
    config = build_config(
        train_files=(str(folder / "train.csv"),),
        eval_files=(str(folder / "eval.csv"),),
        schema_file=str(folder / "schema.toml"),
        job_dir=str(folder / "job"),
        train_steps=10,
        first_layer_size=4,
        num_layers=1,
    )
    export_model(train(config, load_contract(config.schema_file)), str(folder / "model"))
    return folder


def test_a_cell_means_the_same_in_the_table_the_server_and_every_signature(folder: Path) -> None:
    import tensorflow as tf

    model = SavedModel(str(folder / "model"))
    [batch] = read_batches([str(folder / "train.csv")], model.contract)
    np.testing.assert_array_equal(batch.features["price"], np.array([1007.5, -3.25, np.nan, np.nan, 12], np.float32))
    assert batch.features["when"].tolist() == ["05.01.2024 12:30", "29.02.2024 00:00", "", "31.12.1999 23:59", ""]
    assert batch.labels.tolist() == [0, 1, 1, 0, 1]
    expected = model.predict(batch.features)["probabilities"]
    texts = [line.rpartition(";")[0] for line in ROWS.splitlines()[1:]]
    signature = tf.saved_model.load(str(folder / "model")).signatures["csv"]
    np.testing.assert_array_equal(signature(csv_row=tf.constant(texts))["probabilities"], expected)
    objects = [dict(zip(("price", "when"), text.split(";"), strict=True)) for text in texts]
    for instances in (texts, objects, [{**objects[0], "price": 1007.5}, *objects[1:]]):
        answers = DnnPredictor(model).answer({"instances": instances})["predictions"]
        probabilities = [list(answer["probabilities"].values()) for answer in answers]
        np.testing.assert_array_equal(np.array(probabilities, np.float32), expected)
    assert len(np.unique(expected[:, 0])) == len(expected)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (
            {"price": "1.5", "when": ""},
            'received "1.5", which is no number in the format of the column. Write one such',
        ),
        ({"price": "$3", "when": ""}, 'received "$3", which is no number in the format of the column.'),
        (
            {"price": 3, "when": "30.02.2024 00:00"},
            'received "30.02.2024 00:00", which is no such date. Write one such',
        ),
        ({"price": 3, "when": 20240101}, 'column "when": received 20240101. Send a text'),
        ({"price": True, "when": ""}, 'column "price": received true. Send a number, or a text such as "1.234,5€"'),
    ],
)
def test_what_is_not_in_the_format_is_refused_by_the_server_and_the_graph(
    folder: Path, cell: dict[str, Any], told: str
) -> None:
    import tensorflow as tf

    model = SavedModel(str(folder / "model"))
    with pytest.raises(DataError) as caught:
        DnnPredictor(model).answer({"instances": [cell]})
    assert told in str(caught.value)
    if isinstance(cell["when"], str) and not isinstance(cell["price"], bool):
        signature = tf.saved_model.load(str(folder / "model")).signatures["csv"]
        with pytest.raises(tf.errors.InvalidArgumentError):
            signature(csv_row=tf.constant([f"{cell['price']};{cell['when']}"]))


def test_the_instance_schema_takes_a_number_or_a_text_and_shows_a_date() -> None:
    properties = instance_schema(parse_contract(SCHEMA.encode(), "schema"))["properties"]
    number, text = {"type": "number", "nullable": True}, {"type": "string", "nullable": True}
    assert properties["price"] == {"oneOf": [number, text], "example": "1.234,5€"}
    assert properties["when"] == {**text, "example": "31.12.2023 12:00"}

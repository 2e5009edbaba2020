"""One cell, one meaning: the table, the server and the signatures of the exported model answer alike, or all refuse."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.serving.instance_file import ModelColumns, read_instances
from trainer.config import Hyperparameters
from trainer.contract import parse_contract
from trainer.errors import DataError
from trainer.model.export import export_model
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import FittedCategorical, FittedNumeric
from trainer.model.network import build_classifier
from trainer.model.saved_model import load_graph
from trainer.model.trained_model import TrainedModel
from trainer.serving.artifact import instance_schema
from trainer.serving.instances import InstanceReader
from trainer.tables import read_batches

pytestmark = pytest.mark.tensorflow

CONTRACT = parse_contract(
    b"""
name = "cells"
file.missing = ["NA", "?", "-9", "0.1"]
[[columns]]
name = "class"
kind = "label"
classes = ["a", "b"]
[[columns]]
name = "free"
kind = "numeric"
[[columns]]
name = "bounded"
kind = "numeric"
min = 0.0
max = 0.7
impute = "mean"
[[columns]]
name = "listed"
kind = "categorical"
vocabulary = ["red", "NA", "1", "caf\xc3\xa9"]
impute = "red"
[[columns]]
name = "learned"
kind = "categorical"
""",
    "schema.toml",
)
FEATURES = [column.name for column in CONTRACT.features]
NUMBERS = ("free", "bounded")
FINE = ("1", "0.5", "red", "x")
Answer = list[float] | None


class AskedModel:
    """A model that is asked for the answer to a row of text, in each way there is: its logits, or None if refused.

    Args:
        folder: For its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader = InstanceReader(CONTRACT)
        self._encoder = FeatureEncoder(
            [
                FittedNumeric("bounded", 0.25, shift=0.1, scale=0.3),
                FittedNumeric("free", None),
                FittedCategorical("learned", ("x", "y", "é"), True, None, 2),
                FittedCategorical("listed", ("red", "NA", "1", "café"), False, "red", 0),
            ]
        )
        self._network = build_classifier(self._encoder, Hyperparameters(num_layers=1), classes=2)
        trained = TrainedModel(self._network, self._encoder, CONTRACT, 0, {}, {})
        export_model(trained, str(folder / "saved"))
        self._graph = load_graph(folder / "saved")

    def answers(self, row: str) -> dict[str, Answer]:
        """The answers, by the name of the way."""
        answers = {
            "table": self._known(self._read_table, row),
            "text row": self._known(self._reader.read, [row]),
            "predict": self._by_column(row, self._predict),
            "example": self._by_column(row, self._example),
            "csv": self._signature("csv", csv_row=[row]),
        }
        # What reads a file for `predict` takes a carriage return for a line feed, also inside a cell.
        return answers if "\r" in row else answers | {"file": self._known(self._read_file, row)}

    def _known(self, read: Callable[[Any], Mapping[str, Any]], row: Any) -> Answer:
        """Where Python reads the row: what the model in memory says of the values."""
        import tensorflow as tf

        try:
            values = read(row)
        except DataError:
            return None
        raw = {name: tf.constant(values[name], "float32" if name in NUMBERS else "string") for name in FEATURES}
        logits: list[float] = self._network(self._encoder(raw), training=False).numpy()[0].tolist()
        return logits

    def _read_table(self, row: str) -> Mapping[str, Any]:
        path = self._folder / "table.csv"
        path.write_bytes(f"{','.join(['class', *FEATURES])}\nb,{row}\n".encode())
        [rows] = read_batches([str(path)], CONTRACT)
        _require_one(rows.labels)
        return rows.features

    def _read_file(self, row: str) -> Mapping[str, Any]:
        path = self._folder / "asked.csv"
        path.write_bytes(f"{','.join(FEATURES)}\n{row}\n".encode())
        types = {name: about["type"] for name, about in instance_schema(CONTRACT)["properties"].items()}
        instances = read_instances(str(path), lambda: ModelColumns(types)).values
        _require_one(instances)
        return self._reader.read(list(instances))

    def _by_column(self, row: str, ask: Callable[[dict[str, float], dict[str, bytes]], Answer]) -> Answer:
        cells = dict(zip(FEATURES, cells_of(row), strict=False))
        numbers = {name: number for name in NUMBERS if (number := number_of(cells.get(name, "x"))) is not None}
        if len(cells_of(row)) != len(FEATURES) or len(numbers) != len(NUMBERS):
            return None
        return ask(numbers, {name: cells[name].encode() for name in FEATURES if name not in NUMBERS})

    def _predict(self, numbers: dict[str, float], words: dict[str, bytes]) -> Answer:
        return self._signature("predict", **{name: [value] for name, value in (numbers | words).items()})

    def _example(self, numbers: dict[str, float], words: dict[str, bytes]) -> Answer:
        import tensorflow as tf

        floats = {name: tf.train.FloatList(value=[value]) for name, value in numbers.items()}
        features = {name: tf.train.Feature(float_list=value) for name, value in floats.items()}
        texts = {name: tf.train.BytesList(value=[value]) for name, value in words.items()}
        features |= {name: tf.train.Feature(bytes_list=value) for name, value in texts.items()}
        message = tf.train.Example(features=tf.train.Features(feature=features))
        return self._signature("example", examples=[message.SerializeToString()])

    def _signature(self, signature: str, **inputs: Any) -> Answer:
        import tensorflow as tf

        try:
            answers = self._graph.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        except tf.errors.InvalidArgumentError:
            return None
        logits: list[float] = answers["logits"].numpy()[0].tolist()
        return logits


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> AskedModel:
    return AskedModel(tmp_path_factory.mktemp("model"))


def _require_one(rows: Sized) -> None:
    if len(rows) != 1:
        raise DataError(["It is not one row."])


def cells_of(row: str) -> list[str]:
    """The cells of a row, as one who writes to a signature of columns has them."""
    try:
        records = [record for record in csv.reader(io.StringIO(row, newline="")) if record]
    except csv.Error:
        return []
    # The last cell of a row whose quote nothing closes ends in a mark that is put behind it.
    open_quote = list(csv.reader(io.StringIO(f"{row}\n\0", newline="")))[-1] != ["\0"]
    return records[0] if len(records) == 1 and not open_quote else []


def number_of(cell: str) -> float | None:
    """A cell as a client's float32, NaN where it is missing, None where it is no number to the contract."""
    text = cell.strip()
    if text in {"", *CONTRACT.file.missing}:
        return float("nan")
    digits = text.isascii() and "_" not in text and "x" not in text.lower() and "n" not in text.lower()
    try:
        with np.errstate(over="ignore"):
            return float(np.float32(float(text))) if digits else None
    except ValueError:
        return None


def written(cells: Sequence[tuple[str, str]]) -> str:
    """A row of cells, each in a way of its own."""
    styles = {"plain": "{}", "quoted": '"{}"', "late": '"{}" ', "early": ' "{}"', "mixed": '""{}'}
    return ",".join(
        styles[style].format(cell.replace('"', '""') if style != "plain" else cell) for cell, style in cells
    )


def assert_alike(asked: AskedModel, row: str) -> Answer:
    answers = asked.answers(row)
    assert len({answer is None for answer in answers.values()}) == 1, answers
    for answer in answers.values():
        np.testing.assert_allclose(answer or [], answers["table"] or [], rtol=1e-5, atol=1e-6)
    return answers["table"]


BLANKS = st.text(st.sampled_from("\t\v\f\x1c\x1f \x85\xa0\u1680\u2003\u2028\u202f\u3000\u200b\ufeff"), max_size=2)
NUMBER_CELLS = st.one_of(
    st.text("0123456789+-.eE_ xnaif", max_size=6),
    st.floats(0.0, 0.8).map(repr),
    st.floats().map(repr),
    st.floats(width=32).map(repr),
    st.integers().map(str),
    st.sampled_from(
        [
            "",
            "nan",
            "inf",
            "NA",
            "?",
            "-9",
            "-9.0",
            "-90e-1",
            "0.1",
            "0x10",
            "1_0",
            "1d5",
            "\u0663",
            "1e400",
            "1e-400",
            "0.70000001",
        ]
    ),
)
WORD_CELLS = st.one_of(
    st.sampled_from(
        ["red", "NA", "?", "1", "x", "caf\xe9", "cafe\u0301", "-9", "", "Red", "\0", 'a"b', "a,b", "a\nb", "a\rb"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=3),
)
STYLES = st.sampled_from(["plain", "plain", "plain", "quoted", "late", "early", "mixed"])


@st.composite
def rows(draw: st.DrawFn) -> str:
    """Rows of which few cells are odd, lest each is refused for another reason."""
    cells = [(cell, "plain") for cell in FINE]
    for place in draw(st.lists(st.integers(0, 3), min_size=1, max_size=2)):
        cell = draw(NUMBER_CELLS if FEATURES[place] in NUMBERS else WORD_CELLS)
        cells[place] = (draw(BLANKS) + cell + draw(BLANKS), draw(STYLES))
    return written(cells)


@settings(max_examples=500)
@given(rows())
@example("nan,0.5,red,x")
@example("1,nan,red,x")
@example("0x10,0.5,red,x")
@example("1e400,0.5,red,x")
@example("1,-1e-40,red,x")
@example("1,0.70000001,red,x")
@example('"16" ,0.5,red,x')
@example("1,0.5,\xa0red\xa0,\u3000y")
@example("1,0.5,NA,\x1fy")
@example('1,0.5,red,"x')
def test_a_row_is_answered_alike_wherever_it_is_read(asked: AskedModel, row: str) -> None:
    assert_alike(asked, row)


@settings(max_examples=200)
@given(st.text(st.sampled_from('1,"\n\ra'), max_size=12))
@example('1,0.5,"",x"')
@example("1,0.5,red,x\n\r")
@example("")
def test_any_text_is_taken_apart_alike(asked: AskedModel, row: str) -> None:
    assert_alike(asked, f"1,0.5,{row}" if row.count(",") == 1 else row)


@pytest.mark.parametrize(
    ("row", "same"),
    [
        ('"16" ,0.5,red,x', "16,0.5,red,x"),
        ('1.5,".5",red,"x"', "1.5,0.5,red,x"),
        ('1,0.5,"re"d,x', "1,0.5,red,x"),
        ("1,0.5,\xa0red\xa0,\u2003x\x85", "1,0.5,red,x"),
        ("1,0.5,\x1cred\x1f,x\u3000", "1,0.5,red,x"),
        ("\xa016,0.5,red,x", "16,0.5,red,x"),
        ("+16.,0.5,red,x", "016e0,0.5,red,x"),
        ("1,-9.00,red,x", "1,NA,red,x"),
        ("1,0.10000000001,red,x", "1,?,red,x"),
        ("1,0.70000001,red,x", "1,0.7,red,x"),
        ("1e-400,0.5,red,x", "0,0.5,red,x"),
        ("1,0.5,?,x", "1,0.5,red,x"),
        ("1,0.5,red,never seen", "1,0.5,red,nor this"),
        ("1,0.5,red,x\r\n", "1,0.5,red,x"),
    ],
)
def test_what_means_the_same_is_answered_alike(asked: AskedModel, row: str, same: str) -> None:
    answer = assert_alike(asked, row)
    assert answer is not None
    np.testing.assert_allclose(answer, assert_alike(asked, same) or [], rtol=1e-6)


@pytest.mark.parametrize(
    "row",
    [
        "nan,0.5,red,x",
        "1,nan,red,x",
        "0x10,0.5,red,x",
        "1_0,0.5,red,x",
        "\u0663,0.5,red,x",
        "1e39,0.5,red,x",
        "1,0.8,red,x",
        "1,-0.1,red,x",
        "1,0.5,Red,x",
        "1,0.5,\u200bred,x",
        "1,0.5,cafe\u0301,x",
        "1,0.5,red,x\0",
        "1,0.5,red,",
        "1,0.5,red,?",
        "1,0.5,red",
        "1,0.5,red,x,y",
        '1,0.5,red,"x',
        "1,0.5,red,x\ny",
        '1,0.5,"red"\r,x',
        "",
    ],
)
def test_what_means_nothing_is_refused_by_all(asked: AskedModel, row: str) -> None:
    assert assert_alike(asked, row) is None

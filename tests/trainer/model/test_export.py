from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainer import storage
from trainer.config import TrainingConfig, build_config
from trainer.contract import Contract, load_contract, parse_contract
from trainer.errors import ProjectError, UsageError
from trainer.model.export import export_model, timestamped
from trainer.model.saved_model import SavedModel, serving_names
from trainer.model.trained_model import TrainedModel
from trainer.tables import read_batches
from trainer.training.train import train

pytestmark = pytest.mark.tensorflow

OUTPUTS = {"logits", "probabilities", "class_ids", "classes", "all_class_ids", "all_classes"}


@pytest.fixture(scope="module")
def iris_export(iris_model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "model"
    export_model(iris_model, str(folder))
    return folder


def test_export_reloaded_answers_as_the_model_in_memory(
    iris_export: Path, iris_model: TrainedModel, iris_config: Callable[..., TrainingConfig]
) -> None:
    [rows] = read_batches(iris_config().eval_files, iris_model.contract)
    answers = SavedModel(str(iris_export)).predict(rows.features)
    expected = iris_model.network(iris_model.encoder(rows.features), training=False)
    np.testing.assert_allclose(answers["logits"], expected, rtol=1e-6)
    assert {name: (value.shape, value.dtype.kind) for name, value in answers.items()} == {
        "logits": ((30, 3), "f"),
        "probabilities": ((30, 3), "f"),
        "class_ids": ((30, 1), "i"),
        "classes": ((30, 1), "O"),
        "all_class_ids": ((30, 3), "i"),
        "all_classes": ((30, 3), "O"),
    }
    assert answers["class_ids"].dtype == np.int64
    names = np.array([b"setosa", b"versicolor", b"virginica"])
    np.testing.assert_array_equal(answers["classes"], names[answers["class_ids"]])
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_every_signature_gives_the_same_answer(iris_export: Path) -> None:
    import tensorflow as tf

    flower = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}
    features = {name: tf.train.Feature(float_list=tf.train.FloatList(value=[value])) for name, value in flower.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    loaded = tf.saved_model.load(str(iris_export))
    asked = {
        "serving_default": {name: tf.constant([value]) for name, value in flower.items()},
        "predict": {name: tf.constant([value]) for name, value in flower.items()},
        "csv": {"csv_row": tf.constant(["5.9,3.0,4.2,1.5"])},
        "example": {"examples": tf.constant([example])},
    }
    answers = {name: loaded.signatures[name](**inputs) for name, inputs in asked.items()}
    for answer in answers.values():
        assert set(answer) == OUTPUTS
        assert answer["classes"].numpy().tolist() == [[b"versicolor"]]
        np.testing.assert_array_equal(answer["logits"], answers["predict"]["logits"])


def test_a_label_is_no_serving_input(iris_export: Path) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(iris_export))
    _, inputs = loaded.signatures["serving_default"].structured_input_signature
    assert set(inputs) == {"SepalLength", "SepalWidth", "PetalLength", "PetalWidth"}
    assert {tuple(spec.shape) for spec in inputs.values()} == {(None,)}


@pytest.mark.parametrize(
    "row", ["5.9,,4.2,1.5", "5.9,nan,4.2,1.5", "5.9,abc,4.2,1.5", "5.9,3.0,4.2", "inf,3.0,4.2,1.5"]
)
def test_a_bad_row_is_an_error_and_never_a_silent_zero(iris_export: Path, row: str) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(iris_export))
    with pytest.raises(tf.errors.InvalidArgumentError):
        loaded.signatures["csv"](csv_row=tf.constant([row]))


def test_serving_default_follows_the_export_format(iris_model: TrainedModel, tmp_path: Path) -> None:
    import tensorflow as tf

    export_model(iris_model, str(tmp_path / "csv"), "CSV")
    loaded = tf.saved_model.load(str(tmp_path / "csv"))
    answer = loaded.signatures["serving_default"](csv_row=tf.constant(["5.1,3.3,1.7,0.5"]))
    assert answer["classes"].numpy().tolist() == [[b"setosa"]]


def test_mixed_columns_impute_standardise_and_embed_inside_the_graph(
    mixed_files: dict[str, str], tmp_path: Path
) -> None:
    import tensorflow as tf

    config = build_config(
        train_files=(mixed_files["train.csv"],),
        eval_files=(mixed_files["eval.csv"],),
        schema_file=mixed_files["schema.toml"],
        job_dir=str(tmp_path / "job"),
        train_steps=30,
        train_batch_size=4,
    )
    trained = train(config, load_contract(config.schema_file))
    export_model(trained, str(tmp_path / "model"))
    model = SavedModel(str(tmp_path / "model"))
    asked = {
        "Colour of it": np.array(["", "red", " red "], object),
        "Size (cm)": np.array([np.nan, 3.3, 3.3], np.float32),
        "Town": np.array(["Ulm", "Ulm", "Ulm"], object),
    }
    logits = model.predict(asked)["logits"]
    np.testing.assert_allclose(logits[0], logits[1], rtol=1e-5)
    np.testing.assert_array_equal(logits[1], logits[2])
    unseen = model.predict({**asked, "Town": np.array(["Oslo", "Rome", "Lima"], object)})["logits"]
    np.testing.assert_array_equal(unseen[1], unseen[2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Colour of it.* holds no value, or a word"):
        model.predict({**asked, "Colour of it": np.array(["pink", "red", "red"], object)})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Town.* holds no value"):
        model.predict({**asked, "Town": np.array(["", "Ulm", "Ulm"], object)})
    csv = tf.saved_model.load(str(tmp_path / "model")).signatures["csv"]
    np.testing.assert_allclose(csv(csv_row=tf.constant([",,Ulm"]))["logits"][0], logits[0], rtol=1e-5)


def test_the_contract_and_the_record_travel_in_the_model(iris_export: Path, iris_model: TrainedModel) -> None:
    model = SavedModel(str(iris_export))
    assert model.contract == iris_model.contract
    assert model.record["steps"] == 200
    assert model.record["training data"] == "c4c7652b14da"


def test_export_leaves_nothing_beside(iris_export: Path) -> None:
    assert [path.name for path in iris_export.parent.iterdir()] == ["model"]


def test_export_of_the_same_model_again_does_nothing(iris_export: Path, iris_model: TrainedModel) -> None:
    before = os.stat(iris_export / "saved_model.pb").st_mtime_ns
    export_model(iris_model, str(iris_export))
    assert os.stat(iris_export / "saved_model.pb").st_mtime_ns == before


def test_export_never_writes_over_something_else(iris_model: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"There is something else at .* Give another folder"):
        export_model(iris_model, str(tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_export_to_a_remote_folder_is_read_back(iris_model: TrainedModel, tmp_path: Path) -> None:
    url = f"memory://{tmp_path}/model"
    export_model(iris_model, url)
    assert SavedModel(url).contract == iris_model.contract


def test_export_takes_up_a_remote_copy_that_was_cut_short(iris_model: TrainedModel, tmp_path: Path) -> None:
    url = f"memory://{tmp_path}/cut"
    export_model(iris_model, url)
    storage.remove_file(f"{url}/saved_model.pb")
    with pytest.raises(ProjectError, match=r"There is no SavedModel at .* it has no saved_model.pb"):
        SavedModel(url)
    export_model(iris_model, url)
    assert SavedModel(url).contract == iris_model.contract


def test_saved_model_without_a_contract_is_named(iris_export: Path, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes((iris_export / "saved_model.pb").read_bytes())
    with pytest.raises(ProjectError, match="carries no readable contract"):
        SavedModel(str(tmp_path))


def test_timestamped_takes_a_free_second_and_sweeps_what_was_killed(tmp_path: Path, mixed_contract: Contract) -> None:
    now = datetime.datetime.fromtimestamp(1000, datetime.UTC)
    exports = tmp_path / "export" / "shop"
    (exports / "1000" / "file").mkdir(parents=True)
    (exports / ".900.partial").mkdir()
    assert timestamped(str(tmp_path), mixed_contract, now) == f"{exports}/1001"
    assert not (exports / ".900.partial").exists()


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["Size (cm)", "Größe", "2nd"], ["Size__cm_", "Gr__e", "c2nd"]),
        (["a b", "a_b", "A-b"], ["a_b", "a_b_2", "A_b_3"]),
    ],
)
def test_serving_names_are_what_tensorflow_takes(columns: list[str], names: list[str]) -> None:
    parts = [f'[[columns]]\nname = {json.dumps(name)}\nkind = "numeric"' for name in columns]
    label = '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]'
    contract = parse_contract("\n".join(['name = "odd"', *parts, label]).encode(), "odd.toml")
    assert list(serving_names(contract).values()) == names


@pytest.mark.parametrize("column", ["self", "class", "inputs", "name", "Größe [cm] / 日本", "_x", "training"])
def test_any_column_name_can_be_exported(column: str, tmp_path: Path) -> None:
    schema = f'name = "odd"\n[[columns]]\nname = "{column}"\nkind = "numeric"\n'
    schema += '[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]\n'
    (tmp_path / "schema.toml").write_text(schema)
    (tmp_path / "train.csv").write_text(f"{column},y\n1,a\n2,b\n")
    (tmp_path / "eval.csv").write_text(f"{column},y\n3,a\n4,b\n")
    config = build_config(
        train_files=(str(tmp_path / "train.csv"),),
        eval_files=(str(tmp_path / "eval.csv"),),
        schema_file=str(tmp_path / "schema.toml"),
        job_dir=str(tmp_path / "job"),
        train_steps=1,
        num_layers=1,
    )
    export_model(train(config, load_contract(config.schema_file)), str(tmp_path / "model"))
    answers = SavedModel(str(tmp_path / "model")).predict({column: np.array([1.0], np.float32)})
    assert answers["logits"].shape == (1, 2)

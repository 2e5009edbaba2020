from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import IrisFiles
from trainer.config import TrainingConfig, build_config
from trainer.contract import load_contract
from trainer.evaluation.assessment import Assessment, Champion, assess_model
from trainer.evaluation.decision import Gate
from trainer.model.export import export_model
from trainer.model.files import CONTRACT_FILE
from trainer.model.saved_model import SavedModel
from trainer.model.trained_model import TrainedModel
from trainer.serving.instances import InstanceReader
from trainer.training.train import train

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model(iris_model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assessed") / "model"
    export_model(iris_model, str(folder))
    return folder


@pytest.fixture(scope="module")
def weak_model(iris_config: Callable[..., TrainingConfig], tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = iris_config(train_steps=1, steps_between_evaluations=1)
    folder = tmp_path_factory.mktemp("weak") / "model"
    export_model(train(config, load_contract(config.schema_file)), str(folder))
    return folder


@pytest.fixture
def assess(iris_files: IrisFiles) -> Callable[..., Assessment]:
    def on_iris(
        model: Path, champion: Path | None = None, min_accuracy: float = 0.5, promote_on_tie: bool = False
    ) -> Assessment:
        known = None if champion is None else Champion("7", str(champion))
        gate = Gate(min_accuracy, promote_on_tie=promote_on_tie)
        return assess_model(str(model), [str(iris_files.eval_data)], 40, gate, known)

    return on_iris


def test_first_model_needs_no_champion(assess: Callable[..., Assessment], model: Path) -> None:
    assessment = assess(model)
    assert assessment.decision.passed
    record = json.loads(json.dumps(assessment.to_dict(), allow_nan=False))
    assert record["champion"]["sentence"].startswith("There is no champion yet")


def test_the_champion_is_asked_the_same_rows(assess: Callable[..., Assessment], model: Path, weak_model: Path) -> None:
    """The fault of public templates: the challenger held against itself passes every time."""
    better, worse = assess(model, weak_model), assess(weak_model, model, min_accuracy=0.0)
    assert (better.decision.passed, worse.decision.passed) == (True, False)
    ours, theirs = better.to_dict(), worse.to_dict()
    assert ours["champion"]["gain"] == pytest.approx(-theirs["champion"]["gain"])
    assert ours["champion"]["value"] == theirs["metrics"]["accuracy"] < ours["metrics"]["accuracy"]
    assert "(version 7)" in worse.decision.summary


def test_a_model_against_itself_is_a_tie(assess: Callable[..., Assessment], model: Path) -> None:
    assert "a tie, which keeps the champion" in assess(model, model).decision.summary
    assert assess(model, model, promote_on_tie=True).decision.passed


def test_champion_of_another_contract_is_said_and_not_compared(
    assess: Callable[..., Assessment], model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(model, other)
    contract = other / CONTRACT_FILE
    contract.write_text(contract.read_text().replace('"SepalLength"', '"Length"'))
    assessment = assess(model, other)
    assert assessment.decision.passed
    assert "was trained under another data contract" in assessment.decision.rules[-1].sentence


@pytest.mark.parametrize("spoil", ["absent", "no contract", "not a model"])
def test_broken_champion_closes_the_gate(
    assess: Callable[..., Assessment], model: Path, tmp_path: Path, spoil: str
) -> None:
    broken = tmp_path / "broken"
    if spoil != "absent":
        shutil.copytree(model, broken)
    if spoil == "no contract":
        (broken / CONTRACT_FILE).unlink()
    if spoil == "not a model":
        (broken / "saved_model.pb").write_bytes(b"text")
    assessment = assess(model, broken)
    assert not assessment.decision.passed
    assert "The champion, version 7, cannot be evaluated: " in assessment.decision.summary
    assert "Move the alias `champion` to a version that works" in assessment.decision.summary


def test_smoke_test_holds_rows_of_each_class_with_the_models_answers(
    assess: Callable[..., Assessment], model: Path
) -> None:
    smoke = json.loads(json.dumps(assess(model).smoke))
    served = SavedModel(str(model))
    features = InstanceReader(served.contract).read(smoke["instances"])
    answers = served.predict(features)
    expected = [list(one.values()) for one in smoke["probabilities"]]
    np.testing.assert_allclose(answers["probabilities"], expected, atol=1e-6)
    assert len(smoke["instances"]) == 6
    assert {name.decode() for name in answers["classes"][:, 0]} == {"setosa", "versicolor", "virginica"}


def test_missing_values_of_a_smoke_test_are_null(mixed_files: dict[str, str], tmp_path: Path) -> None:
    config = build_config(
        train_files=(mixed_files["train.csv"],),
        eval_files=(mixed_files["eval.csv"],),
        schema_file=mixed_files["schema.toml"],
        job_dir=str(tmp_path / "job"),
        train_steps=1,
    )
    export_model(train(config, load_contract(config.schema_file)), str(tmp_path / "model"))
    smoke = assess_model(str(tmp_path / "model"), config.eval_files, 2, Gate(0.0), None).smoke
    values = [value for instance in smoke["instances"] for value in instance.values()]
    assert None in values
    InstanceReader(SavedModel(str(tmp_path / "model")).contract).read(smoke["instances"])

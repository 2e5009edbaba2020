from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfp import dsl

from components.deploy_model import deploy_model
from components.evaluate_model import evaluate_model
from components.image import TRAINER_IMAGE
from components.register_model import register_model
from components.train_model import train_model
from components.upload_data import upload_data
from tests.components.conftest import BUCKET, PROJECT
from tests.conftest import IrisFiles
from tests.emulator.vertex_emulator import VertexEmulator
from trainer.errors import UsageError

pytestmark = [pytest.mark.tensorflow, pytest.mark.run, pytest.mark.usefixtures("vertex")]

MakeArtifact = Callable[..., Any]
HYPERPARAMETERS = {
    "train_steps": 100,
    "num_epochs": 0,
    "train_batch_size": 40,
    "eval_batch_size": 40,
    "first_layer_size": 100,
    "num_layers": 4,
    "scale_factor": 0.7,
    "learning_rate": 0.05,
    "optimizer": "adagrad",
    "sync_steps": 1,
    "dropout": 0.0,
    "seed": 1,
    "weight_decay": 0.0,
    "class_weights": "",
    "holdout": 0.0,
    "patience": 0,
    "refit": False,
    "watched_metric": "loss",
    "temperature_scaling": False,
}


@pytest.fixture
def uploaded(artifact: MakeArtifact, iris_files: IrisFiles) -> SimpleNamespace:
    kinds = {"train_dataset": dsl.Dataset, "eval_dataset": dsl.Dataset, "contract": dsl.Artifact}
    made = {name: artifact(kind, name) for name, kind in kinds.items()}
    upload_data.python_func(*map(str, iris_files), **made)
    return SimpleNamespace(**made)


def train(artifact: MakeArtifact, uploaded: SimpleNamespace, **values: object) -> tuple[Any, Any]:
    outputs = {"model": artifact(dsl.Model, "model"), "training_log": artifact(dsl.Artifact, "training_log")}
    train_model.python_func(**vars(uploaded), **(HYPERPARAMETERS | values), **outputs)
    return outputs["model"], outputs["training_log"]


def evaluate(
    artifact: MakeArtifact,
    model: Any,
    dataset: Any,
    min_accuracy: float = 0.9,
    model_name: str = "never registered",
    gate_metric: str = "accuracy",
    gate_threshold: float = 0.0,
) -> tuple[bool, SimpleNamespace]:
    kinds = {
        "metrics": dsl.Metrics,
        "classification": dsl.ClassificationMetrics,
        "report": dsl.HTML,
        "decision": dsl.Artifact,
        "smoke": dsl.Artifact,
    }
    outputs = {name: artifact(kind, name) for name, kind in kinds.items()}
    (passed,) = evaluate_model.python_func(
        model,
        dataset,
        40,
        gate_metric=gate_metric,
        min_accuracy=min_accuracy,
        gate_threshold=gate_threshold,
        min_gain=0.0,
        promote_on_tie=False,
        model_name=model_name,
        **PROJECT,
        **outputs,
    )
    return passed, SimpleNamespace(**outputs)


def test_a_model_is_trained_and_evaluated(artifact: MakeArtifact, uploaded: SimpleNamespace) -> None:
    model, training_log = train(artifact, uploaded)
    assert (Path(model.path) / "saved_model.pb").is_file()
    assert model.metadata["framework"] == "TensorFlow"
    assert list(Path(training_log.path).glob("logs/eval/*tfevents*"))
    assert list(Path(training_log.path).glob("checkpoints/step-0000000100.npz"))

    passed, outputs = evaluate(artifact, model, uploaded.eval_dataset, 0.9)
    assert passed is True
    assert outputs.metrics.metadata["accuracy"] == pytest.approx(model.metadata["accuracy"])
    assert outputs.metrics.metadata["loss"] == pytest.approx(model.metadata["loss"], rel=1e-4)
    matrix = outputs.classification.metadata["confusionMatrix"]
    assert [spec["displayName"] for spec in matrix["annotationSpecs"]] == ["setosa", "versicolor", "virginica"]
    assert sum(sum(row["row"]) for row in matrix["rows"]) == 30
    assert len(outputs.classification.metadata["confidenceMetrics"]) > 2
    assert "<svg" in Path(outputs.report.path).read_text()
    record = json.loads(Path(outputs.decision.path).read_text())
    assert (record["passed"], record["rows"]) == (True, 30)
    assert [rule["name"] for rule in record["rules"]] == ["finite", "floor", "better_than_constant", "champion"]
    assert record["model"]["training data"] == "c4c7652b14da"
    assert {one["column"] for one in record["importance"]["columns"][:2]} == {"PetalLength", "PetalWidth"}
    assert record["worst_rows"][0]["loss"] > record["worst_rows"][-1]["loss"]
    assert outputs.metrics.metadata["calibration_error"] == record["calibration"]["error"] > 0
    for output in vars(outputs).values():
        json.dumps(output.metadata, allow_nan=False)


def test_a_model_below_the_floor_is_kept_back(artifact: MakeArtifact, uploaded: SimpleNamespace) -> None:
    model, _ = train(artifact, uploaded, train_steps=1)
    passed, outputs = evaluate(artifact, model, uploaded.eval_dataset, 0.99)
    assert passed is False
    assert outputs.decision.metadata["summary"].startswith("Kept back. Accuracy is ")
    passed, outputs = evaluate(artifact, model, uploaded.eval_dataset, gate_metric="log_loss", gate_threshold=0.01)
    assert passed is False
    assert re.match(r"Kept back\. Log loss is .*; it must be at most 0\.0100\.", outputs.decision.metadata["summary"])
    with pytest.raises(UsageError, match=r'"recall:rose" names a class that the data contract does not have\.'):
        evaluate(artifact, model, uploaded.eval_dataset, gate_metric="recall:rose")


def test_a_nan_closes_the_gate(artifact: MakeArtifact, uploaded: SimpleNamespace, tmp_path: Path) -> None:
    """The weights are spoilt after the export, where no check of training can see it."""
    import tensorflow as tf

    model, _ = train(artifact, uploaded)
    loaded = tf.saved_model.load(model.path)
    for variable in loaded.signatures["predict"].variables:
        variable.assign(variable * float("nan"))
    spoilt = tmp_path / "spoilt"
    tf.saved_model.save(loaded, str(spoilt), signatures=dict(loaded.signatures))
    shutil.copytree(Path(model.path) / "assets.extra", spoilt / "assets.extra")
    passed, outputs = evaluate(artifact, dsl.Model(uri=str(spoilt)), uploaded.eval_dataset, 0.0)
    assert passed is False
    assert "The loss of the model is NaN or infinite" in outputs.decision.metadata["summary"]
    assert "loss" not in outputs.metrics.metadata
    assert "confidenceMetrics" not in outputs.classification.metadata


def test_train_model_refuses_what_makes_no_sense(artifact: MakeArtifact, uploaded: SimpleNamespace) -> None:
    with pytest.raises(UsageError, match=r"`--dropout` must be less than 1. Received: 1.0."):
        train(artifact, uploaded, dropout=1.0)
    assert not (Path(uploaded.train_dataset.path).parent / "model").exists()


def test_train_model_takes_the_values_of_a_trial_before_its_own(
    artifact: MakeArtifact, uploaded: SimpleNamespace
) -> None:
    trial = {"job": "jobs/1", "id": "3", "metric": "loss", "value": 0.1, "parameters": {"train_steps": "7"}}
    model, _ = train(artifact, uploaded, trial=trial)
    assert (model.metadata["steps"], model.metadata["trial"]) == (7, trial)
    with pytest.raises(UsageError, match=r"`--num-layers` must be less than or equal to 64"):
        train(artifact, uploaded, trial={**trial, "parameters": {"num_layers": "65"}})


def test_a_model_is_registered_once_deployed_and_then_to_be_beaten(
    artifact: MakeArtifact, uploaded: SimpleNamespace, vertex: VertexEmulator
) -> None:
    model, _ = train(artifact, uploaded)
    _, outputs = evaluate(artifact, model, uploaded.eval_dataset, 0.9)
    registered = artifact(dsl.Artifact, "registered_model")
    for _ in range(2):
        (version,) = register_model.python_func(
            model,
            uploaded.train_dataset,
            outputs.decision,
            outputs.smoke,
            **PROJECT,
            staging_bucket=BUCKET,
            model_name="iris",
            serving_image=TRAINER_IMAGE,
            run="Run 1!",
            git_sha="0123456789abcdef",
            registered_model=registered,
            trial={"job": "jobs/1", "id": "3", "metric": "loss", "value": 0.1, "parameters": {"seed": "1"}},
        )
        assert version == "1"
    found = vertex.get(registered.metadata["resourceName"])
    assert found["labels"]["trial"] == "1-3"
    assert found["versionDescription"].endswith("Tuned: seed 1, of trial 3 with loss 0.1 on rows that validate.")
    assert found["labels"]["run"] == "run-1-"
    assert found["labels"]["data"] == "c4c7652b14da"
    assert found["labels"]["git"] == "0123456789ab"

    endpoint = artifact(dsl.Artifact, "endpoint")
    deploy_model.python_func(
        registered,
        **PROJECT,
        endpoint_name="iris",
        rollout="100",
        smoke="task",
        machine_type="n1-standard-2",
        max_latency_ms=5000.0,
        endpoint=endpoint,
    )
    assert (endpoint.metadata["traffic"], endpoint.metadata["smoke"]) == ({"1": 100}, "task")

    passed, outputs = evaluate(artifact, model, uploaded.eval_dataset, 0.9, model_name="iris")
    assert passed is False
    assert "(version 1)" in outputs.decision.metadata["summary"]
    assert "a tie, which keeps the champion" in outputs.decision.metadata["summary"]

"""A small pipeline in which every outcome that the commands tell of can be had, without TensorFlow."""

# ruff: noqa: ARG001, I002 - inputs order the tasks; kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type,union-attr"

import functools
from pathlib import Path
from typing import NamedTuple

from kfp import compiler, dsl

component = functools.partial(dsl.component, base_image="r/trainer:1", install_kfp_package=False)


@component()
def upload_data(name: str, rows: int, train_dataset: dsl.Output[dsl.Dataset]):
    with open(train_dataset.path, "w") as file:
        file.write(name)
    train_dataset.metadata.update(rows=rows, sha256="a" * 64, class_counts={"one": rows})
    print("stored", name)


@component()
def train_model(train_dataset: dsl.Input[dsl.Dataset], wait_for: str, error: str, model: dsl.Output[dsl.Model]):
    import os
    import time

    print("training", flush=True)
    while wait_for and not os.path.exists(wait_for):
        time.sleep(0.05)
    if error:
        raise ValueError(error)
    with open(model.path, "w") as file:
        file.write("model")
    print("trained")


@component()
def evaluate_model(
    model: dsl.Input[dsl.Model],
    accuracy: float,
    metrics: dsl.Output[dsl.Metrics],
    decision: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("passed", bool)]):
    import json

    passed = accuracy >= 0.9
    rule = {
        "name": "floor",
        "passed": passed,
        "value": accuracy,
        "comparison": ">=",
        "threshold": 0.9,
        "sentence": f"Accuracy is {accuracy}.",
    }
    record = {"passed": passed, "summary": "", "rules": [rule], "rows": 10, "classes": [], "confusion_matrix": []}
    with open(decision.path, "w") as file:
        json.dump(record, file)
    metrics.log_metric("accuracy", accuracy)
    return (passed,)


@component()
def register_model(model: dsl.Input[dsl.Model], registered_model: dsl.Output[dsl.Artifact]):
    registered_model.metadata["version"] = "1"


@dsl.pipeline(name="small")
def small(name: str = "iris", rows: int = 10, accuracy: float = 0.95, wait_for: str = "", error: str = ""):
    data = upload_data(name=name, rows=rows)
    data.set_caching_options(True)
    training = train_model(train_dataset=data.outputs["train_dataset"], wait_for=wait_for, error=error)
    training.set_display_name("Train the model")
    training.set_caching_options(True)
    evaluation = evaluate_model(model=training.outputs["model"], accuracy=accuracy)
    evaluation.set_caching_options(False)
    with dsl.If(evaluation.outputs["passed"] == True, name="gate"):  # noqa: E712 - kfp compares channels
        register_model(model=training.outputs["model"]).set_caching_options(False)


def compile_small(folder: Path) -> Path:
    """Compiles the pipeline into a folder and returns the file."""
    file = folder / "small.yaml"
    compiler.Compiler().compile(small, str(file))
    return file

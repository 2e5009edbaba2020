"""What the trainer's tests share: small tables, and an Iris model that is trained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.config import TrainingConfig, build_config
from trainer.contract import Contract, parse_contract
from trainer.model.trained_model import TrainedModel

MIXED_SCHEMA = b"""
name = "shop"
[[columns]]
name = "Colour of it"
kind = "categorical"
vocabulary = ["red", "green", "blue"]
impute = "red"
[[columns]]
name = "Size (cm)"
kind = "numeric"
standardise = true
impute = "mean"
[[columns]]
name = "Town"
kind = "categorical"
encoding = "embedding"
[[columns]]
name = "Bought"
kind = "label"
classes = ["no", "yes", "NA"]
"""

MIXED_ROWS = """Colour of it,Size (cm),Town,Bought
red,1.0,Ulm,no
green,2.0,Bonn,yes
blue,3.5,"Bad Orb, Spessart",NA
,4.0,Ulm,no
red,,Bonn,yes
blue,6.0,Ulm,NA
"""


@pytest.fixture
def mixed_contract() -> Contract:
    return parse_contract(MIXED_SCHEMA, "mixed.toml")


@pytest.fixture
def mixed_files(tmp_path: Path) -> dict[str, str]:
    """A table of words and numbers, some of them missing: train, evaluation and schema file."""
    (tmp_path / "schema.toml").write_bytes(MIXED_SCHEMA.replace(b"[[", b"max_shared_rows = 1.0\n[[", 1))
    (tmp_path / "train.csv").write_text(MIXED_ROWS)
    (tmp_path / "eval.csv").write_text(MIXED_ROWS + "green,9.0,Kiel,no\n")
    return {name: str(tmp_path / name) for name in ("train.csv", "eval.csv", "schema.toml")}


@pytest.fixture(scope="session")
def iris_config(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., TrainingConfig]:
    """Makes a configuration on the Iris files, with a job folder of its own unless one is named."""
    data = Path(__file__).resolve().parents[2] / "data"

    def configure(**values: object) -> TrainingConfig:
        defaults: dict[str, object] = {
            "train_files": (str(data / "iris_training.csv"),),
            "eval_files": (str(data / "iris_test.csv"),),
            "schema_file": str(data / "schema.toml"),
            "train_steps": 20,
            "steps_between_evaluations": 10,
        }
        if "job_dir" not in values:
            defaults["job_dir"] = str(tmp_path_factory.mktemp("job"))
        return build_config(**(defaults | values))

    return configure


@pytest.fixture(scope="session")
def iris_model(iris_config: Callable[..., TrainingConfig]) -> TrainedModel:
    """A model of 200 steps: sure enough of its answers for tests to hold them against each other."""
    from trainer.contract import load_contract
    from trainer.training.train import train

    config = iris_config(train_steps=200, steps_between_evaluations=100)
    return train(config, load_contract(config.schema_file))

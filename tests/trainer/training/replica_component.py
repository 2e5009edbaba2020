"""One replica of a training task: `python -m tests.trainer.training.replica_component FOLDER JOB_DIR NUMBERS`.

It leaves its model in FOLDER/model-TASK, where the task's model of a real job is one place for all, and writes the
model's metadata as its last line. NUMBERS are hyperparameters as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from kfp import dsl

from components.train_model import train_model
from trainer.config import Hyperparameters
from trainer.tables.datasets import store_tables

DATA = Path(__file__).resolve().parents[3] / "data"


def main() -> None:
    folder, job_dir = Path(sys.argv[1]), sys.argv[2]
    own = folder / json.loads(os.environ["TF_CONFIG"])["task"]["type"]
    train, evaluation, schema = (str(DATA / name) for name in ("iris_training.csv", "iris_test.csv", "schema.toml"))
    store_tables(train, evaluation, schema, own / "train", own / "eval", own / "contract.toml")
    model = dsl.Model(name="model", uri=str(own / "model"), metadata={})
    train_model.python_func(
        train_dataset=dsl.Dataset(uri=str(own / "train")),
        eval_dataset=dsl.Dataset(uri=str(own / "eval")),
        contract=dsl.Artifact(uri=str(own / "contract.toml")),
        **Hyperparameters(**json.loads(sys.argv[3])).model_dump(),
        model=model,
        training_log=dsl.Artifact(uri=job_dir),
    )
    print(json.dumps(model.metadata))


if __name__ == "__main__":
    main()

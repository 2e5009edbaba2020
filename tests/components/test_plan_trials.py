from __future__ import annotations

from typing import Any

import pytest
from kfp import dsl

from components.plan_trials import plan_trials
from components.upload_data import upload_data
from tests.components.conftest import BUCKET, MakeArtifact
from tests.conftest import IrisFiles
from trainer.errors import UsageError

POOL = {"machine_spec": {"machine_type": "n1-standard-4"}, "container_spec": {"image_uri": "i:1"}, "replica_count": 1}
ASKED: dict[str, Any] = {
    "hyperparameters": {"train_steps": "100", "refit": "False"},
    "search": "num_layers=1..3 optimizer=adagrad,adam",
    "search_algorithm": "grid",
    "trials": 6,
    "parallel_trials": 2,
    "tuning_metric": "loss",
    "validation_fraction": 0.2,
    "worker_pools": [POOL],
    "staging_bucket": BUCKET,
}


@pytest.fixture
def inputs(artifact: MakeArtifact, iris_files: IrisFiles) -> dict[str, Any]:
    kinds = {"train_dataset": dsl.Dataset, "eval_dataset": dsl.Dataset, "contract": dsl.Artifact}
    made = {name: artifact(kind, name) for name, kind in kinds.items()}
    upload_data.python_func(*map(str, iris_files), **made)
    return {"train_dataset": made["train_dataset"], "contract": made["contract"]}


def test_plan_trials_tells_a_tuning_job_all_but_its_values(artifact: MakeArtifact, inputs: dict[str, Any]) -> None:
    validation = artifact(dsl.Metrics, "validation")
    pools, parameters, metrics, algorithm, folder = plan_trials.python_func(**inputs, **ASKED, validation=validation)
    assert [parameter["parameter_id"] for parameter in parameters] == ["num_layers", "optimizer"]
    assert (metrics, algorithm) == ([{"metric_id": "loss", "goal": 2}], "GRID_SEARCH")
    assert folder.startswith(f"{BUCKET}/tuning/")
    (pool,) = pools
    assert pool["container_spec"]["args"] == [
        "--train-files",
        f"{inputs['train_dataset'].path}/iris_training.csv",
        f"--schema={inputs['contract'].path}",
        "--validation-fraction=0.2",
        "--metrics-only",
        "--no-refit",
        "--train-steps=100",
    ]
    assert validation.metadata == {"rows_that_validate": 24, "rows_left_to_train": 96}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"search": "num_layers=0..3"}, r"`num_layers` must be greater than or equal to 1"),
        ({"parallel_trials": 7}, r"`parallel_trials` must be at most `trials`"),
        ({"search": "dropout=0..0.5"}, r"`search_algorithm` grid tries every value"),
        ({"search_algorithm": "all"}, r"`search_algorithm` cannot be \"all\""),
        ({"tuning_metric": "lost"}, r"Training reports no metric \"lost\""),
    ],
)
def test_plan_trials_refuses_what_makes_no_sense(
    asked: dict[str, Any], sentence: str, artifact: MakeArtifact, inputs: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=sentence):
        plan_trials.python_func(**inputs, **(ASKED | asked), validation=artifact(dsl.Metrics, "validation"))

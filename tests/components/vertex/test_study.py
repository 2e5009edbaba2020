from __future__ import annotations

from typing import get_args

import pytest

from components.vertex.study import (
    algorithm_of,
    folder_of,
    metric_specs,
    parameter_specs,
    pools_of_trial,
    trial_arguments,
)
from trainer.config import Hyperparameters
from trainer.errors import UsageError
from trainer.search.metrics import GOALS, TuningMetric
from trainer.search.reading import read_search
from trainer.search.space import Algorithm
from trainer.task import build_parser, config_from, spelled

POOL = {"machine_spec": {"machine_type": "n1-standard-4"}, "container_spec": {"image_uri": "i:1"}, "replica_count": 1}


def test_parameters_and_metric_are_those_that_googles_helpers_write() -> None:
    from google.cloud.aiplatform import hyperparameter_tuning as hpt
    from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import serialize_metrics, serialize_parameters

    text = "learning_rate=0.01..0.3:log num_layers=1..6 train_batch_size=32,100 optimizer=adagrad,adam"
    assert parameter_specs(read_search(text)) == serialize_parameters(
        {
            "learning_rate": hpt.DoubleParameterSpec(min=0.01, max=0.3, scale="log"),
            "num_layers": hpt.IntegerParameterSpec(min=1, max=6, scale="linear"),
            "train_batch_size": hpt.DiscreteParameterSpec(values=[32, 100], scale="linear"),
            "optimizer": hpt.CategoricalParameterSpec(values=["adagrad", "adam"]),
        }
    )
    assert metric_specs("accuracy") == serialize_metrics({"accuracy": "maximize"})
    assert metric_specs("loss") == serialize_metrics({"loss": "minimize"})


def test_metric_or_algorithm_that_there_is_not_is_refused() -> None:
    known = [algorithm_of(name) for name in get_args(Algorithm)]
    assert known == ["ALGORITHM_UNSPECIFIED", "GRID_SEARCH", "RANDOM_SEARCH"]
    assert {*GOALS} == {*get_args(TuningMetric)}
    with pytest.raises(
        UsageError, match=r'`search_algorithm` cannot be "gird"\. Did you mean "grid"\? Known: default, '
    ):
        algorithm_of("gird")
    with pytest.raises(
        UsageError, match=r'Training reports no metric "acuracy"\. Did you mean "accuracy"\? Known: acc'
    ):
        metric_specs("acuracy")


def test_reverse_log_is_the_scale_of_that_name() -> None:
    from google.cloud.aiplatform_v1.types import StudySpec

    (spec,) = parameter_specs(read_search("dropout=0.1..0.5:reverse_log"))
    assert StudySpec.ParameterSpec(spec).scale_type.name == "UNIT_REVERSE_LOG_SCALE"


def test_arguments_are_read_by_the_trainer_and_a_trials_values_win() -> None:
    hyperparameters = {name: info.default for name, info in Hyperparameters.model_fields.items()}
    # As Vertex AI and kfp.local fill them into texts.
    texts = {**{name: str(value) for name, value in hyperparameters.items()}, "refit": "true", "class_weights": "a b=2"}
    arguments = trial_arguments(["a.csv", "b.csv"], "data/schema.toml", texts, 0.25)
    words = spelled([*arguments, "--num_layers=2.0", "--optimizer=adam", "--job-dir=j"])
    config = config_from(build_parser({}).parse_args(words))
    told = hyperparameters | {"refit": True, "class_weights": "a b=2", "num_layers": 2, "optimizer": "adam"}
    assert config.model_dump(include=set(hyperparameters)) == told
    assert (config.train_files, config.eval_files) == (("a.csv", "b.csv"), ())
    assert (config.validation_fraction, config.metrics_only) == (0.25, True)


def test_every_pool_trains_and_a_plan_has_a_folder_of_its_own() -> None:
    pools = pools_of_trial([POOL, {**POOL, "replica_count": 3}], ["--seed=1"])
    assert [pool["replica_count"] for pool in pools] == [1, 3]
    assert pools[1]["container_spec"] == {
        "image_uri": "i:1",
        "command": ["python3", "-m", "trainer.task"],
        "args": ["--seed=1"],
    }
    space = read_search("num_layers=1..6")
    folder = folder_of(pools, space, "gs://b/")
    assert folder.startswith("gs://b/tuning/")
    assert folder == folder_of(pools, space, "gs://b")
    assert folder != folder_of(pools_of_trial([POOL], ["--seed=2"]), space, "gs://b")
    assert folder != folder_of(pools, read_search("num_layers=1..5"), "gs://b")

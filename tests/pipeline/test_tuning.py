"""The tuning pipeline, as it is compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.compilation import compile_pipeline, compile_tuning_pipeline
from pipeline.config import RunConfig, key, tuning_parameter_values
from pipeline.config_layers import load_config
from trainer.config import Hyperparameters
from trainer.errors import UsageError

TASK = "hyperparameter-tuning-job"


def compiled(folder: Path, **overrides: str | int | bool) -> dict[str, Any]:
    config, _ = load_config(None, overrides)
    document = compile_tuning_pipeline(config, folder / "p.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(document)
    return loaded


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return compiled(tmp_path_factory.mktemp("tuning"))


def pools(document: dict[str, Any]) -> list[dict[str, Any]]:
    source = document["root"]["dag"]["tasks"]["plan-trials"]["inputs"]["parameters"]["worker_pools"]
    found: list[dict[str, Any]] = source["runtimeValue"]["constant"]
    return found


def test_search_is_googles_component(document: dict[str, Any]) -> None:
    from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import HyperparameterTuningJobRunOp

    theirs = HyperparameterTuningJobRunOp.pipeline_spec
    (executor,) = theirs.deployment_spec["executors"].values()
    assert document["deploymentSpec"]["executors"][f"exec-{TASK}"]["container"]["command"] == list(
        executor["container"]["command"]
    )
    inputs = theirs.components[f"comp-{TASK}"].input_definitions.parameters
    assert document["components"][f"comp-{TASK}"]["inputDefinitions"]["parameters"].keys() == inputs.keys()


def test_search_runs_where_the_run_does_and_measures_what_a_trial_leaves(document: dict[str, Any]) -> None:
    told = document["root"]["dag"]["tasks"][TASK]["inputs"]["parameters"]
    assert told["location"] == {"componentInputParameter": "location"}
    assert told["project"] == {"componentInputParameter": "project"}
    assert told["service_account"]["runtimeValue"]["constant"] == "{{$.pipeline_service_account}}"
    assert told["study_spec_measurement_selection_type"]["runtimeValue"]["constant"] == "LAST_MEASUREMENT"
    assert told["base_output_directory"]["taskOutputParameter"]["producerTask"] == "plan-trials"


def test_parameters_are_those_of_a_run_and_those_of_the_search(document: dict[str, Any]) -> None:
    parameters = document["root"]["inputDefinitions"]["parameters"]
    assert {name: about["defaultValue"] for name, about in parameters.items()} == tuning_parameter_values(RunConfig())
    assert set(parameters) - {key(name) for name in RunConfig.model_fields} == set()


def test_what_is_not_searched_is_told_to_the_trials(document: dict[str, Any]) -> None:
    given = document["root"]["dag"]["tasks"]["plan-trials"]["inputs"]["parameters"]["hyperparameters"]
    told = given["runtimeValue"]["constant"]
    assert told == {
        name: f"{{{{$.inputs.parameters['pipelinechannel--{name}']}}}}" for name in Hyperparameters.model_fields
    }


def test_gate_measures_the_evaluation_rows_which_no_trial_is_given(document: dict[str, Any]) -> None:
    tasks = document["root"]["dag"]["tasks"]
    evaluated = tasks["evaluate-model"]["inputs"]["artifacts"]["eval_dataset"]["taskOutputArtifact"]
    assert evaluated["outputArtifactKey"] == "eval_dataset"
    assert tasks["plan-trials"]["inputs"]["artifacts"].keys() == {"train_dataset", "contract"}
    assert (
        tasks["train-model"]["inputs"]["parameters"]["trial"]["taskOutputParameter"]["producerTask"] == "choose-trial"
    )


def test_tasks_behind_the_search_are_those_of_a_run(document: dict[str, Any], tmp_path: Path) -> None:
    ours = yaml.safe_load(compile_pipeline(RunConfig(), tmp_path / "p.yaml").read_text(encoding="utf-8"))
    executors = ours["deploymentSpec"]["executors"]
    assert {name: document["deploymentSpec"]["executors"][name] for name in executors} == executors
    added = document["root"]["dag"]["tasks"].keys() - ours["root"]["dag"]["tasks"].keys()
    assert added == {"plan-trials", TASK, "choose-trial"}


def test_trials_run_on_the_machines_of_the_training(document: dict[str, Any], tmp_path: Path) -> None:
    image = "europe-docker.pkg.dev/p/r/trainer:1"
    assert pools(document) == [
        {
            "machine_spec": {"machine_type": "n1-standard-4"},
            "container_spec": {"image_uri": RunConfig().image, "env": []},
            "replica_count": 1.0,
        }
    ]
    asked = compiled(tmp_path, image=image, scale_tier="gpu", training_replicas=3, train_batch_size=60)
    assert [pool["replica_count"] for pool in pools(asked)] == [1.0, 2.0]
    for pool in pools(asked):
        assert pool["container_spec"]["image_uri"] == f"{image}-gpu"
        assert pool["machine_spec"] == {
            "machine_type": "n1-standard-8",
            "accelerator_type": "NVIDIA_TESLA_T4",
            "accelerator_count": 1.0,
        }
    with pytest.raises(UsageError, match=r"`training_machine_type` is missing: no n1 machine has 512 CPUs and 8 GiB"):
        compiled(tmp_path, cpu_limit=512)


def test_name_is_that_of_the_other_with_tuning_in_it(tmp_path: Path) -> None:
    names = {
        "dnn-pipeline": "dnn-tuning-pipeline",
        "wine": "wine-tuning-pipeline",
        "w" * 128: "w" * 112 + "-tuning-pipeline",
    }
    assert {name: RunConfig(pipeline_name=name).tuning_pipeline_name for name in names} == names
    assert compiled(tmp_path, pipeline_name="wine")["pipelineInfo"]["name"] == "wine-tuning-pipeline"


def test_search_is_written_one_way() -> None:
    config, _ = load_config(None, {"search": " --num-layers=1..1e1   dropout=.10,0"})
    assert config.search == "num_layers=1..10 dropout=0,0.1"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"search": "num_layer=1..2"},
            r"`--search` makes no sense: `num_layer` is no flag of the trainer\. Did you mean",
        ),
        ({"trials": 0}, r"`--trials` must be greater than or equal to 1\. Received: 0"),
        ({"trials": 2, "parallel_trials": 3}, r"`parallel_trials` must be at most `trials`\. Received: 3 and 2"),
        ({"search_algorithm": "grid"}, r"`search_algorithm` grid tries every value, and scale_factor="),
        ({"search_algorithm": "greed"}, r"`--search-algorithm` must be 'default', 'grid' or 'random'"),
        ({"tuning_metric": "recall"}, r"`--tuning-metric` must be 'accuracy' or 'loss'"),
        ({"validation_fraction": 0.6}, r"`--validation-fraction` must be less than or equal to 0\.5"),
    ],
)
def test_search_that_makes_no_sense_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_config(None, values)

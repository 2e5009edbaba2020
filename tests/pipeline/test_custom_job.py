"""What becomes of the training paragraph where the configuration asks for more than a task has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.compilation import compile_pipeline
from pipeline.config_layers import load_config
from trainer.training.devices import REQUIRED_VARIABLE

IMAGE = "europe-docker.pkg.dev/p/r/trainer:1"
TASK = "train-model"


def compiled(folder: Path, **overrides: str | int | bool) -> dict[str, Any]:
    config, _ = load_config(None, {"image": IMAGE, **overrides})
    document: dict[str, Any] = yaml.safe_load(compile_pipeline(config, folder / "p.yaml").read_text(encoding="utf-8"))
    return document


def inputs(document: Mapping[str, Any]) -> dict[str, Any]:
    parameters = document["components"][f"comp-{TASK}"]["inputDefinitions"]["parameters"]
    return {name: about.get("defaultValue") for name, about in parameters.items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return compiled(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("job")
    return compiled(folder, training_replicas=2, spot=True, training_timeout_s=600, pipeline_name="p" * 128)


def test_two_replicas_are_a_primary_and_a_worker(job: dict[str, Any]) -> None:
    pools = inputs(job)["worker_pool_specs"]
    assert [(pool["machine_spec"], pool["replica_count"]) for pool in pools] == [
        ({"machine_type": "n1-standard-4"}, 1.0),
        ({"machine_type": "n1-standard-4"}, 1.0),
    ]
    assert {pool["container_spec"]["image_uri"] for pool in pools} == {IMAGE}
    assert "train_model" in pools[0]["container_spec"]["args"]


def test_job_is_told_strategy_time_account_and_to_restart_whole(job: dict[str, Any]) -> None:
    told = inputs(job)
    assert told["strategy"] == "SPOT"
    assert told["timeout"] == "600s"
    assert told["restart_job_on_worker_restart"] is True
    assert told["service_account"] == "{{$.pipeline_service_account}}"
    assert told["display_name"] == "p" * 116 + "-train-model"
    sources = job["root"]["dag"]["tasks"][TASK]["inputs"]["parameters"]
    assert {name: sources[name]["componentInputParameter"] for name in ("project", "location")} == {
        "project": "project",
        "location": "location",
    }


def test_one_replica_need_not_restart_the_others(tmp_path: Path) -> None:
    assert inputs(compiled(tmp_path, spot=True))["restart_job_on_worker_restart"] is False


def test_task_keeps_its_name_inputs_and_artifacts(job: dict[str, Any], plain: dict[str, Any]) -> None:
    task, before = (document["root"]["dag"]["tasks"][TASK] for document in (job, plain))
    assert {name: task[name] for name in ("taskInfo", "cachingOptions")} == {
        name: before[name] for name in ("taskInfo", "cachingOptions")
    }
    assert task["inputs"]["artifacts"] == before["inputs"]["artifacts"]
    assert task["inputs"]["parameters"].items() >= before["inputs"]["parameters"].items()
    component, former = (document["components"][f"comp-{TASK}"] for document in (job, plain))
    assert component["outputDefinitions"]["artifacts"] == former["outputDefinitions"]["artifacts"]
    assert component["inputDefinitions"]["artifacts"].keys() == former["inputDefinitions"]["artifacts"].keys()


def test_inputs_of_the_component_and_of_the_job_have_different_names(plain: dict[str, Any]) -> None:
    from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp

    # Of two with one name the component's would win, without a word.
    assert not inputs(plain).keys() & CustomTrainingJobOp.component_spec.inputs.keys()


def test_other_tasks_are_the_same(job: dict[str, Any], plain: dict[str, Any]) -> None:
    def others(document: dict[str, Any]) -> dict[str, Any]:
        executors = document["deploymentSpec"]["executors"]
        return {name: about for name, about in executors.items() if name != f"exec-{TASK}"}

    assert others(job) == others(plain)


@pytest.mark.parametrize(
    "asked",
    [{"training_replicas": 2}, {"training_machine_type": "n1-standard-8"}, {"spot": True}, {"training_timeout_s": 1}],
)
def test_each_of_these_makes_it_a_custom_job(asked: dict[str, Any], tmp_path: Path) -> None:
    assert "worker_pool_specs" in inputs(compiled(tmp_path, **asked))


def test_persistent_resource_is_that_of_the_configuration_or_of_the_run(job: dict[str, Any], tmp_path: Path) -> None:
    assert inputs(job)["persistent_resource_id"] == "{{$.pipeline_persistent_resource_id}}"
    assert inputs(compiled(tmp_path, persistent_resource="mine"))["persistent_resource_id"] == "mine"


def test_cores_and_memory_choose_the_machine_that_none_names(tmp_path: Path) -> None:
    (pool,) = inputs(compiled(tmp_path, spot=True, cpu_limit=8, memory_limit_gib=32))["worker_pool_specs"]
    assert pool["machine_spec"] == {"machine_type": "n1-highmem-8"}


def test_training_on_vertex_fails_where_its_accelerator_is_not_visible(tmp_path: Path) -> None:
    asked = {"name": REQUIRED_VARIABLE, "value": "1"}
    vertex: dict[str, str | int] = {
        "connection": "vertex",
        "accelerator_type": "NVIDIA_TESLA_T4",
        "accelerator_count": 1,
    }
    (pool,) = inputs(compiled(tmp_path, spot=True, **vertex))["worker_pool_specs"]
    assert pool["container_spec"]["env"] == [asked]
    executors = compiled(tmp_path, **vertex)["deploymentSpec"]["executors"]
    assert executors[f"exec-{TASK}"]["container"]["env"] == [asked]
    assert [name for name, about in executors.items() if "env" in about["container"]] == [f"exec-{TASK}"]
    # The stand-in has no accelerators, and a run here is to end all the same.
    (pool,) = inputs(compiled(tmp_path, scale_tier="gpu"))["worker_pool_specs"]
    assert pool["container_spec"]["env"] == []


def test_accelerators_go_to_every_replica_in_their_image(tmp_path: Path) -> None:
    document = compiled(tmp_path, scale_tier="gpu", training_replicas=2)
    for pool in inputs(document)["worker_pool_specs"]:
        assert pool["machine_spec"] == {
            "machine_type": "n1-standard-8",
            "accelerator_type": "NVIDIA_TESLA_T4",
            "accelerator_count": 1.0,
        }
        assert pool["container_spec"]["image_uri"] == f"{IMAGE}-gpu"

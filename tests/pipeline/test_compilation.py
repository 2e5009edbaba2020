from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.compilation import DEFAULT_OUTPUT, compile_pipeline, compile_tuning_pipeline, tuning_file
from pipeline.config import PipelineParameters, key
from pipeline.config_layers import load_config
from tests.components.all_components import NAMES, component
from tests.pipeline.graph_summary import GOLDENS, REFRESH, summarise
from trainer.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config, _ = load_config(None, {})
    return compile_pipeline(config, tmp_path_factory.mktemp("build") / "deep" / "pipeline.yaml")


@pytest.fixture(scope="module")
def document(compiled: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(compiled.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("golden", GOLDENS)
def test_graph_is_the_one_that_was_reviewed(golden: Path, tmp_path: Path) -> None:
    compiled = GOLDENS[golden](load_config(None, {})[0], tmp_path / "p.yaml")
    is_as_reviewed = summarise(yaml.safe_load(compiled.read_text())) == golden.read_text(encoding="utf-8")
    assert is_as_reviewed, f"The graph has changed. Refresh {golden.name}, and review its difference: {REFRESH}"


def test_compiling_loads_no_client_of_kubeflow_and_leaves_the_environment_as_it_was(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from pipeline.compilation import compile_pipeline; from pipeline.config_layers import load_config\n"
        "before = dict(os.environ)\n"
        "compile_pipeline(load_config(None, {})[0], Path(sys.argv[1]))\n"
        "assert os.environ == before and not {'kubernetes', 'kfp.client'} & {*sys.modules}\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "pipeline.yaml")], cwd=ROOT, check=True)


def test_nothing_is_installed_at_run_time_and_no_image_floats(compiled: Path, document: dict[str, Any]) -> None:
    text = compiled.read_text(encoding="utf-8")
    assert "pip install" not in text
    assert ":latest" not in text
    images = {executor["container"]["image"] for executor in document["deploymentSpec"]["executors"].values()}
    assert images == {load_config(None, {})[0].image}


def test_image_limits_and_name_are_those_of_the_configuration(tmp_path: Path) -> None:
    image = "europe-docker.pkg.dev/p/r/trainer@sha256:" + "0" * 64
    config, _ = load_config(
        None,
        {"image": image, "cpu_limit": 16, "memory_limit_gib": 64, "pipeline_name": "wine", "train_steps": 5},
    )
    document = yaml.safe_load(compile_pipeline(config, tmp_path / "p.yaml").read_text(encoding="utf-8"))
    executors = document["deploymentSpec"]["executors"]
    assert {executor["container"]["image"] for executor in executors.values()} == {image}
    resources = executors["exec-train-model"]["container"]["resources"]
    assert float(resources["cpuLimit"]) == 16.0
    assert float(resources["memoryLimit"]) == pytest.approx(68.7, abs=0.1)
    assert document["pipelineInfo"]["name"] == "wine"
    assert document["root"]["inputDefinitions"]["parameters"]["train_steps"]["defaultValue"] == 5.0


def test_accelerator_is_that_of_the_training_task_alone(document: dict[str, Any], tmp_path: Path) -> None:
    config, _ = load_config(None, {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 2})
    asked = yaml.safe_load(compile_pipeline(config, tmp_path / "p.yaml").read_text(encoding="utf-8"))

    def accelerators(document: dict[str, Any]) -> dict[str, Any]:
        executors = document["deploymentSpec"]["executors"]
        resources = {name: executor["container"].get("resources", {}) for name, executor in executors.items()}
        return {name: about["accelerator"] for name, about in resources.items() if "accelerator" in about}

    assert accelerators(document) == {}
    assert list(accelerators(asked)) == ["exec-train-model"]
    accelerator = accelerators(asked)["exec-train-model"]
    assert (accelerator["resourceType"], accelerator["resourceCount"]) == ("NVIDIA_TESLA_T4", "2")


def test_same_configuration_gives_the_same_bytes(compiled: Path, tmp_path: Path) -> None:
    script = ROOT / "compile.py"
    command = [sys.executable, str(script), "--output", str(tmp_path / "again.yaml")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONHASHSEED": "7", "PATH": ""})
    assert (tmp_path / "again.yaml").read_bytes() == compiled.read_bytes()
    beside = compile_tuning_pipeline(load_config(None, {})[0], tmp_path / "tuning.yaml")
    assert (tmp_path / "again-tuning-pipeline.yaml").read_bytes() == beside.read_bytes()
    assert tuning_file(DEFAULT_OUTPUT).name == "dnn-tuning-pipeline.yaml"


def test_parameters_are_the_fields_of_the_configuration(document: dict[str, Any]) -> None:
    kinds = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": float, "STRING": str, "BOOLEAN": bool}
    parameters = document["root"]["inputDefinitions"]["parameters"]
    fields = {key(name): field.default for name, field in PipelineParameters.model_fields.items()}
    assert {name: about["defaultValue"] for name, about in parameters.items()} == fields
    assert {name: kinds[about["parameterType"]] for name, about in parameters.items()} == {
        name: type(default) for name, default in fields.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_of_a_component_is_described(name: str) -> None:
    function = component(name).python_func
    described = function.__doc__.split("Args:")[1]
    for argument in inspect.signature(function).parameters:
        assert f"        {argument}: " in described


def test_every_component_is_a_task_of_a_pipeline(tmp_path: Path) -> None:
    compiled = [compile_(load_config(None, {})[0], tmp_path / "p.yaml").read_text() for compile_ in GOLDENS.values()]
    components = [yaml.safe_load(text)["components"].items() for text in compiled]
    own = {name for some in components for name, about in some if "executorLabel" in about}
    assert {f"comp-{name.replace('_', '-')}" for name in NAMES} == own - {"comp-hyperparameter-tuning-job"}


def test_every_parameter_reaches_a_task(document: dict[str, Any]) -> None:
    taken = {
        source["componentInputParameter"]
        for task in document["root"]["dag"]["tasks"].values()
        for source in task["inputs"].get("parameters", {}).values()
        if "componentInputParameter" in source
    }
    assert set(document["root"]["inputDefinitions"]["parameters"]) == taken


def test_compile_refuses_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config, _ = load_config(None, {})
    with pytest.raises(UsageError, match=r"cannot be written to .*file/p.yaml: .* Give another --output"):
        compile_pipeline(config, tmp_path / "file" / "p.yaml")


def test_compile_leaves_nothing_beside(compiled: Path) -> None:
    assert [path.name for path in compiled.parent.iterdir()] == ["pipeline.yaml"]

"""A trained model from its assessment to the answers of its endpoint: registered, rolled out, asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.vertex import endpoints, registry
from components.vertex.answers import Smoke, Watch, load_smoke
from components.vertex.endpoints import Machines
from components.vertex.errors import RolloutError
from components.vertex.registration import register
from components.vertex.rollout import roll_out
from components.vertex.rollout_plan import TASK
from tests.components.vertex.registered import champion, here, traffic
from tests.conftest import IrisFiles
from tests.emulator.vertex_emulator import VertexEmulator
from tests.trainer.malformed import FLOWER, TEXT, malformed_bodies
from trainer.evaluation.assessment import Assessment, assess_model
from trainer.evaluation.decision import Gate

pytestmark = [
    pytest.mark.run,
    pytest.mark.tensorflow,
]

IMAGE = "us-docker.pkg.dev/p/r/dnn-trainer:1"
ORIGIN = {"run": "Run 1", "data": "abc", "git": ""}


@pytest.fixture(scope="module")
def exported(iris_files: IrisFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainer.config import build_config
    from trainer.contract import load_contract
    from trainer.model.export import export_model
    from trainer.training.train import train

    folder = tmp_path_factory.mktemp("model")
    config = build_config(
        train_files=(str(iris_files.train_data),),
        eval_files=(str(iris_files.eval_data),),
        schema_file=str(iris_files.schema),
        job_dir=str(folder / "job"),
        train_steps=100,
    )
    export_model(train(config, load_contract(config.schema_file)), str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def assessment(exported: Path, iris_files: IrisFiles) -> Assessment:
    return assess_model(str(exported), [str(iris_files.eval_data)], 40, Gate(0.5), None)


def test_a_model_serves_what_was_evaluated(vertex: VertexEmulator, exported: Path, assessment: Assessment) -> None:
    versions = [
        register(here(), "tiny", exported, assessment.smoke, assessment.to_dict(), "gs://local-bucket", IMAGE, ORIGIN)
        for _ in range(2)
    ]
    assert [version.version_id for version in versions] == ["1", "1"]
    version = versions[0]
    assert (version.labels["run"], version.labels["data"], version.labels["git"]) == ("run-1", "abc", "")
    [evaluation] = registry.evaluations_of(here(), version)
    metrics: Any = evaluation.metrics
    assert metrics["accuracy"] == pytest.approx(assessment.evaluation.accuracy)
    assert metrics["confusionMatrix"]["annotationSpecs"][1]["displayName"] == "versicolor"

    smoke = load_smoke(version)
    assert len(smoke.instances) == 6

    others = Smoke(smoke.instances, smoke.probabilities[::-1])
    with pytest.raises(RolloutError, match=r"does not serve what was evaluated: to smoke instance 1 it answers"):
        roll_out(here(), "tiny", version, (100,), others, TASK, Machines(), Watch(requests=20))
    assert traffic() == {}

    rolled_out = roll_out(here(), "tiny", version, (100,), smoke, TASK, Machines(), Watch(requests=20))
    endpoint = rolled_out.endpoint
    assert (traffic(), champion(), rolled_out.smoke) == ({"1": 100}, "1", TASK)
    answer = endpoints.ask(here(), endpoint, [FLOWER, TEXT])
    assert (answer.version, [one["class"] for one in answer.predictions]) == ("1", ["versicolor", "versicolor"])
    assert registry.version_of(here(), version, "champion") is not None

    name = endpoint.name
    for body in [body for body, content_type in malformed_bodies(170) if content_type == "application/json"]:
        code, status, message = vertex.refused("POST", f"{name}:predict", body)
        assert (code, status) == (400, "INVALID_ARGUMENT")
        assert len(message) > 20
    _, _, message = vertex.refused("POST", f"{name}:predict", json.dumps({"instances": [{**FLOWER, "PetalWidth": -1}]}))
    assert 'instance 1: column \\"PetalWidth\\": received \\"-1\\", which lies below min' in message
    assert vertex.predict(name, FLOWER)["deployedModelId"] == answer.deployment

"""Versions, aliases and evaluations, on a real emulator through the SDK's clients."""

from __future__ import annotations

from typing import Any

import pytest

from components.vertex import registry
from components.vertex.errors import RegistryError
from components.vertex.labels import MANAGED_BY
from tests.components.vertex.registered import ARTIFACT, IMAGE, MODEL, SERVER, champion, here, register
from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = [
    pytest.mark.run,
    pytest.mark.usefixtures("vertex"),
]
METRICS = {"accuracy": 0.9, "logLoss": 0.25}


def test_register_version_adds_to_one_model() -> None:
    first, second = register(0.9), register(0.8)
    assert (first.number, second.number) == ("1", "2")
    assert first.model.name.split("@")[0] == second.model.name.split("@")[0]
    found = registry.find_model(here(), MODEL)
    assert found is not None
    assert [version.version_id for version in registry.versions_of(here(), found)] == ["1", "2"]
    assert dict(second.model.labels) == {**MANAGED_BY, "run": "run-0-8", "git": ""}


def test_register_version_tells_how_it_is_served() -> None:
    model = register(0.9).model
    container = model.container_spec
    assert (model.version_description, model.artifact_uri) == ("for tests", ARTIFACT)
    assert model.predict_schemata.instance_schema_uri == f"{ARTIFACT}/assets.extra/instance.yaml"
    assert (container.image_uri, list(container.command)) == (IMAGE, ["python3", str(SERVER), "0.9"])
    assert [port.container_port for port in container.ports] == [8080]
    assert (container.health_route, container.predict_route) == ("/health", "/predict")


def test_register_version_again_registers_nothing() -> None:
    first, _, again = register(0.9), register(0.8), register(0.9)
    assert (again.number, again.model.name) == ("1", first.model.name)
    assert len(registry.versions_of(here(), again.model)) == 2


def test_register_version_leaves_the_models_of_others_alone(vertex: VertexEmulator) -> None:
    vertex.upload(MODEL)
    assert registry.find_model(here(), MODEL) is None
    assert register(0.9).number == "1"


def test_register_version_refuses_two_models_of_one_name(vertex: VertexEmulator) -> None:
    for _ in range(2):
        vertex.post(
            "projects/local-project/locations/us-central1/models:upload",
            {"model": {"displayName": MODEL, "labels": MANAGED_BY, "containerSpec": {"imageUri": IMAGE}}},
        )
    with pytest.raises(RegistryError, match=r'There are 2 models named "tiny": .*, .*\. Delete or rename'):
        register(0.9)


def test_crown_moves_the_alias() -> None:
    first, second = register(0.9), register(0.8)
    assert champion() is None
    registry.crown(here(), first.model, "1")
    assert champion() == "1"
    registry.crown(here(), first.model, "2")
    registry.crown(here(), first.model, "2")
    assert champion() == "2"
    aliases = [list(version.version_aliases) for version in registry.versions_of(here(), second.model)]
    assert aliases == [["default"], ["champion"]]


def test_version_of_finds_by_number_and_alias_alone() -> None:
    model = register(0.9).model
    by_alias, by_number = registry.version_of(here(), model, "default"), registry.version_of(here(), model, "1")
    assert by_alias is not None
    assert by_number is not None
    assert by_alias.version_id == by_number.version_id == "1"
    assert registry.version_of(here(), model, "7") is None
    assert registry.version_of(here(), model, "challenger") is None


def test_import_evaluation_stores_it_once() -> None:
    model = register(0.9).model
    for _ in range(2):
        registry.import_evaluation(here(), model, "run-1", METRICS)
    [evaluation] = registry.evaluations_of(here(), model)
    metrics: Any = evaluation.metrics
    assert (evaluation.display_name, metrics["accuracy"]) == ("run-1", 0.9)

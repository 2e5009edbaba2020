"""Lists of models, versions and evaluations, whose facts are not all their own."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    ListModelEvaluationsRequest,
    ListModelsRequest,
    ListModelVersionsRequest,
    Model,
    ModelEvaluation,
)

from emulator.api.calls import Call
from emulator.api.store import Store, Transaction
from emulator.models.evaluations import EVALUATIONS, list_model_evaluations
from emulator.models.methods import list_models
from emulator.models.registry import MODELS, put_aliases, put_version
from emulator.models.versions import list_model_versions

PARENT = "projects/p/locations/l"
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def model_name(number: int) -> str:
    return f"{PARENT}/models/m{number}"


@pytest.fixture
def registry(tx: Transaction) -> Transaction:
    """Two models of three versions each, of which the first one is the default."""
    fill(tx)
    return tx


def fill(tx: Transaction) -> None:
    for number in range(2):
        name, moment = model_name(number), BEGUN + timedelta(days=number)
        labels = {"team": f"t{number}"}
        tx.put(MODELS, name, Model(name=name, display_name="Iris", labels=labels, create_time=moment))
        for version in range(1, 4):
            changed: Any = moment + timedelta(hours=version)
            put_version(
                tx,
                name,
                Model(
                    version_id=str(version),
                    version_aliases=["default"] if version == 1 else [],
                    labels={"rows": str(100 * number + version)} | ({"team": "own"} if version == 3 else {}),
                    version_create_time=changed,
                    version_update_time=changed,
                ),
            )
            evaluation = f"{name}@{version}/evaluations/{version}"
            tx.put(EVALUATIONS, f"{name}/evaluations/{version}", ModelEvaluation(name=evaluation, display_name="E"))


def models(tx: Transaction, **request: Any) -> list[str]:
    call: Any = Call(tx, ListModelsRequest(parent=PARENT, **request), None)  # type: ignore[arg-type]
    return [model.name.rpartition("/")[2] for model in list_models(call).models]


def versions(tx: Transaction, **request: Any) -> list[str]:
    call: Any = Call(tx, ListModelVersionsRequest(name=model_name(1), **request), None)  # type: ignore[arg-type]
    return [model.version_id for model in list_model_versions(call).models]


def test_models_are_found_and_ordered_by_their_default_version(registry: Transaction) -> None:
    assert models(registry, filter="labels.rows=1") == ["m0"]
    assert models(registry, order_by="update_time") == ["m0", "m1"]
    put_aliases(registry, model_name(0), {"1": [], "2": [], "3": ["default"]})
    assert models(registry, filter="labels.rows=1") == []
    assert models(registry, filter="labels.rows=3 AND labels.team=own") == ["m0"]
    assert models(registry, filter="labels.team=t0") == []
    version = Model(version_id="1", version_aliases=["default"], version_update_time=BEGUN - timedelta(days=1))
    put_version(registry, model_name(1), version)
    assert models(registry, order_by="update_time") == ["m1", "m0"]
    assert models(registry, filter="labels.rows=101") == []
    assert models(registry, filter='model=m1 AND display_name="Iris" AND base_model_name=""') == ["m1"]


def test_models_of_an_emulator_without_facts_are_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "vertex.sqlite3")
    with store.transaction() as tx:
        fill(tx)
    with sqlite3.connect(tmp_path / "vertex.sqlite3") as connection:
        connection.executescript("DELETE FROM facts; DELETE FROM fact_fields")
    with store.transaction() as tx:
        assert models(tx, filter="labels.rows=101") == ["m1"]
        assert models(tx, order_by="update_time") == ["m0", "m1"]
    store.close()


def test_versions_are_found_by_labels_of_their_model_too(registry: Transaction) -> None:
    assert versions(registry, filter="labels.team=t1") == ["1", "2"]
    assert versions(registry, filter="labels.team=own") == ["3"]
    assert versions(registry, filter="labels:team AND labels.rows=102") == ["2"]
    model = registry.require(MODELS, model_name(1), "Model")
    model.labels = {"rows": "0"}
    registry.put(MODELS, model.name, model)
    assert versions(registry, filter="labels:team") == ["3"]
    assert versions(registry, filter="labels.rows=0") == []
    assert versions(registry, order_by="create_time desc") == ["3", "2", "1"]


def test_evaluations_are_those_of_their_version(registry: Transaction) -> None:
    def evaluations(name: str, text: str = "") -> list[str]:
        request = ListModelEvaluationsRequest(parent=name, filter=text)
        call: Any = Call(registry, request, None)  # type: ignore[arg-type]
        return [one.name.rpartition("/")[2] for one in list_model_evaluations(call).model_evaluations]

    assert evaluations(model_name(1)) == ["1"]
    assert evaluations(f"{model_name(1)}@2", "display_name=E") == ["2"]
    assert evaluations(f"{model_name(1)}@2", "display_name=F") == []

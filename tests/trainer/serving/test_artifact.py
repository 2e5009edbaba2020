from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer import storage
from trainer.contract import Contract
from trainer.model.files import CONTRACT_FILE, INSTANCE_SCHEMA_FILE, SMOKE_FILE
from trainer.serving.artifact import instance_schema, store_serving_artifact


@pytest.fixture
def model(tmp_path: Path, mixed_contract: Contract) -> Path:
    folder = tmp_path / "model"
    (folder / CONTRACT_FILE).parent.mkdir(parents=True)
    (folder / CONTRACT_FILE).write_text(mixed_contract.model_dump_json())
    (folder / "saved_model.pb").write_bytes(b"graph")
    return folder


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_artifact_is_the_model_with_its_smoke_test_and_schema(model: Path, tmp_path: Path, scheme: str) -> None:
    url = store_serving_artifact(model, {"instances": [1]}, f"{scheme}{tmp_path}/versions")
    assert storage.read_bytes(f"{url}/saved_model.pb") == b"graph"
    assert json.loads(storage.read_bytes(f"{url}/{SMOKE_FILE}")) == {"instances": [1]}
    assert json.loads(storage.read_bytes(f"{url}/{INSTANCE_SCHEMA_FILE}"))["type"] == "object"
    assert not (model / SMOKE_FILE).exists()


def test_place_is_decided_by_the_bytes(model: Path, tmp_path: Path) -> None:
    first = store_serving_artifact(model, {}, str(tmp_path / "versions"))
    assert store_serving_artifact(model, {}, str(tmp_path / "versions")) == first
    (model / "saved_model.pb").write_bytes(b"another graph")
    assert store_serving_artifact(model, {}, str(tmp_path / "versions")) != first


def test_copy_that_was_cut_short_is_completed(model: Path, tmp_path: Path) -> None:
    url = store_serving_artifact(model, {}, f"memory://{tmp_path}/versions")
    storage.remove_file(f"{url}/saved_model.pb")
    assert store_serving_artifact(model, {}, f"memory://{tmp_path}/versions") == url
    assert storage.read_bytes(f"{url}/saved_model.pb") == b"graph"


def test_instance_schema_says_what_the_contract_says(mixed_contract: Contract) -> None:
    assert instance_schema(mixed_contract) == {
        "type": "object",
        "properties": {
            "Colour of it": {"nullable": True, "type": "string", "enum": ["red", "green", "blue"]},
            "Size (cm)": {"nullable": True, "type": "number"},
            "Town": {"nullable": False, "type": "string"},
        },
        "required": ["Town"],
        "additionalProperties": False,
    }

"""The folder that a registered version is served from: the SavedModel, its smoke test, its instance schema."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from trainer import storage
from trainer.contract import CategoricalColumn, Contract, DateColumn, NumericColumn
from trainer.contract.date_format import DateFormat
from trainer.contract.number_format import NumberFormat
from trainer.model.files import COMPLETED_BY, CONTRACT_FILE, INSTANCE_SCHEMA_FILE, SMOKE_FILE


def store_serving_artifact(model: Path, smoke: Any, folder_url: str) -> str:
    """Stores a SavedModel for serving under a name that its bytes decide.

    Args:
        model: The SavedModel's folder.
        smoke: Instances and the answers that the evaluation saw; any JSON value.
        folder_url: The folder of all versions, local or fsspec URL.

    Returns:
        The URL of the stored folder; what is there already is not written again.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        shutil.copytree(model, folder)
        contract = Contract.model_validate_json((folder / CONTRACT_FILE).read_bytes())
        (folder / SMOKE_FILE).write_text(json.dumps(smoke), encoding="utf-8")
        # JSON is YAML.
        (folder / INSTANCE_SCHEMA_FILE).write_text(json.dumps(instance_schema(contract), indent=2), encoding="utf-8")
        url = storage.join(folder_url, _digest(folder))
        if not storage.holds_anything(storage.join(url, COMPLETED_BY)):
            storage.publish_folder(folder, url, COMPLETED_BY)
    return url


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def instance_schema(contract: Contract) -> dict[str, Any]:
    """What one prediction instance holds, as an OpenAPI 3.0 schema object."""
    properties: dict[str, Any] = {}
    for column in contract.features:
        about: dict[str, Any] = {"nullable": column.impute is not None}
        if isinstance(column, NumericColumn):
            about |= {"type": "number"}
            about |= {"minimum": column.min} if column.min is not None else {}
            about |= {"maximum": column.max} if column.max is not None else {}
            if column.format is not None:
                number, example = about, NumberFormat.of(column.format).example
                about = {"oneOf": [number, {"type": "string", "nullable": number["nullable"]}], "example": example}
        elif isinstance(column, DateColumn):
            about |= {"type": "string", "example": DateFormat.of(column.format).example}
        elif isinstance(column, CategoricalColumn):
            about |= {"type": "string"}
            about |= {"enum": list(column.vocabulary)} if column.vocabulary else {}
        properties[column.name] = about
    required = [column.name for column in contract.features if column.impute is None]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

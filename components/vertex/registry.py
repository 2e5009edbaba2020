"""One model of the registry, its versions and its champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex.connection import CHANGE_TIMEOUT_S, VertexAI
from components.vertex.labels import MANAGED_BY
from components.vertex.lookup import filter_for, the_only
from components.vertex.operations import wait_for
from trainer.model.files import INSTANCE_SCHEMA_FILE

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Model, ModelEvaluation

CHAMPION = "champion"
DEFAULT = "default"
CLASSIFICATION_METRICS = "gs://google-cloud-aiplatform/schema/modelevaluation/classification_metrics_1.0.0.yaml"


@dataclass(frozen=True)
class ServingContainer:
    """How a version is served.

    Attributes:
        image: Container image, by tag or digest.
        command: What the container runs.
        port: Where it listens.
        health_route: Path that answers when the model is loaded.
        predict_route: Path that answers predictions.
    """

    image: str
    command: Sequence[str] = ("python3", "-m", "trainer.serve")
    port: int = 8080
    health_route: str = "/health"
    predict_route: str = "/predict"


def list_models(vertex: VertexAI, name: str = "") -> list[Model]:
    """The registry's models that the pipeline manages: those of a display name, or all."""
    request = {"parent": vertex.parent, "filter": filter_for(MANAGED_BY, name)}
    return list(vertex.models.list_models(request=request, **vertex.reading))


def find_model(vertex: VertexAI, name: str) -> Model | None:
    """The registry's model of this name that the pipeline manages, or None.

    Raises:
        RegistryError: There are several; none is taken by chance.
    """
    found = list_models(vertex, name)
    return the_only(found, [model.name for model in found], "models", name)


def find_champion(vertex: VertexAI, name: str) -> Model | None:
    """The version with the alias `champion`, or None."""
    model = find_model(vertex, name)
    return None if model is None else version_of(vertex, model, CHAMPION)


def version_of(vertex: VertexAI, model: Model, version: str) -> Model | None:
    """A version of a model, or of the model that another version is of, by its number or alias; or None."""
    from google.api_core.exceptions import NotFound

    try:
        return version_by_name(vertex, _version_name(model, version))
    except NotFound:
        return None


def version_by_name(vertex: VertexAI, name: str) -> Model:
    """The version that a full name, projects/.../models/ID@VERSION, tells."""
    return vertex.models.get_model(name=name, **vertex.reading)


def full_name(version: Model) -> str:
    """projects/.../models/ID@VERSION, of which Vertex AI's answers may lack the end."""
    return _version_name(version, version.version_id)


def _version_name(model: Model, version: str) -> str:
    return f"{_model_name(model)}@{version}"


def _model_name(model: Model) -> str:
    return model.name.partition("@")[0]


def register_version(
    vertex: VertexAI,
    name: str,
    description: str,
    artifact_uri: str,
    container: ServingContainer,
    labels: Mapping[str, str],
) -> Model:
    """Makes an artifact the next version of a model, or the first.

    Registering again what carries the same labels gives the version that is there.

    Args:
        vertex: Whose registry.
        name: The model's display name.
        description: Of this version.
        artifact_uri: gs:// folder of the SavedModel.
        container: How it is served.
        labels: Tell this version from all others, and where it comes from.

    Raises:
        RegistryError: The registry holds several models of this name.
    """
    from google.cloud.aiplatform_v1.types import (
        Model,
        ModelContainerSpec,
        Port,
        PredictSchemata,
        UploadModelRequest,
        UploadModelResponse,
    )

    model = find_model(vertex, name)
    existing = None if model is None else _version_with(vertex, model, labels)
    if existing is not None:
        return existing
    wanted = Model(
        display_name=name,
        version_description=description,
        version_aliases=[DEFAULT] if model is None else [],
        labels={**MANAGED_BY, **labels},
        artifact_uri=artifact_uri,
        container_spec=ModelContainerSpec(
            image_uri=container.image,
            command=container.command,
            ports=[Port(container_port=container.port)],
            health_route=container.health_route,
            predict_route=container.predict_route,
        ),
        predict_schemata=PredictSchemata(instance_schema_uri=f"{artifact_uri}/{INSTANCE_SCHEMA_FILE}"),
    )
    above = "" if model is None else _model_name(model)
    request = UploadModelRequest(parent=vertex.parent, model=wanted, parent_model=above)
    upload = vertex.models.upload_model(request=request, timeout=CHANGE_TIMEOUT_S)
    made = wait_for(vertex, upload, UploadModelResponse)
    return version_by_name(vertex, f"{made.model}@{made.model_version_id}")


def versions_of(vertex: VertexAI, model: Model) -> list[Model]:
    """All versions, the oldest first."""
    versions = vertex.models.list_model_versions(name=_model_name(model), **vertex.reading)
    return sorted(versions, key=lambda version: int(version.version_id))


def _version_with(vertex: VertexAI, model: Model, labels: Mapping[str, str]) -> Model | None:
    for version in versions_of(vertex, model):
        if labels.items() <= dict(version.labels).items():
            return version_of(vertex, model, version.version_id)
    return None


def evaluations_of(vertex: VertexAI, version: Model) -> list[ModelEvaluation]:
    """The evaluations of a version."""
    return list(vertex.models.list_model_evaluations(parent=full_name(version), **vertex.reading))


def import_evaluation(vertex: VertexAI, version: Model, name: str, metrics: Mapping[str, Any]) -> None:
    """Stores an evaluation with a version, once."""
    from google.cloud.aiplatform_v1.types import ModelEvaluation
    from google.protobuf.json_format import ParseDict
    from google.protobuf.struct_pb2 import Value

    if evaluations_of(vertex, version):
        return
    evaluation = ModelEvaluation(
        display_name=name, metrics_schema_uri=CLASSIFICATION_METRICS, metrics=ParseDict(dict(metrics), Value())
    )
    request = {"parent": full_name(version), "model_evaluation": evaluation}
    vertex.models.import_model_evaluation(request=request, timeout=CHANGE_TIMEOUT_S)


def crown(vertex: VertexAI, model: Model, version: str) -> None:
    """Moves the alias `champion` to a version, by its number."""
    vertex.models.merge_version_aliases(
        name=_version_name(model, version), version_aliases=[CHAMPION], timeout=CHANGE_TIMEOUT_S
    )

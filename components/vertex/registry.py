"""One model of the registry, its versions and its champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.vertex.labels import MANAGED_BY
from components.vertex.lookup import filter_for, the_only
from trainer.serving_artifact import INSTANCE_SCHEMA_FILE

if TYPE_CHECKING:
    from google.cloud import aiplatform

CHAMPION = "champion"
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


def find_model(name: str) -> aiplatform.Model | None:
    """The registry's model of this name that the pipeline manages, or None.

    Raises:
        RegistryError: There are several; none is taken by chance.
    """
    from google.cloud import aiplatform

    found = aiplatform.Model.list(filter=filter_for(MANAGED_BY, name))
    return the_only(found, [model.resource_name for model in found], "models", name)


def find_champion(name: str) -> aiplatform.Model | None:
    """The version with the alias `champion`, or None."""
    model = find_model(name)
    return None if model is None else version_of(model, CHAMPION)


def version_of(model: aiplatform.Model, version: str) -> aiplatform.Model | None:
    """A version by its number or alias, or None."""
    from google.api_core.exceptions import NotFound
    from google.cloud import aiplatform

    try:
        return aiplatform.Model(f"{model.resource_name.split('@')[0]}@{version}")
    except NotFound:
        return None


def version_by_name(resource_name: str) -> aiplatform.Model:
    """The version that a full name, projects/.../models/ID@VERSION, tells."""
    from google.cloud import aiplatform

    return aiplatform.Model(resource_name)


def register_version(
    name: str, description: str, artifact_uri: str, container: ServingContainer, labels: Mapping[str, str]
) -> aiplatform.Model:
    """Makes an artifact the next version of a model, or the first.

    Registering again what carries the same labels gives the version that is there.

    Args:
        name: The model's display name.
        description: Of this version.
        artifact_uri: gs:// folder of the SavedModel.
        container: How it is served.
        labels: Tell this version from all others, and where it comes from.

    Raises:
        RegistryError: The registry holds several models of this name.
    """
    from google.cloud import aiplatform

    model = find_model(name)
    existing = None if model is None else _version_with(model, labels)
    if existing is not None:
        return existing
    uploaded: aiplatform.Model = aiplatform.Model.upload(
        display_name=name,
        parent_model=None if model is None else model.resource_name,
        is_default_version=model is None,
        version_description=description,
        labels={**MANAGED_BY, **labels},
        artifact_uri=artifact_uri,
        serving_container_image_uri=container.image,
        serving_container_command=list(container.command),
        serving_container_ports=[container.port],
        serving_container_health_route=container.health_route,
        serving_container_predict_route=container.predict_route,
        instance_schema_uri=f"{artifact_uri}/{INSTANCE_SCHEMA_FILE}",
    )
    return uploaded


def versions_of(model: aiplatform.Model) -> list[Any]:
    """All versions, the oldest first, as the API's Model messages."""
    versions = model.api_client.list_model_versions(request={"name": model.resource_name.split("@")[0]})
    return sorted(versions, key=lambda version: int(version.version_id))


def _version_with(model: aiplatform.Model, labels: Mapping[str, str]) -> aiplatform.Model | None:
    for version in versions_of(model):
        if labels.items() <= dict(version.labels).items():
            return version_of(model, version.version_id)
    return None


def import_evaluation(model: aiplatform.Model, name: str, metrics: Mapping[str, Any]) -> None:
    """Stores an evaluation with a version, once."""
    from google.cloud.aiplatform_v1.types import ModelEvaluation
    from google.protobuf.json_format import ParseDict
    from google.protobuf.struct_pb2 import Value

    client = model.api_client
    parent = f"{model.resource_name.split('@')[0]}@{model.version_id}"
    if list(client.list_model_evaluations(request={"parent": parent})):
        return
    evaluation = ModelEvaluation(
        display_name=name, metrics_schema_uri=CLASSIFICATION_METRICS, metrics=ParseDict(dict(metrics), Value())
    )
    client.import_model_evaluation(request={"parent": parent, "model_evaluation": evaluation})


def crown(model: aiplatform.Model, version: str) -> None:
    """Moves the alias `champion` to a version."""
    model.versioning_registry.add_version_aliases([CHAMPION], version)

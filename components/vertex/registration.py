"""From a SavedModel that passed the gate to a version with its evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.vertex.connection import VertexAI
from components.vertex.labels import label_value
from components.vertex.registry import ServingContainer, import_evaluation, register_version
from components.vertex.trials import label_of, sentence_of
from trainer.serving.artifact import store_serving_artifact

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Model


def register(
    vertex: VertexAI,
    model_name: str,
    saved_model: Path,
    smoke: Any,
    decision: Mapping[str, Any],
    staging_bucket: str,
    serving_image: str,
    origin: Mapping[str, str],
    trial: Mapping[str, Any] | None = None,
) -> Model:
    """Stores, registers and documents a version, each step once however often it is called.

    Args:
        vertex: Whose registry.
        model_name: Display name of the registry model.
        saved_model: The exported SavedModel.
        smoke: Instances and the answers that the evaluation saw.
        decision: The decision record.
        staging_bucket: gs://BUCKET in which versions are kept.
        serving_image: Image of the serving container.
        origin: Where the version comes from; each becomes a label.
        trial: The trial of a search that its values are of; None where there was none.

    Raises:
        RegistryError: The registry holds several models of this name.
    """
    url = store_serving_artifact(saved_model, smoke, f"{staging_bucket.rstrip('/')}/models/{label_value(model_name)}")
    labels = {key: label_value(value) for key, value in origin.items()} | {"model": url.rsplit("/", 1)[-1]}
    description = decision["summary"]
    if trial:
        labels["trial"] = label_of(trial)
        description = f"{description} {sentence_of(trial)}"
    version = register_version(vertex, model_name, description, url, ServingContainer(serving_image), labels)
    import_evaluation(vertex, version, label_value(origin["run"]), classification_metrics(decision))
    return version


def short_commit(git_sha: str) -> str:
    """The beginning of a commit's hash, with the `-dirty` behind it, if that is there."""
    commit, dash, dirty = git_sha.partition("-dirty")
    return f"{commit[:12]}{dash}{dirty}"


def classification_metrics(decision: Mapping[str, Any]) -> dict[str, Any]:
    """A decision record as Vertex AI's classification metrics."""
    metrics = decision["metrics"]
    specs = [{"id": str(place), "displayName": name} for place, name in enumerate(decision["classes"])]
    known = {"auRoc": metrics.get("auc_pooled"), "logLoss": metrics.get("loss"), "accuracy": metrics.get("accuracy")}
    return {
        **{name: value for name, value in known.items() if value is not None},
        "confusionMatrix": {"annotationSpecs": specs, "rows": decision["confusion_matrix"]},
    }

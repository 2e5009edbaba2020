"""Register an approved model as a new version in the model registry."""

from typing import Any, NamedTuple, Optional

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def register_model(
    model: dsl.Input[dsl.Model],
    train_dataset: dsl.Input[dsl.Dataset],
    decision: dsl.Input[dsl.Artifact],
    smoke: dsl.Input[dsl.Artifact],
    project: str,
    location: str,
    staging_bucket: str,
    model_name: str,
    serving_image: str,
    run: str,
    git_sha: str,
    registered_model: dsl.Output[dsl.Artifact],
    trial: Optional[dict[str, Any]] = None,
) -> NamedTuple("Outputs", [("version", str)]):
    """Makes the model the next version of one registry model, with its evaluation. It runs behind the open gate only.

    Done again for the same run, it finds the version that it made before.

    Args:
        model: The exported SavedModel.
        train_dataset: The files it was trained on; their sum becomes a label.
        decision: The record of why it passed; it becomes the version's evaluation.
        smoke: Instances and the answers that the evaluation saw; they travel with the version.
        project: Google Cloud project.
        location: Region.
        staging_bucket: gs://BUCKET in which versions are kept.
        model_name: Display name of the registry model.
        serving_image: Image of the serving container.
        run: Name of this run; it becomes a label.
        git_sha: Commit that the run was made from, ending in -dirty if files differed from it; it becomes a label.
        registered_model: The version: resourceName and version as metadata.
        trial: The trial of a search whose values it was trained with; it becomes a label, and part of the description.

    Returns:
        version: Number of the version.
    """
    import json
    from pathlib import Path

    from components.vertex.connection import connect
    from components.vertex.registration import register, short_commit
    from components.vertex.registry import full_name

    version = register(
        vertex=connect(project, location),
        model_name=model_name,
        saved_model=Path(model.path),
        smoke=json.loads(Path(smoke.path).read_text(encoding="utf-8")),
        decision=json.loads(Path(decision.path).read_text(encoding="utf-8")),
        staging_bucket=staging_bucket,
        serving_image=serving_image,
        origin={"run": run, "data": str(train_dataset.metadata["sha256"])[:12], "git": short_commit(git_sha)},
        trial=trial,
    )
    registered_model.uri = version.artifact_uri
    registered_model.metadata.update(resourceName=full_name(version), version=version.version_id)
    return (version.version_id,)

"""A small pipeline whose training is a custom job of two replicas, without TensorFlow."""

# ruff: noqa: I002 - kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type"

from pathlib import Path

from google_cloud_pipeline_components.v1.custom_job import create_custom_training_job_from_component
from kfp import compiler, dsl


@dsl.component(base_image="r/trainer:1", install_kfp_package=False)
def train_model(wait_for: str, error: str, model: dsl.Output[dsl.Model]):
    import json
    import os
    import time

    task = json.loads(os.environ["CLUSTER_SPEC"])["task"]
    print("training as", task["type"], flush=True)
    while wait_for and not os.path.exists(wait_for):
        time.sleep(0.05)
    if task["type"] == "workerpool1":
        if error:
            print("about to fail")
            raise ValueError(error)
        time.sleep(3600)
    if error:
        time.sleep(3600)
    with open(model.path, "w") as file:
        file.write("model")


train_as_job = create_custom_training_job_from_component(
    train_model, display_name="small-train-model", machine_type="n1-standard-4", replica_count=2
)


@dsl.pipeline(name="replicated")
def replicated(wait_for: str = "", error: str = ""):
    training = train_as_job(wait_for=wait_for, error=error)
    training.set_display_name("Train the model")
    training.set_caching_options(False)


def compile_replicated(folder: Path) -> Path:
    """Compiles the pipeline into a folder and returns the file."""
    file = folder / "replicated.yaml"
    compiler.Compiler().compile(replicated, str(file))
    return file

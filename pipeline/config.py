"""The one configuration of a run: the pipeline's parameters, and what its compiled file is built with."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from components.image import TRAINER_IMAGE
from pipeline.config_types import (
    Accelerator,
    Bucket,
    DisplayName,
    EndpointName,
    Experiment,
    FileLocation,
    GitSha,
    MachineType,
    Metric,
    Percentages,
    PinnedImage,
    PipelineName,
    PipelineRoot,
    Project,
    Region,
    ServiceAccount,
    Switch,
)
from trainer.config import Hyperparameters

Value = str | int | float | bool


class Place(BaseModel):
    """Where versions are registered and served."""

    project: Project = Field("local-project", description="Google Cloud project id.")
    location: Region = Field("us-central1", description="Region, such as us-central1.")
    staging_bucket: Bucket = Field(
        "gs://local-bucket", description="Bucket for data and models, such as gs://my-bucket. It must be yours."
    )
    model_name: DisplayName = Field("iris-dnn", description="Model of the registry that gets the versions.")
    endpoint_name: EndpointName = Field("iris-dnn", description="Endpoint that serves them.")


class Connection(Place):
    """Which Vertex AI, and where in it."""

    connection: Literal["local", "vertex"] = Field(
        "local", description="local: the stand-in on this machine. vertex: Google's."
    )


class Rollout(BaseModel):
    """How a version comes to serve."""

    rollout: Percentages = Field(
        "100", description="Traffic of a new version, percent, step by step: 100, or 10,50,100."
    )
    machine_type: MachineType = Field("n1-standard-2", description="Machine that a version is served on.")
    max_latency_ms: float = Field(
        1000.0, gt=0, description="Slowest answer, ms, of 95 in 100 that a new version may give between two steps."
    )


class PipelineParameters(Rollout, Place, Hyperparameters):
    """The parameters of the compiled pipeline, of the same names, types and defaults."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    train_data: FileLocation = Field(
        "data/iris_training.csv",
        description="Training CSV: a path, a glob or a URL such as gs://bucket/train.csv.",
    )
    eval_data: FileLocation = Field(
        "data/iris_test.csv",
        description="Evaluation CSV: a path, a glob or a URL such as gs://bucket/test.csv.",
    )
    schema_file: FileLocation = Field(
        "data/schema.toml",
        alias="schema",
        description="Data contract, a TOML file: a path or a URL. `draft-schema` writes a first one.",
    )
    gate_metric: Metric = Field(
        "accuracy",
        description="What a model is judged by: accuracy, balanced_accuracy, macro_f1, recall:CLASS, precision:CLASS, "
        "auc or log_loss.",
    )
    min_accuracy: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Accuracy on the evaluation rows, 0 to 1, below which a model is kept back.",
    )
    gate_threshold: float = Field(
        0.0,
        ge=0,
        description="The same of another metric than accuracy: it must be at least this, and log_loss at most; "
        "0 asks for nothing.",
    )
    min_gain: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="Gain over the champion in the gate's metric, -1 to 1, below which a model is kept back.",
    )
    promote_on_tie: Switch = Field(
        False, description="Whether a model that is only as good as the champion replaces it."
    )
    git_sha: GitSha = Field("", description="Commit that is told in the version's labels; else that of this folder.")

    @model_validator(mode="after")
    def _has_the_floor_of_its_metric(self) -> Self:
        if self.gate_metric == "accuracy" and self.gate_threshold:
            raise ValueError(
                "`gate_threshold` belongs to another metric than accuracy. "
                f"Received: {self.gate_threshold}. Give `min_accuracy`, or a `gate_metric`."
            )
        if self.gate_metric != "accuracy" and "min_accuracy" in self.model_fields_set:
            raise ValueError(
                f"`min_accuracy` belongs to the metric accuracy, and `gate_metric` is {self.gate_metric}. "
                "Give `gate_threshold` in its place."
            )
        if self.gate_metric not in ("accuracy", "log_loss") and self.gate_threshold > 1:
            raise ValueError(
                f"`gate_threshold` of {self.gate_metric} must lie between 0 and 1. Received: {self.gate_threshold}."
            )
        return self


class Submission(BaseModel):
    """How a run is submitted: what Vertex AI is told beside the pipeline and its parameters."""

    service_account: ServiceAccount = Field(
        "", description="Service account that the tasks run as, NAME@PROJECT.iam.gserviceaccount.com."
    )
    pipeline_root: PipelineRoot = Field(
        "", description="Folder of the runs' results, gs://BUCKET/FOLDER; STAGING_BUCKET/pipeline-root if empty."
    )
    enable_caching: Switch = Field(
        True, description="Whether results of earlier runs may be taken for the tasks that the pipeline caches."
    )
    failure_policy: Literal["slow", "fast"] = Field(
        "slow", description="After a failure, slow: run what does not depend on it. fast: begin nothing more."
    )
    experiment: Experiment = Field("", description="Experiment that the run belongs to; none if empty.")


class RunConfig(Submission, PipelineParameters, Connection):
    """Everything a run is configured with: the pipeline's parameters, what its compiled file fixes, its submission."""

    pipeline_name: PipelineName = Field(
        "dnn-pipeline", description="Name of the pipeline: lower-case letters, digits and hyphens."
    )
    image: PinnedImage = Field(
        TRAINER_IMAGE,
        description="Container image of the tasks, with a tag or a digest. A local run does not pull it.",
    )
    cpu_limit: int = Field(4, ge=1, le=1024, description="CPU cores of the training task, 1 to 1024.")
    memory_limit_gib: int = Field(8, ge=1, le=65536, description="Memory of the training task, GiB.")
    accelerator_type: Accelerator = Field(
        "", description="Accelerator of the training task, such as NVIDIA_TESLA_T4; none if empty."
    )
    accelerator_count: int = Field(0, ge=0, le=16, description="How many of them, 1 to 16.")

    @model_validator(mode="after")
    def _has_whole_accelerator(self) -> Self:
        if bool(self.accelerator_type) != bool(self.accelerator_count):
            raise ValueError(
                "`accelerator_type` and `accelerator_count` belong together: give both or neither. "
                f'Received: "{self.accelerator_type}" and {self.accelerator_count}.'
            )
        return self

    @property
    def root(self) -> str:
        """The folder of the runs' results, gs://BUCKET/FOLDER, without a slash at its end."""
        return self.pipeline_root.rstrip("/") or f"{self.staging_bucket}/pipeline-root"


def key(field: str) -> str:
    """What a field is called in a TOML file and among the pipeline's parameters."""
    return RunConfig.model_fields[field].alias or field


def parameter_values(config: RunConfig) -> dict[str, Value]:
    """The values of the compiled pipeline's parameters, by name."""
    return config.model_dump(include=set(PipelineParameters.model_fields))

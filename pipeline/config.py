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
    OptionalImage,
    Percentages,
    PinnedImage,
    PipelineName,
    PipelineRoot,
    Project,
    Region,
    ResourceId,
    Search,
    ServiceAccount,
    Switch,
    TrainingMachineType,
)
from pipeline.machines import misfit, sufficient_machine
from trainer.config import Hyperparameters, NotNegative
from trainer.errors import UsageError
from trainer.search.metrics import TuningMetric
from trainer.search.reading import DEFAULT_SEARCH, read_search, require_feasible
from trainer.search.space import Algorithm

Value = str | int | float | bool
# Behind the tag of the image, it makes that of the image with CUDA.
GPU_SUFFIX = "-gpu"
_LONGEST_NAME = 128
_TUNING = "-tuning-pipeline"


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
    smoke: Literal["task", "endpoint"] = Field(
        "task",
        description="Where a new version must answer its smoke test first. task: where it is deployed from, by its own "
        "server. endpoint: on a second endpoint.",
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


class TrainingJob(BaseModel):
    """What the training runs on: as a custom job of Vertex AI where any of these but an accelerator is given."""

    scale_tier: Literal["", "basic", "standard", "premium", "gpu"] = Field(
        "",
        description="Machines of the training by name: basic, standard, premium or gpu; the options below win over it.",
    )
    training_machine_type: TrainingMachineType = Field(
        "",
        description="Machine of each replica, such as n1-standard-8; if empty, the smallest n1 with `cpu_limit` cores "
        "and `memory_limit_gib`.",
    )
    training_replicas: int = Field(1, ge=1, le=64, description="Machines that train one model together, 1 to 64.")
    accelerator_type: Accelerator = Field(
        "", description="Accelerator of the training, such as NVIDIA_TESLA_T4; none if empty."
    )
    accelerator_count: int = Field(0, ge=0, le=16, description="How many of them each machine has, 1 to 16.")
    gpu_image: OptionalImage = Field(
        "", description="Image of a training with an accelerator; if empty, `image` with -gpu behind its tag."
    )
    spot: Switch = Field(
        False, description="Whether to train on spot machines: cheaper, and taken away at times; training then goes on."
    )
    training_timeout_s: NotNegative = Field(
        0, description="Seconds after which the training is stopped; 0 leaves it the 7 days of Vertex AI."
    )
    persistent_resource: ResourceId = Field(
        "", description="Id of the persistent resource that the training runs on; none if empty."
    )


class Tuning(BaseModel):
    """What a search for hyperparameters tries: parameters that the tuning pipeline has and the other has not."""

    search: Search = Field(
        DEFAULT_SEARCH,
        description="What is searched: flags of the trainer as NAME=LOW..HIGH:log or NAME=A,B, between spaces.",
    )
    search_algorithm: Algorithm = Field(
        "default",
        description="How values are found: default, by what earlier trials came to; grid, all of them; random.",
    )
    trials: int = Field(20, ge=1, description="How many values are tried, at most.")
    parallel_trials: int = Field(2, ge=1, description="How many of them at a time.")
    tuning_metric: TuningMetric = Field(
        "loss",
        description="What trials are compared by: loss or accuracy, of which few rows cannot tell near ones apart.",
    )
    validation_fraction: float = Field(
        0.2,
        gt=0,
        le=0.5,
        description="Share of the training rows that a trial is measured on and does not learn, up to 0.5: never the "
        "evaluation rows, which gate.",
    )


class RunConfig(Tuning, TrainingJob, Submission, PipelineParameters, Connection):
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

    @model_validator(mode="after")
    def _has_whole_accelerator(self) -> Self:
        if bool(self.accelerator_type) != bool(self.accelerator_count):
            raise ValueError(
                "`accelerator_type` and `accelerator_count` belong together: give both or neither. "
                f'Received: "{self.accelerator_type}" and {self.accelerator_count}.'
            )
        if self.accelerator_type and self.training_machine_type:
            fault = misfit(self.training_machine_type, self.accelerator_type, self.accelerator_count)
            if fault:
                raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _has_machines_for_its_training(self) -> Self:
        if self.is_training_job and not self.machine_of_training:
            asked = f"{self.cpu_limit} CPUs, {self.memory_limit_gib} GiB"
            raise ValueError(
                f"`training_machine_type` is missing: no n1 machine has {asked}"
                f"{f' and {self.accelerator_type}' if self.accelerator_type else ''}. Name the machine of the training."
            )
        if self.train_batch_size % self.training_replicas:
            raise ValueError(
                "`train_batch_size` must be divisible by `training_replicas`, as each takes its share of every batch. "
                f"Received: {self.train_batch_size} and {self.training_replicas}."
            )
        return self

    @model_validator(mode="after")
    def _has_an_image_for_its_accelerator(self) -> Self:
        if not self.accelerator_type or self.image.endswith(GPU_SUFFIX):
            return self
        if not self.gpu_image and "@" in self.image:
            raise ValueError(
                "`gpu_image` is missing: an accelerator needs the image with CUDA, and `image` is named by a digest, "
                "from which no other name follows. Name that image, with a tag or a digest."
            )
        if self.gpu_image == self.image:
            raise ValueError(
                "`gpu_image` and `image` are the same, and an accelerator needs the image with CUDA. "
                f"Received: {self.image}. Build it with `docker build --build-arg LOCK=requirements-gpu.lock`, and "
                "name that."
            )
        return self

    @model_validator(mode="after")
    def _has_a_search_that_ends(self) -> Self:
        try:
            require_feasible(read_search(self.search), self.search_algorithm, self.trials, self.parallel_trials)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def is_training_job(self) -> bool:
        """Whether the training asks for more than a task has, and is a custom job."""
        asked = (self.training_machine_type, self.training_timeout_s, self.persistent_resource)
        return self.training_replicas > 1 or self.spot or any(asked)

    @property
    def machine_of_training(self) -> str:
        """The machine of each replica of a custom job; empty where none is named and none suffices."""
        return self.training_machine_type or sufficient_machine(
            self.cpu_limit, self.memory_limit_gib, self.accelerator_type
        )

    @property
    def requires_accelerator(self) -> bool:
        """Whether the training is to fail where it sees no accelerator; the stand-in on this machine has none."""
        return bool(self.accelerator_type) and self.connection == "vertex"

    @property
    def training_image(self) -> str:
        """The image of the training task."""
        if not self.accelerator_type:
            return self.image
        return self.gpu_image or f"{self.image.removesuffix(GPU_SUFFIX)}{GPU_SUFFIX}"

    @property
    def tuning_pipeline_name(self) -> str:
        """The name of the tuning pipeline: `dnn-tuning-pipeline` beside `dnn-pipeline`."""
        return f"{self.pipeline_name.removesuffix('-pipeline')[: _LONGEST_NAME - len(_TUNING)]}{_TUNING}"

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


def tuning_parameter_values(config: RunConfig) -> dict[str, Value]:
    """The same of the compiled tuning pipeline."""
    return config.model_dump(include={*Tuning.model_fields, *PipelineParameters.model_fields})

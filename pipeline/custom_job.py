"""The training component as a custom job of Vertex AI, which Google's own component starts and waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.config import RunConfig
from trainer.errors import UsageError
from trainer.training.devices import REQUIRED_VARIABLE

if TYPE_CHECKING:
    from kfp.dsl import PythonComponent

# Vertex AI puts the run's own account there. Without one, the job would run as an agent of Google's that may not read
# the bucket.
ACCOUNT_OF_RUN = "{{$.pipeline_service_account}}"
_LONGEST_NAME = 128


def as_custom_job(component: PythonComponent, config: RunConfig) -> Any:
    """A component of the same inputs, artifacts and name, which runs as a custom job.

    A retry, a cache and limits of such a task are those of the launcher, and not of the job. The job carries the labels
    of its run, which Google's launcher adds. Where its files lie, it is told as any task is.

    Args:
        component: A component without an input that is called as one of `CustomTrainingJobOp`.
        config: Says what it runs on.
    """
    from google_cloud_pipeline_components.v1.custom_job import create_custom_training_job_from_component
    from kfp import dsl

    name = str(component.name)
    resource = {"persistent_resource_id": config.persistent_resource} if config.persistent_resource else {}
    return create_custom_training_job_from_component(
        # The image is part of what the launcher is given, and cannot be changed on the task.
        dsl.component(component.python_func, base_image=config.training_image, install_kfp_package=False),
        display_name=f"{config.pipeline_name[: _LONGEST_NAME - len(name) - 1]}-{name}",
        replica_count=config.training_replicas,
        machine_type=config.machine_of_training,
        strategy="SPOT" if config.spot else "STANDARD",
        # Whoever has lost a peer cannot go on alone: all begin again, from the last checkpoint.
        restart_job_on_worker_restart=config.training_replicas > 1,
        service_account=ACCOUNT_OF_RUN,
        env=_environment(config),
        **({"timeout": f"{config.training_timeout_s}s"} if config.training_timeout_s else {}),
        **_accelerator(config),
        **resource,
    )


def worker_pools(config: RunConfig) -> list[dict[str, Any]]:
    """The worker pools of a job that trains, the primary's first; what their containers run is still to be said.

    Args:
        config: Says what it runs on.

    Raises:
        UsageError: No machine is named, and none suffices.
    """
    if not config.machine_of_training:
        raise UsageError(
            f"`training_machine_type` is missing: no n1 machine has {config.cpu_limit} CPUs and "
            f"{config.memory_limit_gib} GiB. Name the machine of the trials."
        )
    pool = {
        "machine_spec": {"machine_type": config.machine_of_training, **_accelerator(config)},
        "container_spec": {"image_uri": config.training_image, "env": _environment(config)},
    }
    others = config.training_replicas - 1
    return [{**pool, "replica_count": count} for count in (1, others) if count]


def _accelerator(config: RunConfig) -> dict[str, Any]:
    if not config.accelerator_type:
        return {}
    return {"accelerator_type": config.accelerator_type, "accelerator_count": config.accelerator_count}


def _environment(config: RunConfig) -> list[dict[str, str]]:
    return [{"name": REQUIRED_VARIABLE, "value": "1"}] if config.requires_accelerator else []

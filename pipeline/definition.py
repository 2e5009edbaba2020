"""The pipeline: upload data, train, evaluate and, where the gate opens, register and deploy."""

from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.deploy_model import deploy_model
from components.evaluate_model import evaluate_model
from components.register_model import register_model
from components.train_model import train_model
from components.upload_data import upload_data
from pipeline.config import RunConfig
from pipeline.custom_job import as_custom_job
from trainer.training.devices import REQUIRED_VARIABLE


def define_pipeline(config: RunConfig) -> BaseComponent:
    """The DAG, named and with the image, limits and retries that `config` fixes; the rest are its parameters.

    Args:
        config: Gives also the parameters' defaults.
    """
    return dsl.pipeline(
        name=config.pipeline_name,
        description="Trains a DNN classifier on tables under a data contract, gates it and rolls it out.",
    )(pipeline_tasks(config))


def pipeline_tasks(
    config: RunConfig, find_trial: Callable[[dsl.PipelineTask], Mapping[str, Any]] = lambda _: {}
) -> Callable[..., None]:
    """The DAG's tasks, as a function of its parameters.

    Args:
        config: Gives also the parameters' defaults.
        find_trial: Adds tasks between those that store the data, which it is given, and the training. It returns the
            argument `trial` of the tasks behind, if there is to be one.
    """

    def dnn_pipeline(
        train_data: str = config.train_data,
        eval_data: str = config.eval_data,
        schema: str = config.schema_file,
        train_steps: int = config.train_steps,
        num_epochs: int = config.num_epochs,
        train_batch_size: int = config.train_batch_size,
        eval_batch_size: int = config.eval_batch_size,
        first_layer_size: int = config.first_layer_size,
        num_layers: int = config.num_layers,
        scale_factor: float = config.scale_factor,
        learning_rate: float = config.learning_rate,
        optimizer: str = config.optimizer,
        sync_steps: int = config.sync_steps,
        dropout: float = config.dropout,
        seed: int = config.seed,
        weight_decay: float = config.weight_decay,
        class_weights: str = config.class_weights,
        holdout: float = config.holdout,
        patience: int = config.patience,
        refit: bool = config.refit,
        watched_metric: str = config.watched_metric,
        temperature_scaling: bool = config.temperature_scaling,
        gate_metric: str = config.gate_metric,
        min_accuracy: float = config.min_accuracy,
        gate_threshold: float = config.gate_threshold,
        min_gain: float = config.min_gain,
        promote_on_tie: bool = config.promote_on_tie,
        project: str = config.project,
        location: str = config.location,
        staging_bucket: str = config.staging_bucket,
        model_name: str = config.model_name,
        endpoint_name: str = config.endpoint_name,
        rollout: str = config.rollout,
        smoke: str = config.smoke,
        machine_type: str = config.machine_type,
        max_latency_ms: float = config.max_latency_ms,
        git_sha: str = config.git_sha,
    ) -> None:
        data = upload_data(train_data=train_data, eval_data=eval_data, schema=schema)
        data.set_display_name("Check and upload data")
        data.set_container_image(config.image)
        data.set_caching_options(True)

        trial = find_trial(data)
        train = as_custom_job(train_model, config) if config.is_training_job else train_model
        training = train(
            train_dataset=data.outputs["train_dataset"],
            eval_dataset=data.outputs["eval_dataset"],
            contract=data.outputs["contract"],
            train_steps=train_steps,
            num_epochs=num_epochs,
            train_batch_size=train_batch_size,
            eval_batch_size=eval_batch_size,
            first_layer_size=first_layer_size,
            num_layers=num_layers,
            scale_factor=scale_factor,
            learning_rate=learning_rate,
            optimizer=optimizer,
            sync_steps=sync_steps,
            dropout=dropout,
            seed=seed,
            weight_decay=weight_decay,
            class_weights=class_weights,
            holdout=holdout,
            patience=patience,
            refit=refit,
            watched_metric=watched_metric,
            temperature_scaling=temperature_scaling,
            **trial,
            **({"project": project, "location": location} if config.is_training_job else {}),
        )
        training.set_display_name("Train the DNN")
        training.set_caching_options(True)
        if not config.is_training_job:
            training.set_container_image(config.training_image)
            training.set_cpu_limit(str(config.cpu_limit))
            training.set_memory_limit(f"{config.memory_limit_gib}Gi")
            if config.accelerator_type:
                training.set_accelerator_type(config.accelerator_type)
                training.set_accelerator_limit(config.accelerator_count)
            if config.requires_accelerator:
                training.set_env_variable(REQUIRED_VARIABLE, "1")

        evaluation = evaluate_model(
            model=training.outputs["model"],
            eval_dataset=data.outputs["eval_dataset"],
            eval_batch_size=eval_batch_size,
            gate_metric=gate_metric,
            min_accuracy=min_accuracy,
            gate_threshold=gate_threshold,
            min_gain=min_gain,
            promote_on_tie=promote_on_tie,
            project=project,
            location=location,
            model_name=model_name,
        )
        evaluation.set_display_name("Evaluate and decide")
        evaluation.set_container_image(config.image)
        evaluation.set_caching_options(False)

        with dsl.If(evaluation.outputs["passed"] == True, name="gate is open"):  # noqa: E712 - kfp compares channels
            registration = register_model(
                model=training.outputs["model"],
                train_dataset=data.outputs["train_dataset"],
                decision=evaluation.outputs["decision"],
                smoke=evaluation.outputs["smoke"],
                project=project,
                location=location,
                staging_bucket=staging_bucket,
                model_name=model_name,
                serving_image=config.image,
                run=dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
                git_sha=git_sha,
                **trial,
            )
            registration.set_display_name("Register the version")
            registration.set_container_image(config.image)
            registration.set_caching_options(False)

            deployment = deploy_model(
                registered_model=registration.outputs["registered_model"],
                project=project,
                location=location,
                endpoint_name=endpoint_name,
                rollout=rollout,
                smoke=smoke,
                machine_type=machine_type,
                max_latency_ms=max_latency_ms,
            )
            deployment.set_display_name("Deploy and move the traffic")
            deployment.set_container_image(config.image)
            deployment.set_caching_options(False)

    return dnn_pipeline

"""Train the DNN classifier and export it as a SavedModel."""

from typing import Any, Optional

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def train_model(
    train_dataset: dsl.Input[dsl.Dataset],
    eval_dataset: dsl.Input[dsl.Dataset],
    contract: dsl.Input[dsl.Artifact],
    train_steps: int,
    num_epochs: int,
    train_batch_size: int,
    eval_batch_size: int,
    first_layer_size: int,
    num_layers: int,
    scale_factor: float,
    learning_rate: float,
    optimizer: str,
    sync_steps: int,
    dropout: float,
    seed: int,
    weight_decay: float,
    class_weights: str,
    holdout: float,
    patience: int,
    refit: bool,
    watched_metric: str,
    temperature_scaling: bool,
    model: dsl.Output[dsl.Model],
    training_log: dsl.Output[dsl.Artifact],
    trial: Optional[dict[str, Any]] = None,
) -> None:
    """Trains the DNN classifier on the training rows, watching the evaluation rows, and exports a SavedModel.

    In a custom job of several replicas, all learn together, and the primary alone writes.

    Args:
        train_dataset: Checked training files.
        eval_dataset: Checked evaluation files.
        contract: The data contract.
        train_steps: Optimizer steps, at most.
        num_epochs: Passes over the training rows, at most; 0 sets no limit.
        train_batch_size: Rows a training step.
        eval_batch_size: Rows an evaluation step.
        first_layer_size: Units of the first hidden layer.
        num_layers: Hidden layers.
        scale_factor: Size of each hidden layer over the one before.
        learning_rate: Step size of the optimizer.
        optimizer: adagrad, adam, sgd or rmsprop.
        sync_steps: Where a job has several replicas: steps that each takes by itself before their weights are averaged;
            1 sums each step's gradients, and learns what one replica learns.
        dropout: Share of hidden units dropped in training, 0 to 1.
        seed: Decides the start and the order of the rows.
        weight_decay: Share of each kernel, times the learning rate, that a step takes off.
        class_weights: Weight of a row by its class: balanced, or such as yes=5,no=1; all alike if empty.
        holdout: Share of the training rows to watch and not to learn, 0 to 0.5; 0 watches the evaluation rows.
        patience: Looks at the watched rows without a better metric before training stops; 0 never stops early.
        refit: Whether training begins anew once the best step is known, on all rows, and ends at that step.
        watched_metric: What patience looks at: loss or accuracy.
        temperature_scaling: Whether the logits are divided by the temperature that makes the model as sure as it is
            right on the rows that training watches.
        model: A SavedModel that carries its data contract; steps, accuracy and loss as metadata.
        training_log: A folder: TensorBoard's event files in `logs`, and the checkpoints.
        trial: The best trial of a search, whose values win over those above.
    """
    from trainer import task
    from trainer.config import build_config
    from trainer.flag_values import with_flags
    from trainer.tables.datasets import stored_files

    config = build_config(
        train_files=stored_files(train_dataset.path),
        eval_files=stored_files(eval_dataset.path),
        schema_file=contract.path,
        job_dir=training_log.path,
        model_dir=model.path,
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
    )
    if trial:
        config = with_flags(config, trial["parameters"])
    trained, place = task.run(config)
    if place:  # of several replicas, the primary alone has exported a model
        model.metadata.update(framework="TensorFlow", steps=trained.steps, **trained.metrics)
        if trial:
            model.metadata["trial"] = trial

"""Lay out a hyperparameter search as what a tuning job of Vertex AI is told."""

from typing import Any, NamedTuple

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def plan_trials(
    train_dataset: dsl.Input[dsl.Dataset],
    contract: dsl.Input[dsl.Artifact],
    hyperparameters: dict[str, Any],
    search: str,
    search_algorithm: str,
    trials: int,
    parallel_trials: int,
    tuning_metric: str,
    validation_fraction: float,
    worker_pools: list[dict[str, Any]],
    staging_bucket: str,
    validation: dsl.Output[dsl.Metrics],
) -> NamedTuple(
    "Outputs",
    [
        ("worker_pool_specs", list[dict[str, Any]]),
        ("study_parameters", list[dict[str, Any]]),
        ("study_metrics", list[dict[str, Any]]),
        ("algorithm", str),
        ("folder", str),
    ],
):
    """Checks a search against the trainer's bounds, and writes down what each of its trials runs.

    A trial trains on the training rows but for some that validate, which it is measured on: those that gate a model are
    not among them. Which rows validate is decided by their content.

    Args:
        train_dataset: Checked training files.
        contract: The data contract.
        hyperparameters: The values of what is not searched, by name.
        search: What is searched, such as `learning_rate=0.01..0.3:log num_layers=1..6 optimizer=adagrad,adam`.
        search_algorithm: default, grid or random.
        trials: How many values are tried, at most.
        parallel_trials: How many at a time.
        tuning_metric: What is looked for: accuracy or loss.
        validation_fraction: Share of the training rows that validate, above 0 and up to 0.5.
        worker_pools: What a trial runs on: machines, replicas and image of each worker pool.
        staging_bucket: gs://BUCKET in which the trials leave their curves.
        validation: Rows that validate, and rows that are left to train.

    Returns:
        worker_pool_specs: The worker pools with the trainer's command line.
        study_parameters: The parameters of the study.
        study_metrics: Its metric, and whether more is better.
        algorithm: The algorithm, as Vertex AI calls it.
        folder: Where the trials leave their curves.
    """
    from components.vertex.study import (
        algorithm_of,
        folder_of,
        metric_specs,
        parameter_specs,
        pools_of_trial,
        trial_arguments,
    )
    from trainer.contract import load_contract
    from trainer.search.reading import read_search, require_feasible
    from trainer.tables.datasets import stored_files
    from trainer.tables.profile import check_parted
    from trainer.tables.validation import ValidationRows

    space = read_search(search)
    require_feasible(space, search_algorithm, trials, parallel_trials)
    files = stored_files(train_dataset.path)
    left, validating = check_parted(files, load_contract(contract.path), ValidationRows(validation_fraction))
    validation.log_metric("rows_that_validate", validating.rows)
    validation.log_metric("rows_left_to_train", left.rows)
    arguments = trial_arguments(files, contract.path, hyperparameters, validation_fraction)
    pools = pools_of_trial(worker_pools, arguments)
    return (
        pools,
        parameter_specs(space),
        metric_specs(tuning_metric),
        algorithm_of(search_algorithm),
        folder_of(pools, space, staging_bucket),
    )

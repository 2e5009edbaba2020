"""Check the tables against the data contract and keep them as Datasets."""

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def upload_data(
    train_data: str,
    eval_data: str,
    schema: str,
    train_dataset: dsl.Output[dsl.Dataset],
    eval_dataset: dsl.Output[dsl.Dataset],
    contract: dsl.Output[dsl.Artifact],
) -> None:
    """Checks the training and evaluation tables against the data contract and stores both.

    Every problem of both tables is reported at once, with file, line and column; nothing is stored then.

    Args:
        train_data: CSV file to train on: a path, a glob or a URL such as gs://bucket/train.csv.
        eval_data: CSV file to evaluate on, likewise.
        schema: The data contract, a TOML file.
        train_dataset: The training files, byte for byte; rows, sha256, class counts, column statistics as metadata.
        eval_dataset: The evaluation files, likewise.
        contract: The data contract, byte for byte.
    """
    from pathlib import Path

    from trainer.tables import datasets

    stored = datasets.store_tables(
        train_data, eval_data, schema, Path(train_dataset.path), Path(eval_dataset.path), Path(contract.path)
    )
    train_dataset.metadata.update(datasets.metadata_of(stored.training))
    eval_dataset.metadata.update(datasets.metadata_of(stored.evaluation))
    contract.metadata.update(name=stored.contract.name, label=stored.contract.label.name)

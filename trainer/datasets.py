"""Tables checked against their contract and kept as folders of files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fsspec

from trainer import storage
from trainer.contract import Contract, load_contract
from trainer.errors import DataError
from trainer.profile import TableProfile, check_tables
from trainer.tables import expand


@dataclass(frozen=True)
class StoredTables:
    """What was found in the tables that were stored."""

    training: TableProfile
    evaluation: TableProfile
    contract: Contract


def store_tables(
    train_data: str, eval_data: str, schema: str, train_folder: Path, eval_folder: Path, contract_file: Path
) -> StoredTables:
    """Checks two tables against a contract and copies all three.

    Args:
        train_data: CSV file, glob or URL.
        eval_data: CSV file, glob or URL.
        schema: The contract's TOML file or URL.
        train_folder: Where the training files go, byte for byte; it must not exist.
        eval_folder: Where the evaluation files go.
        contract_file: Where the contract goes.

    Raises:
        ContractError: The contract is at fault.
        DataError: A table is, or changed while it was read. Nothing is stored then.
    """
    contract = load_contract(schema)
    train_urls, eval_urls = expand([train_data]), expand([eval_data])
    training, evaluation = check_tables(train_urls, eval_urls, contract)
    copy_files(train_urls, train_folder, training.sha256)
    copy_files(eval_urls, eval_folder, evaluation.sha256)
    storage.write_bytes(str(contract_file), storage.read_bytes(schema))
    return StoredTables(training, evaluation, contract)


def copy_files(urls: Sequence[str], folder: Path, sha256: str) -> None:
    """Copies files into a new folder, which appears whole or not at all.

    Args:
        urls: The files. Where there are several, each name is preceded by its place, to keep their order.
        folder: The folder.
        sha256: Of all their bytes, in order, as they were when they were checked.

    Raises:
        DataError: The bytes are no longer those that were checked.
    """
    digest = hashlib.sha256()
    with storage.folder_beside(folder) as beside:
        beside.mkdir(parents=True)
        for place, url in enumerate(urls):
            name = url.rsplit("/", 1)[-1]
            target = beside / (name if len(urls) == 1 else f"{place:05d}-{name}")
            with fsspec.open(url, "rb") as source, target.open("wb") as copy:
                while block := source.read(2**20):
                    digest.update(block)
                    copy.write(block)
        if digest.hexdigest() != sha256:
            raise DataError([f"{', '.join(urls)} changed while it was read. Run again when nothing writes to it."])
        storage.publish_folder(beside, str(folder))

"""Tables checked against their contract and kept as folders of files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer import storage
from trainer.contract import Contract, load_contract
from trainer.errors import PROBLEMS_SHOWN, DataError
from trainer.tables import expand
from trainer.tables.profile import TableProfile, check_tables

STATISTICS_FILE = "statistics.json"
# Metadata travels in the arguments of later tasks, and one argument of a Linux process holds 128 KiB.
METADATA_BYTES = 16_384


@dataclass(frozen=True)
class StoredTables:
    """What was found in the tables that were stored."""

    training: TableProfile
    evaluation: TableProfile
    contract: Contract


def metadata_of(profile: TableProfile) -> dict[str, Any]:
    """What an artifact says of its table: all of the profile, or all but the columns of a very wide table."""
    metadata = profile.to_dict()
    if len(json.dumps(metadata)) > METADATA_BYTES:
        metadata["columns"] = f"Too many to show: {len(profile.columns)}. They are in {STATISTICS_FILE}."
        metadata["warnings"] = metadata["warnings"][:PROBLEMS_SHOWN]
    return metadata


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
    _store(train_urls, train_folder, training)
    _store(eval_urls, eval_folder, evaluation)
    storage.write_bytes(str(contract_file), storage.read_bytes(schema))
    return StoredTables(training, evaluation, contract)


def stored_files(folder: str) -> tuple[str, ...]:
    """The tables in a folder that `store_tables` wrote, in their order."""
    names = [name for name in storage.list_files(folder) if name != STATISTICS_FILE]
    return tuple(storage.join(folder, name) for name in names)


def _store(urls: Sequence[str], folder: Path, profile: TableProfile) -> None:
    """Copies files into a new folder, with their statistics beside; it appears whole or not at all.

    Where there are several, each name is preceded by its place, to keep their order.
    """
    digest = hashlib.sha256()
    with storage.folder_beside(folder) as beside:
        beside.mkdir(parents=True)
        for place, url in enumerate(urls):
            name = url.rsplit("/", 1)[-1]
            target = beside / (name if len(urls) == 1 else f"{place:05d}-{name}")
            # A file that is gone meanwhile lacks bytes as a shorter one does.
            with suppress(FileNotFoundError), storage.open_bytes(url) as source, target.open("wb") as copy:
                while block := source.read(2**20):
                    digest.update(block)
                    copy.write(block)
        if digest.hexdigest() != profile.sha256:
            raise DataError([f"{', '.join(urls)} changed while it was read. Run again when nothing writes to it."])
        (beside / STATISTICS_FILE).write_text(json.dumps(profile.to_dict(), indent=2), encoding="utf-8")
        storage.publish_folder(beside, str(folder))

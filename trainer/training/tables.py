"""The tables of a training: checked, and opened for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from trainer.config import TrainingConfig
from trainer.contract import Contract
from trainer.model.features import FeatureEncoder
from trainer.model.fitted_columns import fit_columns
from trainer.tables import expand
from trainer.tables.profile import TableProfile, check_parted, check_tables
from trainer.tables.reader import PARSING_THREADS
from trainer.tables.row_store import RowStore
from trainer.tables.validation import ValidationRows
from trainer.training.held_out_rows import HeldOutRows
from trainer.training.input_pipeline import Table, open_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingTables:
    """What a training reads.

    Attributes:
        whole: The rows of the training files, where a refit takes them all; else None.
        training: Those of them to learn.
        held_out: Rows of the training files that are watched and not learned; None where none are asked for, or where
            the classes have too few rows.
        evaluation: The rows that each evaluation takes: the first so many of the evaluation files, or all rows of the
            training files that validate.
        encoder: Fitted to the training rows.
        training_profile: What the training files hold.
        evaluation_profile: What the evaluation files hold, or those rows.
    """

    whole: Table | None
    training: Table
    held_out: Table | None
    evaluation: Table
    encoder: FeatureEncoder
    training_profile: TableProfile
    evaluation_profile: TableProfile


def read_tables(config: TrainingConfig, contract: Contract) -> TrainingTables:
    """Checks both tables, each read once and held in memory where it fits.

    Args:
        config: Names the files and the memory.
        contract: What they must hold.

    Raises:
        DataError: A table breaks the contract.
    """
    train_urls, eval_urls = expand(config.train_files), expand(config.eval_files)
    validation = ValidationRows(config.validation_fraction) if config.validation_fraction else None
    memory, wanted = config.in_memory_mib << 20, None if validation else config.eval_steps * config.eval_batch_size
    train_store, eval_store = RowStore(contract, memory), RowStore(contract, memory, wanted)
    threads = config.num_parallel_calls or PARSING_THREADS
    parting = HeldOutRows(config, len(contract.label.classes), train_store) if config.holdout else None
    keep = parting.add if parting else train_store.add
    if validation is None:
        training, evaluation = check_tables(train_urls, eval_urls, contract, keep, eval_store.add, threads)
    else:
        training, evaluation = check_parted(train_urls, contract, validation, keep, eval_store.add, threads)
        log.info("%d of the training rows validate, %d are left to train", evaluation.rows, training.rows)
    for warning in (*training.warnings, *evaluation.warnings):
        log.warning(warning)
    encoder = FeatureEncoder(fit_columns(contract, training))
    rows = evaluation.rows if wanted is None else min(wanted, evaluation.rows)
    left, validating = (validation.leaves, validation.holds) if validation else (None, None)
    whole = open_table(train_urls, contract, encoder, training.rows, train_store, threads, left)
    learned, held_out = whole, None
    if parting:
        learned, held_out = parting.part(whole)
        if not held_out.rows:
            held_out = None
            log.warning(
                "Each class has too few training rows to hold out a share of %g: training takes all its steps.",
                config.holdout,
            )
    tables = TrainingTables(
        whole if config.refit else None,
        learned,
        held_out,
        open_table(eval_urls or train_urls, contract, encoder, rows, eval_store, threads, validating),
        encoder,
        training,
        evaluation,
    )
    if rows < evaluation.rows:
        log.warning(
            "Evaluation during training takes the first %d of %d rows. Raise --eval-steps to take all.",
            rows,
            evaluation.rows,
        )
    if tables.training.held is None:
        log.info(
            "The training rows take up more than --in-memory-mib %d: they are read anew for each epoch and shuffled in "
            "windows of %d rows. Raise it to shuffle them whole.",
            config.in_memory_mib,
            tables.training.window_rows,
        )
    return tables

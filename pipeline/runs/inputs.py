"""What a run reads, looked at before anything is copied or started."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import RunConfig
from trainer.contract import load_contract
from trainer.errors import DataError, UsageError, listing
from trainer.storage import is_local, local_path
from trainer.tables.files import expand
from trainer.training.class_weights import weights_of_classes

TABLES = ("train_data", "eval_data")


def check_inputs(config: RunConfig) -> None:
    """Refuses a run whose files on this machine are not there, or whose data contract is wrong.

    It is, too, where it lacks a class that is given a weight. Files behind a URL are left to the run.

    Raises:
        UsageError: All that is wrong.
    """
    problems = [*_absent_tables(config), *_faults_of_contract(config)]
    if len(problems) > 1:
        problems = [problem.replace("\n", "\n  ") for problem in problems]
    if problems:
        raise UsageError(listing(problems, len(problems)))


def _absent_tables(config: RunConfig) -> Sequence[str]:
    locations = [getattr(config, field) for field in TABLES]
    try:
        expand([str(local_path(location)) for location in locations if is_local(location)])
    except DataError as error:
        return error.problems
    return ()


def _faults_of_contract(config: RunConfig) -> Sequence[str]:
    try:
        if is_local(config.schema_file):
            classes = load_contract(config.schema_file).label.classes
            weights_of_classes(config.class_weights, dict.fromkeys(classes, 1))
    except UsageError as error:
        return (str(error),)
    return ()

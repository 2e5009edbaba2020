"""What a run reads, looked at before anything is copied or started."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import RunConfig
from trainer.contract import load_contract
from trainer.errors import ContractError, DataError, UsageError, listing
from trainer.evaluation.gate_metric import parse_gate_metric
from trainer.storage import is_local, local_path
from trainer.table_files import expand
from trainer.training.class_weights import weights_of_classes

TABLES = ("train_data", "eval_data")


def check_inputs(config: RunConfig) -> None:
    """Refuses a run whose files on this machine are not there, or whose contract is wrong or lacks a class.

    The gate's metric and the weights of training name classes. Files behind a URL are left to the run.

    Raises:
        UsageError: All that is wrong.
    """
    problems = [*_absent_tables(config), *_faults_of_contract(config)]
    if len(problems) > 1:
        problems = [problem.replace("\n", "\n  ") for problem in problems]
    if problems:
        raise UsageError(listing(problems, len(problems)))


def check_gate(config: RunConfig) -> None:
    """Refuses a gate that is to judge by a class which the data contract does not have.

    A contract that cannot be read here, or not yet, is left to the run.

    Raises:
        UsageError: The class is not there.
    """
    metric = parse_gate_metric(config.gate_metric)
    if not metric.of_class or not is_local(config.schema_file):
        return
    try:
        contract = load_contract(config.schema_file)
    except ContractError:
        return
    metric.place_in(contract.label.classes)


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
            check_gate(config)
    except UsageError as error:
        return (str(error),)
    return ()

"""What tables hold: counts and statistics in one pass, and whether training and evaluation go together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from trainer.contract import Contract
from trainer.errors import one_of, quoted
from trainer.tables import no_rows
from trainer.tables.problems import NOWHERE, Problems
from trainer.tables.reader import PARSING_THREADS, TableReader
from trainer.tables.rows import Rows
from trainer.tables.shared_rows import RowSample, fingerprints
from trainer.tables.statistics import ColumnProfile, statistics_of
from trainer.tables.validation import ValidationRows

__all__ = ["ColumnProfile", "TableProfile", "check_parted", "check_tables", "profile_table"]

Role = Literal["training", "evaluation", "validation"]
Taker = Callable[[Rows], None]


@dataclass(frozen=True)
class TableProfile:
    """What one or many files hold.

    Attributes:
        rows: How many rows, all files together.
        sha256: Of the files' bytes in store, in order; of a single file, the file's own.
        class_counts: Rows of each class of the contract, by its name.
        columns: The features, in the order of the contract.
        warnings: What a reader should know although the data is accepted; sentences.
    """

    rows: int
    sha256: str
    class_counts: dict[str, int]
    columns: tuple[ColumnProfile, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The profile in the types that JSON has."""
        return {
            "rows": self.rows,
            "sha256": self.sha256,
            "class_counts": dict(self.class_counts),
            "columns": [column.to_dict() for column in self.columns],
            "warnings": list(self.warnings),
        }


def profile_table(urls: Sequence[str], contract: Contract, *, role: Role) -> TableProfile:
    """Reads tables once and sums them up.

    Args:
        urls: Files as `expand` returns them.
        contract: What they must hold.
        role: What they are for: `training` data must have rows of every class.

    Raises:
        DataError: The tables break the contract, or there is nothing to learn or to measure in them.
    """
    scan = _Scan(contract, role)
    scan.read(urls)
    scan.problems.raise_if_any()
    return scan.profile()


def check_tables(
    train_urls: Sequence[str],
    eval_urls: Sequence[str],
    contract: Contract,
    keep_training: Taker | None = None,
    keep_evaluation: Taker | None = None,
    threads: int = PARSING_THREADS,
) -> tuple[TableProfile, TableProfile]:
    """Profiles training and evaluation tables, each read once, and holds them against each other.

    Args:
        train_urls: Files as `expand` returns them.
        eval_urls: Likewise.
        contract: What they must hold.
        keep_training: Is given the training rows as they are read, those with bad cells among them.
        keep_evaluation: Is given the evaluation rows.
        threads: Threads that parse.

    Returns:
        The profiles of the training and of the evaluation data.

    Raises:
        DataError: Either breaks the contract, or rows stand in both; all problems are listed together.
    """
    training, evaluation = _Scan(contract, "training", threads), _Scan(contract, "evaluation", threads)
    known = {_identity(url): url for url in train_urls}
    common = [url for url in eval_urls if _identity(url) in known]
    sample = RowSample()
    if not common:
        evaluation.read(eval_urls, lambda rows: sample.add(fingerprints(rows)), keep_evaluation)
    training.read(train_urls, lambda rows: sample.look_up(fingerprints(rows)), keep_training)
    problems = training.problems
    problems.extend(evaluation.problems)
    common += [url for url in evaluation.digests if evaluation.digests[url] in training.digests.values()]
    for url in common:
        problems.add(NOWHERE, NOWHERE, 0, partial(_same_file, url))
    if not common and sample.share > contract.max_shared_rows:
        problems.add(NOWHERE, NOWHERE, 0, lambda: _too_many_shared(sample, contract))
    problems.raise_if_any()
    return training.profile(), evaluation.profile()


def check_parted(
    urls: Sequence[str],
    contract: Contract,
    validation: ValidationRows,
    keep_training: Taker | None = None,
    keep_validation: Taker | None = None,
    threads: int = PARSING_THREADS,
) -> tuple[TableProfile, TableProfile]:
    """Profiles the rows of training tables that are left to train, and those that validate; each file is read once.

    Args:
        urls: Files as `expand` returns them.
        contract: What they must hold.
        validation: Which rows validate.
        keep_training: Is given the other rows as they are read, those with bad cells among them.
        keep_validation: Is given the rows that validate.
        threads: Threads that parse.

    Returns:
        The profiles of both parts, each with the hash of the files.

    Raises:
        DataError: A file breaks the contract, or there is nothing to learn or to measure in a part.
    """
    training, validating = _Scan(contract, "training", threads), _Scan(contract, "validation", threads)

    def left(rows: Rows) -> Rows:
        validates = validation.holds(rows)
        validating.take(rows.at(np.flatnonzero(validates)), keep_validation)
        return rows.at(np.flatnonzero(~validates))

    training.read(urls, keep_training, left=left)
    if training.complete:
        validating.check(urls)
    training.problems.extend(validating.problems)
    training.problems.raise_if_any()
    profile = training.profile()
    return profile, replace(validating.profile(), sha256=profile.sha256)


@dataclass
class _Scan:
    """One pass over one or many files."""

    contract: Contract
    role: Role
    threads: int = PARSING_THREADS
    problems: Problems = field(default_factory=Problems)
    digests: dict[str, str] = field(default_factory=dict)
    complete: bool = True  # whether every label was readable

    def __post_init__(self) -> None:
        self._sum = hashlib.sha256()
        self._classes = np.zeros(len(self.contract.label.classes), np.int64)
        self._columns: dict[str, Any] = {  # a column's values and statistics are of one kind
            column.name: statistics_of(column) for column in self.contract.features
        }

    def read(self, urls: Sequence[str], *takers: Taker | None, left: Callable[[Rows], Rows] | None = None) -> None:
        """Reads the files; each of `takers` is given the rows, or those of them that are `left`."""
        for position, url in enumerate(urls):
            digest = self._sum if len(urls) == 1 else hashlib.sha256()
            table = TableReader(url, position, self.contract, self.problems, threads=self.threads)
            for rows in table.rows([self._sum] if len(urls) == 1 else [self._sum, digest]):
                self.take(left(rows) if left else rows, *takers)
            self.complete &= table.labels_complete
            self.digests[url] = digest.hexdigest()
        if self.complete:
            self.check(urls)

    def take(self, rows: Rows, *takers: Taker | None) -> None:
        """Counts in some more rows, and gives them to each of `takers`."""
        self._classes += np.bincount(rows.labels[rows.labels >= 0], minlength=len(self._classes))
        for name, values in rows.features.items():
            self._columns[name].add(values)
        for take in takers:
            if take is not None:
                take(rows)

    def check(self, urls: Sequence[str]) -> None:
        """Notes what there is too little of in the rows that were taken, where every label was readable."""
        self._check_classes(urls)
        if self.role == "training" and self._classes.any():
            self._check_columns()

    def profile(self) -> TableProfile:
        """What the files hold, once read."""
        columns = tuple(column.profile() for column in self._columns.values())
        return TableProfile(
            rows=int(self._classes.sum()),
            sha256=self._sum.hexdigest(),
            class_counts=self._class_counts(),
            columns=columns,
            warnings=tuple(self._warnings(columns)),
        )

    def _class_counts(self) -> dict[str, int]:
        return dict(zip(self.contract.label.classes, self._classes.tolist(), strict=True))

    def _check_classes(self, urls: Sequence[str]) -> None:
        counts = self._class_counts()
        present = [name for name, count in counts.items() if count]
        absent = [name for name, count in counts.items() if not count]
        if not present and self.role == "validation":
            self._report("No row of the training data validates. Raise `--validation-fraction`, or give more rows.")
        elif not present:
            self._report(no_rows(urls))
        elif len(present) == 1:
            self._report(
                f"The {self.role} data holds rows of one class only, {quoted(present[0])}. "
                "Add rows of the others; a classifier needs at least two."
            )
        elif absent and self.role == "training":
            self._report(
                f"The training data holds no row of class {one_of(absent)}. "
                "Add rows, or take the class out of the contract."
            )

    def _check_columns(self) -> None:
        for column in self._columns.values():
            if problem := column.unlearnable():
                self._report(problem)

    def _report(self, sentence: str) -> None:
        self.problems.add(NOWHERE, NOWHERE, 0, lambda: sentence)

    def _warnings(self, columns: Sequence[ColumnProfile]) -> list[str]:
        warnings = [
            f"The column {quoted(column.name)} of the {self.role} data holds one value in all rows"
            for column in columns
            if column.constant
        ]
        absent = [name for name, count in self._class_counts().items() if not count]
        if absent and self.role != "training":
            warnings.append(f"The {self.role} data holds no row of class {one_of(absent)}: nothing is measured on it")
        return [f"{warning}." for warning in warnings]


def _identity(url: str) -> str:
    return url if "://" in url else os.path.realpath(url)


def _same_file(url: str) -> str:
    return (
        f"{url}, an evaluation file, is also among the training files. "
        "Evaluate on rows that training has not seen: split the table, or give another file."
    )


def _too_many_shared(sample: RowSample, contract: Contract) -> str:
    return (
        f"{sample.share:.1%} of the evaluation rows also stand in the training data; the contract admits "
        f"{contract.max_shared_rows:.1%} (max_shared_rows). Take them out of one of the two, or raise "
        "max_shared_rows where rows repeat by nature."
    )

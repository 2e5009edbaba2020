"""Reads a table, splits it, and writes both parts as the contract says."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.contract import Contract
from trainer.errors import DataError, UsageError, nearest
from trainer.split.rule import Rule
from trainer.split.sides import drawn, key_of, latest, moments_of
from trainer.table_files import UnreadableFileError, open_table
from trainer.tables.blocks import Fault, read_blocks, split_header
from trainer.tables.headers import split_record
from trainer.tables.rows import read_records

_BLOCK_BYTES = 8 << 20
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Split:
    """What was split.

    Attributes:
        training: Rows of each class to train on, by what the file writes for it.
        evaluation: Those to evaluate on.
    """

    training: Mapping[str, int]
    evaluation: Mapping[str, int]


def split_table(
    url: str,
    contract: Contract,
    rule: Rule,
    training: Path,
    evaluation: Path,
    check: Callable[[], None] = lambda: None,
) -> Split:
    """Splits one table; each part has the lines of the file in their order, below a header of its own.

    Args:
        url: A table that keeps the contract: a local path or any fsspec URL.
        contract: How it is written, and which column is its label.
        rule: Which rows go where.
        training: The file to write the training rows to; its folder is there.
        evaluation: The file to write the evaluation rows to.
        check: Called again and again meanwhile; what it raises ends the work.

    Raises:
        UsageError: The rule names no column of the table, or leaves one part without a row.
        DataError: The table cannot be read.
    """
    if not 0 < rule.share < 1:
        raise UsageError(f"`--eval-share` must lie between 0 and 1. Received: {rule.share:g}. Use 0.2 for a fifth.")
    try:
        names = _names(url, contract)
        seen = _Seen(names, contract, rule)
        for record in _records(url, contract, check):
            seen.add(record)
        is_evaluated = seen.sides()
        _write(url, contract, is_evaluated, (training, evaluation), check)
    except UnreadableFileError as error:
        raise DataError([f"{url} {error}."]) from error
    return Split(seen.counts(~is_evaluated), seen.counts(is_evaluated))


class _Seen:
    """What the rule asks of each row."""

    def __init__(self, names: Sequence[str], contract: Contract, rule: Rule) -> None:
        self._rule = rule
        self._label = names.index(contract.label.name)
        column = rule.time or rule.group
        if column and column not in names:
            option = "--time" if rule.time else "--group"
            raise UsageError(f"`{option} {column}` names no column of the table.{nearest(column, names)}")
        self._column = names.index(column) if column else -1
        self._codes: dict[str, int] = {}
        self._keys: list[int] = []
        self._moments: list[str] = []
        self._labels: list[int] = []

    def add(self, record: Sequence[str]) -> None:
        """Takes in a row."""
        cells = [cell.strip() for cell in record]
        by = cells[self._column]
        self._labels.append(self._codes.setdefault(cells.pop(self._label), len(self._codes)))
        if self._rule.time:
            self._moments.append(by)
        else:
            self._keys.append(key_of(by if self._rule.group else _BETWEEN.join(cells), self._rule.seed))

    def counts(self, side: np.ndarray) -> dict[str, int]:
        """Rows of each class among some, bool [n], by what the file writes for it."""
        counts = np.bincount(np.array(self._labels)[side], minlength=len(self._codes)).tolist()
        return dict(zip(self._codes, counts, strict=True))

    def sides(self) -> np.ndarray:
        """Whether each row is for evaluation, bool [n]."""
        rule = self._rule
        if rule.time:
            sides = latest(moments_of(self._moments, rule.time), rule.share)
        else:
            sides = drawn(np.array(self._keys, np.uint64), np.array(self._labels, np.int64), rule.share)
        if not sides.any() or sides.all():
            raise UsageError(
                f"The {len(sides)} rows cannot be split so that both parts have some: {rule}. Give more rows, another "
                "`--eval-share`, or files of your own as `--train-data` and `--eval-data`."
            )
        return sides


def _names(url: str, contract: Contract) -> list[str]:
    """The columns' names in the order of the file."""
    own = [column.name for column in contract.columns]
    if contract.file.header != "names":
        return own
    return [cell.strip() for cell in split_record(_header(url, contract), contract.file.delimiter)]


def _header(url: str, contract: Contract) -> str:
    file = contract.file
    with open_table(url) as stream:
        block = next(read_blocks(stream, file.encoding, file.delimiter, _BLOCK_BYTES), None)
        return "" if block is None or isinstance(block, Fault) else split_header(block, file.delimiter)[0]


def _records(url: str, contract: Contract, check: Callable[[], None]) -> Iterator[list[str]]:
    file = contract.file
    has_header = file.header != "none"
    with open_table(url) as stream:
        for block in read_blocks(stream, file.encoding, file.delimiter, _BLOCK_BYTES):
            check()
            if isinstance(block, Fault):
                raise DataError([f"{url}: {block.sentence}."])
            rows = split_header(block, file.delimiter)[-1] if has_header else block
            has_header = False
            for _, record in read_records(rows, file.delimiter):
                yield record


def _write(
    url: str, contract: Contract, is_evaluated: np.ndarray, parts: tuple[Path, Path], check: Callable[[], None]
) -> None:
    file = contract.file
    counts = [int((~is_evaluated).sum()), int(is_evaluated.sum())]
    with ExitStack() as stack:
        opened = [stack.enter_context(part.open("w", encoding=file.encoding, newline="")) for part in parts]
        writers = [csv.writer(text, delimiter=file.delimiter, lineterminator="\n") for text in opened]
        for writer, count in zip(writers, counts, strict=True):
            if file.header == "names":
                writer.writerow(split_record(_header(url, contract), file.delimiter))
            elif file.header == "counts":
                writer.writerow([count, len(contract.columns) - 1, *contract.label.classes])
        for side, record in zip(is_evaluated.tolist(), _records(url, contract, check), strict=True):
            writers[side].writerow(record)

"""What a table's first record says: which column stands where, and how many rows are claimed."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.contract import Contract, NumericColumn
from trainer.errors import PROBLEMS_SHOWN, nearest, quoted
from trainer.tables.blocks import csv_reader
from trainer.tables.cells import is_count, is_number

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SET = 'Set header = "{}" under [file] in the contract'
_MOST_HINTS = 100


@dataclass(frozen=True)
class Layout:
    """How a file's records are to be read.

    Attributes:
        names: The contract's column at each position of a record; None for one that the contract lacks.
        header: Whether the first record is no row.
        claimed_rows: How many rows a count line promises.
        problems: What is wrong with the first record, a sentence each, without a full stop.
        readable: Whether it is known which cell belongs to which column.
    """

    names: tuple[str | None, ...]
    header: bool = True
    claimed_rows: int | None = None
    problems: tuple[str, ...] = ()
    readable: bool = True


def read_layout(first: str, second: str, contract: Contract) -> Layout:
    """Reads a table's header against the contract.

    Args:
        first: The text of the file's first record that is not blank.
        second: The text of the record behind it; empty if there is none.
        contract: Says whether the first record holds names, counts or data.
    """
    delimiter, header = contract.file.delimiter, contract.file.header
    if problem := _other_delimiter(second if header == "counts" else first, contract):
        return Layout((), problems=(problem,), readable=False)
    cells = split_record(first, delimiter)
    if header == "names":
        return _named(cells, contract)
    if header == "counts":
        return _counted(cells, contract)
    return _headless(cells, split_record(second, delimiter), contract)


def split_record(record: str, delimiter: str) -> list[str]:
    """The trimmed cells of one record's text."""
    rows = csv_reader(io.StringIO(record, newline=""), delimiter)
    return next(([cell.strip() for cell in row] for row in rows if row), [])


def _named(cells: list[str], contract: Contract) -> Layout:
    expected = dict.fromkeys(column.name for column in contract.columns)
    held = set(cells)
    missing = [name for name in expected if name not in held]
    unknown = [name for name in dict.fromkeys(cells) if name and name not in expected]
    if len(missing) == len(expected) and (problem := _not_names(cells, contract)):
        return Layout((), problems=(problem,), readable=False)
    received = quoted(", ".join(cells))
    # The others are not shown.
    hints = {name: nearest(name, unknown[:_MOST_HINTS]) for name in missing[:PROBLEMS_SHOWN]}
    hints |= {name: nearest(name, missing[:_MOST_HINTS]) for name in unknown[:PROBLEMS_SHOWN]}
    problems = [
        f"the column {quoted(name)} is missing.{hints.get(name, '')} Received the columns {received}. Add it, or "
        "correct its name"
        for name in missing
    ]
    problems += [
        f"the column {quoted(name)} is not in the contract.{hints.get(name, '')} "
        'Add it there with kind = "ignored", or take it out of the file'
        for name in unknown
    ]
    problems += [
        f'column {position} has no name. Name it, and add it to the contract with kind = "ignored" if need be'
        for position, name in enumerate(cells, 1)
        if not name
    ]
    repeated = [name for name, count in Counter(cells).items() if name and count > 1]
    problems += [f"the column name {quoted(name)} stands there more than once. Keep one" for name in repeated]
    names = tuple(name if name in expected else None for name in cells)
    return Layout(names, problems=tuple(problems), readable=not missing and not repeated)


def _not_names(cells: list[str], contract: Contract) -> str:
    """What the first record holds instead of names; empty if they may be names."""
    if cells[0].lower().startswith("sep="):
        return "holds Excel's note of its delimiter, not column names. Take the line out"
    if _is_count_line(cells, contract):
        return f"holds counts, not column names. {_SET.format('counts')}"
    if any(is_number(cell) for cell in cells):
        return f"holds data, not column names. {_SET.format('none')}, or put a line of names before it"
    return ""


def _counted(cells: list[str], contract: Contract) -> Layout:
    names, label = tuple(column.name for column in contract.columns), contract.label
    if not all(map(is_count, cells[:2])) or len(cells) < 3 or all(map(is_number, cells)):
        held, header = ("data", "none") if any(map(is_number, cells)) else ("column names", "names")
        received = quoted(contract.file.delimiter.join(cells))
        problem = f"should hold rows,features,class names but seems to hold {held}. Received: {received}"
        return Layout(names, problems=(f"{problem}. {_SET.format(header)}",))
    problems = []
    features, classes = int(cells[1]), _without_padding(cells[2:])
    if features not in (len(names) - 1, len(contract.features)):
        problems.append(
            f"the count line says {features} features, but the contract has {len(contract.features)}. "
            "Correct the one or the other"
        )
    if classes not in (label.classes, label.written):
        problems.append(
            f"the count line names the classes {quoted(', '.join(classes))}, but the contract "
            f"{quoted(', '.join(label.classes))}. Correct the one or the other; the order counts"
        )
    return Layout(names, claimed_rows=int(cells[0]), problems=tuple(problems))


def _headless(cells: list[str], following: list[str], contract: Contract) -> Layout:
    names = tuple(column.name for column in contract.columns)
    if _is_count_line(cells, contract):
        return Layout(names, problems=(f"holds counts, not data. {_SET.format('counts')}",))
    if set(cells) <= set(names):
        return Layout(names, problems=(f"holds the column names, not data. {_SET.format('names')}",))
    if _are_foreign_names(cells, following, contract):
        problem = (
            f"seems to hold column names, not data. Received: {quoted(', '.join(cells))}. "
            'Take the line out, or give the columns these names in the contract and set header = "names"'
        )
        return Layout(names, problems=(problem,))
    return Layout(names, header=False)


def _are_foreign_names(cells: list[str], following: list[str], contract: Contract) -> bool:
    """Whether a record has words where the one behind it has numbers, as the contract wants."""
    if not len(cells) == len(following) == len(contract.columns):
        return False
    missing = ("", *contract.file.missing)
    numeric = [i for i, column in enumerate(contract.columns) if isinstance(column, NumericColumn)]
    words = [not is_number(cells[i]) and cells[i] not in missing for i in numeric]
    return bool(numeric) and all(words) and any(is_number(following[i]) for i in numeric)


def _is_count_line(cells: Sequence[str], contract: Contract) -> bool:
    known = (contract.label.classes, contract.label.written)
    return is_count(cells[0]) and len(cells) > 3 and _without_padding(cells[2:]) in known


def _without_padding(cells: Sequence[str]) -> tuple[str, ...]:
    last = max((i for i, cell in enumerate(cells) if cell), default=-1)
    return tuple(cells[: last + 1])


def _other_delimiter(record: str, contract: Contract) -> str:
    """What to do with a file that another delimiter splits as the contract wants; empty if none does."""
    used = contract.file.delimiter
    cells = split_record(record, used)
    names = {column.name for column in contract.columns}
    for other, plural in DELIMITERS.items():
        parts = split_record(record, other)
        wanted = set(parts) >= names if contract.file.header == "names" else len(parts) == len(names)
        if other != used and wanted and (len(cells) != len(names) or _holds(other, cells, contract)):
            escaped = other.replace("\t", "\\t")
            return (
                f"the cells seem to be separated by {plural}, not by {DELIMITERS.get(used, quoted(used))}. "
                f'Set delimiter = "{escaped}" under [file] in the contract'
            )
    return ""


def _holds(delimiter: str, cells: list[str], contract: Contract) -> bool:
    """Whether a delimiter stands where a number should: `5,1;3,5` split at its decimal commas."""
    pairs = zip(cells, contract.columns, strict=True)
    return any(delimiter in cell and isinstance(column, NumericColumn) and not column.format for cell, column in pairs)

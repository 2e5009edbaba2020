"""What a table's first record says: which column stands where, and how many rows are claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from trainer.contract import Contract, NumericColumn
from trainer.errors import nearest
from trainer.table_blocks import csv_reader
from trainer.table_checks import is_number, quoted

_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True)
class Layout:
    """How a file's records are to be read.

    Attributes:
        names: The contract's column at each position of a record; None for one that the contract lacks.
        header: Whether the first record is no row.
        claimed_rows: How many rows a count line promises.
        problems: What is wrong with the first record, a sentence each.
        fatal: Whether the rows cannot be read.
    """

    names: tuple[str | None, ...]
    header: bool
    claimed_rows: int | None = None
    problems: list[str] = field(default_factory=list)
    fatal: bool = False


def read_layout(first: str, second: str, contract: Contract) -> Layout:
    """Reads a table's header against the contract.

    Args:
        first: The text of the file's first record that is not blank; empty if there is none.
        second: The text of the record behind it.
        contract: Says whether the first record holds names, counts or data.
    """
    header = contract.file.header
    if problem := _other_delimiter(first, second, contract):
        return Layout((), True, problems=[problem], fatal=True)
    cells = split(first, contract.file.delimiter)
    if header == "names":
        return _named(cells, contract)
    if header == "counts":
        return _counted(cells, contract)
    return _headless(cells, split(second, contract.file.delimiter), contract)


def split(record: str, delimiter: str) -> list[str]:
    """The trimmed cells of one record."""
    rows = list(csv_reader([record], delimiter)) if record else []
    return [cell.strip() for cell in rows[0]] if rows else []


def _named(cells: list[str], contract: Contract) -> Layout:
    expected = [column.name for column in contract.columns]
    missing = [name for name in expected if name not in cells]
    if len(missing) == len(expected) and (hint := _is_not_names(cells, contract)):
        return Layout((), True, problems=[hint], fatal=True)
    unknown = [cell for cell in cells if cell and cell not in expected]
    problems = [
        f'column "{name}" of the contract is missing.{nearest(name, unknown)} Received: {quoted(", ".join(cells))}. '
        "Add the column to the file, or correct its name"
        for name in missing
    ]
    problems += [
        f'column {quoted(name)} is not in the contract.{nearest(name, missing)} '
        f'Add it to the contract with kind = "ignored", or take it out of the file'
        for name in dict.fromkeys(unknown)
    ]
    problems += [
        f"column {position} has no name. Name it (and add it to the contract with kind = \"ignored\"), or take it out"
        for position, cell in enumerate(cells, 1)
        if not cell
    ]
    repeated = [name for name, count in Counter(cells).items() if name and count > 1]
    problems += [f"column {quoted(name)} stands there twice. Keep one of them" for name in repeated]
    names = tuple(cell if cell in expected else None for cell in cells)
    return Layout(names, True, problems=problems, fatal=bool(missing or repeated))


def _is_not_names(cells: list[str], contract: Contract) -> str:
    if _is_count_line(cells, contract):
        return 'holds counts, not column names. Set header = "counts" under [file] in the contract'
    if any(is_number(cell) for cell in cells):
        return 'holds data, not column names. Set header = "none" under [file] in the contract, or add a line of names'
    return ""


def _counted(cells: list[str], contract: Contract) -> Layout:
    names = tuple(column.name for column in contract.columns)
    if len(cells) < 2 or not cells[0].isdecimal() or not cells[1].isdecimal() or all(map(is_number, cells)):
        kind = "names" if set(names) & set(cells) else "none" if any(map(is_number, cells)) else "names"
        held = "column names" if kind == "names" else "data"
        problem = (
            f'is no count line "rows,features,class names" but seems to hold {held}. Received: '
            f'{quoted(contract.file.delimiter.join(cells))}. Set header = "{kind}" under [file] in the contract'
        )
        return Layout(names, True, problems=[problem])
    problems = []
    features, classes = int(cells[1]), _without_padding(cells[2:])
    if features not in (len(names) - 1, len(contract.features)):
        problems.append(
            f"the count line says {features} features, but the contract has {len(contract.features)}. "
            "Correct the count line or the contract"
        )
    if tuple(classes) not in (contract.label.classes, contract.label.written):
        problems.append(
            f"the count line names the classes {quoted(', '.join(classes))}, but the contract names "
            f"{quoted(', '.join(contract.label.classes))}. Correct one of them; their order is that of the class ids"
        )
    return Layout(names, True, int(cells[0]), problems)


def _headless(cells: list[str], following: list[str], contract: Contract) -> Layout:
    names = tuple(column.name for column in contract.columns)
    problem = ""
    numeric = [i for i, column in enumerate(contract.columns) if isinstance(column, NumericColumn) and i < len(cells)]
    if _is_count_line(cells, contract):
        problem = 'is a count line, not data. Set header = "counts" under [file] in the contract'
    elif cells and set(cells) <= set(names):
        problem = 'holds the column names, not data. Set header = "names" under [file] in the contract'
    elif (
        numeric
        and len(cells) == len(names)
        and all(cells[i] and cells[i] not in contract.file.missing and not is_number(cells[i]) for i in numeric)
        and any(i < len(following) and is_number(following[i]) for i in numeric)
    ):
        problem = (
            f"seems to hold column names, not data. Received: {quoted(', '.join(cells))}. "
            'Set header = "names" under [file] in the contract and give its columns these names, or delete the line'
        )
    return Layout(names, bool(problem), problems=[problem] if problem else [])


def _is_count_line(cells: Sequence[str], contract: Contract) -> bool:
    named = tuple(_without_padding(cells[2:]))
    return len(cells) > 2 and cells[0].isdecimal() and named in (contract.label.classes, contract.label.written)


def _without_padding(cells: Sequence[str]) -> list[str]:
    cells = list(cells)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _other_delimiter(first: str, second: str, contract: Contract) -> str:
    """The sentence for a file that another delimiter splits as the contract wants, otherwise an empty string."""
    used = contract.file.delimiter
    sample = second if contract.file.header == "counts" else first
    cells = split(sample, used)
    names = [column.name for column in contract.columns]
    for other in _DELIMITERS:
        parts = split(sample, other)
        if other == used or len(parts) != len(names):
            continue
        if contract.file.header == "names" and not set(parts) & set(names):
            continue
        within = len(cells) == len(names) and any(
            other in cell and isinstance(column, NumericColumn)
            for cell, column in zip(cells, contract.columns, strict=True)
        )
        if len(cells) != len(names) or within:
            written = {"\t": "\\t"}.get(other, other)
            return (
                f"cells seem to be separated by {_DELIMITERS[other]}, not by {_DELIMITERS.get(used, quoted(used))}. "
                f'Set delimiter = "{written}" under [file] in the contract'
            )
    return ""

"""Guesses how a CSV file is written: its encoding, its delimiter, its header."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from trainer.contract import LONGEST_NAME
from trainer.errors import DataError, UsageError, nearest, one_of, quoted
from trainer.table_files import UnreadableFileError, open_table
from trainer.tables.blocks import Fault, csv_reader, read_blocks
from trainer.tables.cells import is_count, is_decimal_comma, is_number
from trainer.tables.headers import DELIMITERS
from trainer.tables.text import TextDecoder, byte_order_mark, foreign_format, unmarked_utf16

# As the reader of contracts reads tables, so that what is too long for it is so here.
BLOCK_BYTES = 8 << 20
_SAMPLE_BYTES = 1 << 20
_SAMPLE_RECORDS = 1000
_MOST_NAMES = 20


@dataclass(frozen=True)
class TableFormat:
    """How a file is written.

    Attributes:
        encoding: A Python codec name.
        delimiter: One character between two cells.
        header: As in a contract.
        names: The columns' names; `column1`, `column2` ... where the file has none.
        classes: The class names of a count line.
        label: Position of the label column.
        guesses: What a person should check; sentences.
    """

    encoding: str
    delimiter: str
    header: Literal["names", "counts", "none"]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    label: int
    guesses: list[str]


def guess_format(url: str, label: str) -> TableFormat:
    """Guesses from a file's bytes how it is written.

    Args:
        url: A local path or any fsspec URL.
        label: Name or number, from 1, of the label column.

    Raises:
        DataError: The file cannot be read, or is no table.
        UsageError: It has no such column.
    """
    try:
        encoding, guesses = _encoding(url)
        sample = _sample(url, encoding)
    except UnreadableFileError as error:
        raise DataError([f"{url} {error}."]) from error
    delimiter = _delimiter(url, encoding, sample)
    if delimiter != ",":
        guesses.append(f"The cells are separated by {DELIMITERS[delimiter]}.")
    first, *others = _records(sample, delimiter)
    width = _usual_width(others or [first])
    others = [record for record in others if len(record) == width]
    header, names = _header(first, others, width, label)
    if header == "none":
        guesses.append("The first line holds data: the columns are called column1, column2 and so on.")
    _require_names(url, names)
    classes = tuple(cell for cell in first[2:] if cell) if header == "counts" else ()
    return TableFormat(encoding, delimiter, header, names, classes, _position(url, label, header, names), guesses)


def _encoding(url: str) -> tuple[str, list[str]]:
    """The first encoding in which every byte of the file means something, and what was guessed."""
    with open_table(url) as stream:
        start = stream.read(_SAMPLE_BYTES)
    if codec := unmarked_utf16(start):
        return codec, [f"The file is taken to be in {codec}, though it has no byte-order mark."]
    if byte_order_mark(start) or _is_text(url, "utf-8"):
        return "utf-8", []
    codec = "cp1252" if _is_text(url, "cp1252") else "latin-1"
    return codec, [f"The file is not UTF-8 and is taken to be in {codec}. Look at its letters beyond a to z."]


def _is_text(url: str, encoding: str) -> bool:
    decoder = TextDecoder(encoding)
    with open_table(url) as stream:
        while chunk := stream.read(_SAMPLE_BYTES):
            decoder.decode(chunk, final=False)
        decoder.decode(b"", final=True)
    return not decoder.replacing


def _sample(url: str, encoding: str) -> str:
    """The first lines of a file."""
    with open_table(url) as stream:
        start = stream.read(_SAMPLE_BYTES)
    if foreign := foreign_format(start, encoding):
        raise DataError([f"{url} {foreign}."])
    mark, encoding = byte_order_mark(start) or (b"", encoding)
    text = TextDecoder(encoding).decode(start.removeprefix(mark), final=False)[0].decode()
    if not text.strip():
        raise DataError([f"{url} is empty. Give a file that holds rows."])
    return text if len(start) < _SAMPLE_BYTES else text[: text.rfind("\n") + 1]


def _records(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv_reader(io.StringIO(sample, newline=""), delimiter)
    records = ([cell.strip() for cell in record] for record in reader)
    return list(islice((record for record in records if any(record)), _SAMPLE_RECORDS))


def _usual_width(records: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, records)).most_common(1)[0][0]


def _delimiter(url: str, encoding: str, sample: str) -> str:
    """The delimiter that splits most records alike and leaves the fewest other delimiters in cells."""
    scores = {delimiter: _score(_records(sample, delimiter), delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if not scores[best]:
        raise DataError([_why_not_split(url, encoding, best)])
    return best


def _why_not_split(url: str, encoding: str, delimiter: str) -> str:
    """Why a file does not split into columns: a quote that nothing closes may hold all of it together."""
    with open_table(url) as stream:
        faults = [found for found in read_blocks(stream, encoding, delimiter, BLOCK_BYTES) if isinstance(found, Fault)]
    if faults:
        return f"{url}, line {faults[0].line}: {faults[0].sentence}."
    return f"{url} does not split into columns. Separate its cells by {one_of(DELIMITERS)} and try again."


def _score(records: list[list[str]], delimiter: str) -> float:
    width = _usual_width(records[1:] or records)
    if width == 1:
        return 0.0
    alike = [record for record in records if len(record) == width]
    cells = [cell for record in alike for cell in record if not is_decimal_comma(cell)]
    mixed = sum(any(other in cell for other in DELIMITERS if other != delimiter) for cell in cells)
    return len(alike) / len(records) * (1 - 0.9 * mixed / max(1, len(cells)))


def _header(
    first: list[str], others: list[list[str]], width: int, label: str
) -> tuple[Literal["names", "counts", "none"], tuple[str, ...]]:
    numbered = tuple(f"column{position}" for position in range(1, width + 1))
    columns = list(zip(*others, strict=True))
    numeric = [_is_numeric(column) for column in columns]
    if _is_count_line(first, numeric):
        return "counts", numbered
    if label in first:
        return "names", tuple(first)
    pairs = list(zip(first, numeric, strict=False))
    if any(is_number(cell) for cell, _ in pairs) or not columns:
        return "none", numbered
    if any(of_numbers and cell for cell, of_numbers in pairs):
        return "names", tuple(first)
    repeats = any(cell and cell in column for cell, column in zip(first, columns, strict=False))
    return ("none", numbered) if repeats else ("names", tuple(first))


def _is_numeric(cells: Sequence[str]) -> bool:
    present = [cell for cell in cells if cell]
    return bool(present) and sum(map(is_number, present)) > len(present) / 2


def _is_count_line(first: list[str], numeric: list[bool]) -> bool:
    classes = [cell for cell in first[2:] if cell]
    counts = len(first) > 2 and all(map(is_count, first[:2])) and int(first[1]) == len(numeric) - 1
    unlike_rows = len(first) != len(numeric) or any(numeric[2:])
    return counts and len(classes) > 1 and not any(map(is_number, classes)) and unlike_rows


def _require_names(url: str, names: Sequence[str]) -> None:
    """Refuses names that no contract can hold, or that do not tell columns apart."""
    problems = [f"{url}, column {i} has no name. Give it one." for i, name in enumerate(names, 1) if not name]
    problems += [
        f"{url}: {count} columns are called {quoted(name)}. Give each a name of its own."
        for name, count in Counter(names).items()
        if name and count > 1
    ]
    problems += [
        f"{url}: a column cannot be called {quoted(name)}. Use at most {LONGEST_NAME} printable characters."
        for name in names
        if not name.isprintable() or len(name) > LONGEST_NAME
    ]
    if problems:
        raise DataError(problems)


def _position(url: str, label: str, header: str, names: Sequence[str]) -> int:
    if label in names:
        return names.index(label)
    if is_count(label) and 1 <= int(label) <= len(names):
        return int(label) - 1
    if header == "names":
        raise UsageError(
            f"{url} has no column {quoted(label)}.{nearest(label, names)} "
            f"Its columns are {', '.join(map(quoted, names[:_MOST_NAMES]))}."
        )
    raise UsageError(
        f"{url} has no line of names, so that the label is a number from 1 to {len(names)}. Received: {quoted(label)}."
    )

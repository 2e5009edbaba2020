"""Prediction instances read from a file: JSON lines, a JSON list or request, or CSV with or without column names."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NoReturn

from trainer.contract.cell_text import NUMBER
from trainer.errors import DataError, UsageError, quoted

STANDARD_INPUT = "-"

_DELIMITERS = ",;\t|"
_REQUEST_KEY = "instances"


@dataclass(frozen=True)
class ModelColumns:
    """What is known of the columns of the model that is asked.

    Attributes:
        types: The JSON type of each feature, by its name.
        order: All columns as the training files have them, label and ignored ones too; empty where that is not known.
        label: The name of the label's column.
        classes: The names of the classes, by what the files write for them.
    """

    types: Mapping[str, str]
    order: Sequence[str] = ()
    label: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Instances:
    """What a file asks.

    Attributes:
        values: The instances: objects of values by column name, or texts of comma-separated values.
        left_out: Columns of a CSV file that are no features, and are not sent.
        truths: Of a CSV file with the label's column the class of each instance, empty where its cell names none.
    """

    values: Sequence[Any]
    left_out: Sequence[str] = ()
    truths: Sequence[str] = ()


def read_instances(source: str, read_columns: Callable[[], ModelColumns | None]) -> Instances:
    """Reads the instances of a prediction.

    Args:
        source: A path or URL, or `-` for standard input. It holds JSON lines, a list, {"instances": [...]} or one
            object; or CSV, where a first row that names features maps the cells, and else each row is sent as a text.
        read_columns: Called for CSV; tells the model's columns, or gives None where they cannot be known.

    Raises:
        UsageError: The file cannot be read.
        DataError: It holds no instances, or something else.
    """
    name = "standard input" if source == STANDARD_INPUT else source
    text = _text(source, name)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise DataError([f"{name} holds no instances. Write one a line: a JSON object, or comma-separated values."])
    if text.lstrip()[0] in "{[" or all(_is_json_text(line) for _, line in lines):
        read = Instances(_json_instances(text, lines, name))
    else:
        read = _csv_instances(text, name, read_columns)
    if not read.values:
        raise DataError([f"{name} holds no instances, only their frame. Add at least one."])
    return read


def _text(source: str, name: str) -> str:
    from trainer import storage

    try:
        data = sys.stdin.buffer.read() if source == STANDARD_INPUT else storage.read_bytes(source)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}. Give the path of a file, or -.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError([f"{name} is not UTF-8: {error}. Save it as UTF-8."]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_json_text(line: str) -> bool:
    try:
        return line.lstrip().startswith('"') and isinstance(json.loads(line), str)
    except ValueError:
        return False


def _json_instances(text: str, lines: Sequence[tuple[int, str]], name: str) -> list[Any]:
    try:
        return _instances_of(_parse(text), name)
    except ValueError as error:
        whole = _fault(error, name)
    values = []
    for number, line in lines:
        try:
            values.append(_parse(line))
        except ValueError as error:
            # Where already the first line is no JSON, the text was meant as one document.
            fault = _fault(error, name, number) if values else whole
            raise DataError([f"{fault}. Write one JSON value a line, or one list."]) from error
    return values


def _fault(error: ValueError, name: str, line: int | None = None) -> str:
    """Where in a file something is no JSON, and why; in a line of it, if one was parsed by itself."""
    if not isinstance(error, json.JSONDecodeError):
        return f"{name}{f', line {line}' if line else ''}: {error}"
    return f"{name}, line {line or error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("lists or objects are nested too deeply") from error


def _number(text: str) -> float:
    """A number as predictions carry it: a double."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {quoted(text)} is too large")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not JSON")


def _instances_of(document: Any, name: str) -> list[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and isinstance(document.get(_REQUEST_KEY), list):
        if others := sorted(document.keys() - {_REQUEST_KEY}):
            raise DataError([f'{name} holds {quoted(others[0])} beside "{_REQUEST_KEY}". Leave it out.'])
        instances: list[Any] = document[_REQUEST_KEY]
        return instances
    return [document]


def _csv_instances(text: str, name: str, read_columns: Callable[[], ModelColumns | None]) -> Instances:
    delimiter = max(_DELIMITERS, key=text.lstrip().partition("\n")[0].count)
    lines = _records(text, delimiter)
    header = [cell.strip() for cell in _cells(lines[0], delimiter, name)]
    columns = read_columns()
    if not any(map(_is_number, header)):
        if columns is not None and not columns.types.keys().isdisjoint(header):
            return _named(lines[1:], header, delimiter, name, columns)
        if columns is None and len(lines) > 1:
            sentence = f"{name} begins with column names, and what the model's columns hold is not known here."
            raise DataError([f"{sentence} Send JSON, or rows without names in the order of the training files."])
    if columns is not None and (rows := _rows_of_the_table(lines, header, delimiter, columns)):
        return _named(rows, columns.order, delimiter, name, columns)
    return Instances([line.strip(" ") for _, line in lines])


def _records(text: str, delimiter: str) -> list[tuple[int, str]]:
    """The records of a CSV file that are not blank, each with the line on which it begins."""
    from trainer.tables.blocks import csv_reader

    lines = text.split("\n")
    reader = csv_reader((f"{line}\n" for line in lines), delimiter)
    ends = [0, *(reader.line_num for _ in reader)]
    records = [(start + 1, "\n".join(lines[start:end])) for start, end in pairwise(ends)]
    return [(number, record) for number, record in records if record.strip()]


def _rows_of_the_table(
    lines: Sequence[tuple[int, str]], first: Sequence[str], delimiter: str, columns: ModelColumns
) -> Sequence[tuple[int, str]]:
    """The rows of a file without names that has all columns of the training files; none where it has not."""
    # The tutorial's first line counts the rows and the features, and names the classes.
    counts = [*dict.fromkeys(columns.classes.values())] == list(first[2:]) and all(map(str.isdecimal, first[:2]))
    rows = lines[1:] if counts else lines
    width = len(columns.order)
    return rows if width > len(columns.types) and all(_width(line, delimiter) == width for _, line in rows) else ()


def _width(line: str, delimiter: str) -> int:
    """How many cells a record has; none where it is not one."""
    from trainer.tables.blocks import read_record

    try:
        return len(read_record(line, delimiter))
    except ValueError:
        return 0


def _named(
    lines: Sequence[tuple[int, str]], header: Sequence[str], delimiter: str, name: str, columns: ModelColumns
) -> Instances:
    doubled = sorted(column for column, count in Counter(header).items() if count > 1)
    if doubled:
        raise DataError([f"{name} names column {quoted(doubled[0])} twice. Name each column once."])
    values, truths = [], []
    types, label = columns.types, header.index(columns.label) if columns.label in header else None
    for line in lines:
        cells = _cells(line, delimiter, name)
        if len(cells) != len(header):
            raise DataError(
                [f"{name}, line {line[0]}: received {len(cells)} cells. Write {len(header)}, one for each column name."]
            )
        named = zip(header, cells, strict=True)
        values.append({column: _value(cell, types[column]) for column, cell in named if column in types})
        if label is not None:
            truths.append(columns.classes.get(cells[label].strip(), ""))
    return Instances(values, [column for column in header if column not in types], tuple(truths))


def _cells(line: tuple[int, str], delimiter: str, name: str) -> list[str]:
    from trainer.tables.blocks import read_record

    try:
        return read_record(line[1], delimiter)
    except ValueError as error:
        raise DataError([f"{name}, line {line[0]}: {error}. Write one row of cells a line."]) from error


def _is_number(text: str) -> bool:
    return re.fullmatch(NUMBER, text) is not None


def _value(cell: str, kind: str) -> Any:
    """A cell as JSON: null where it is blank; as it is where it is not of its kind, for the model to refuse."""
    text = cell.strip()
    if not text:
        return None
    if kind == "number" and _is_number(text) and math.isfinite(float(text)):
        return float(text)
    return cell

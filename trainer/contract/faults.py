"""The faults of a data contract, in sentences that name column and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from trainer.errors import nearest, one_of, quoted, shown

_KINDS = ("numeric", "date", "categorical", "label", "ignored")
_WORDING = {
    "Value error, ": "",
    "Input should be a valid tuple": "must be a list",
    "Input should be a valid dictionary or object to extract fields from": "must be a table",
    "Input should be a valid dictionary or instance of FileFormat": "must be a table",
    "Input should be a valid dictionary or instance of Training": "must be a table",
    "Input should": "must",
    "String should": "must",
}


def sentence(item: Mapping[str, Any], document: Mapping[str, Any], source: str, keys: Iterable[str]) -> str:
    """Puts one fault in words.

    Args:
        item: One of the errors of a pydantic.ValidationError.
        document: What was read from the file.
        source: What messages call the file.
        keys: Every key that a contract may hold.
    """
    path = [step for step in item["loc"] if step not in _KINDS]
    if item["type"].startswith("union_tag"):
        path.append("kind")
    where = _place(path, document, source)
    match item["type"]:
        case "extra_forbidden":
            return f"{where} is not a key of a data contract.{nearest(str(path[-1]), keys)}"
        case "missing":
            return f"{where} is missing. Compare the file with data/schema.toml."
        case "union_tag_not_found":
            return f"{where} is missing. Write {one_of(_KINDS)}."
        case "union_tag_invalid":
            return f"{where}: must be {one_of(_KINDS)}. Received: {quoted(item['ctx']['tag'])}."
    message = str(item["msg"])
    for theirs, ours in _WORDING.items():
        message = message.replace(theirs, ours)
    received = item["input"]
    if "Received" in message or isinstance(received, dict | list | tuple | BaseModel):
        return f"{where}: {message}."
    return f"{where}: {message}. Received: {shown(received)}."


def _place(path: Sequence[str | int], document: Mapping[str, Any], source: str) -> str:
    match path:
        case []:
            return source
        case ["columns", int(position)]:
            return f"{_column(document, position).replace('c', 'C', 1)} in {source}"
        case ["columns", int(position), *keys]:
            return f"`{_dotted(keys)}` of {_column(document, position)} in {source}"
    return f"`{_dotted(path)}` in {source}"


def _column(document: Mapping[str, Any], position: int) -> str:
    column = document["columns"][position]
    name = column.get("name") if isinstance(column, dict) else None
    return f"column {quoted(name)}" if name and isinstance(name, str) else f"column {position + 1}"


def _dotted(keys: Sequence[str | int]) -> str:
    return ".".join(map(str, keys))

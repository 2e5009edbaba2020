"""Drafts a data contract from a table: what each column seems to be, and what a person should check."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import tomlkit
from tomlkit.items import Array, Item, Table

from trainer.contract import parse_contract
from trainer.draft.columns import ColumnDraft, draft_columns
from trainer.draft.evidence import gather
from trainer.draft.format import TableFormat, guess_format
from trainer.draft.recipe import recipe_for
from trainer.errors import DataError, one_of, quoted
from trainer.tables import read_batches
from trainer.tables.files import UnreadableFileError, open_table

_WORDS_ON_A_LINE = 8


@dataclass(frozen=True)
class Draft:
    """A first data contract.

    Attributes:
        toml: The text of a schema.toml; the file that it was drafted from keeps it.
        guesses: What a person should check in it; sentences.
    """

    toml: str
    guesses: tuple[str, ...]


def draft_schema(url: str, label: str) -> Draft:
    """Drafts a data contract from one CSV file, the whole of which is read.

    Args:
        url: A local path or any fsspec URL.
        label: Name of the label column, or its number from 1.

    Raises:
        UsageError: The file has no such column.
        DataError: The file is no table that can be learned from; every problem is listed.
    """
    form = guess_format(url, label)
    try:
        with open_table(url) as stream:
            evidence = gather(stream, form)
    except UnreadableFileError as error:
        raise DataError([f"{url} {error}."]) from error
    columns, missing = draft_columns(url, form, evidence)
    toml = _document(url, form, columns, missing, evidence[form.label].cells)
    for _ in read_batches([url], parse_contract(toml.encode(), "The draft")):
        pass  # raises what is wrong with the rows themselves
    guesses = [f"Column {quoted(column.name)} {guess}." for column in columns for guess in column.guesses]
    if missing:
        guesses.append(f"Cells that hold {one_of(missing)} are taken for missing values in all columns.")
    return Draft(toml, (*form.guesses, *guesses))


def _document(url: str, form: TableFormat, columns: Sequence[ColumnDraft], missing: Sequence[str], rows: int) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment(f"Drafted from {quoted(PurePosixPath(url).name)}: check it before use."))
    document.add("name", tomlkit.item(contract_name(url)))
    document.add(tomlkit.nl())
    file = tomlkit.table()
    file.add("header", form.header)
    if form.delimiter != ",":
        file.add("delimiter", form.delimiter)
    if form.encoding != "utf-8":
        file.add("encoding", tomlkit.item(form.encoding).comment("guessed"))
    if missing:
        file.add("missing", tomlkit.item(list(missing)).comment("guessed"))
    document.add("file", file)
    training = tomlkit.table()
    training.comment("what a training takes that is told nothing else; `config show` tells it, an option changes it")
    training.update(recipe_for(rows))
    document.add("training", training)
    tables = tomlkit.aot()
    for column in columns:
        tables.append(_table(column))
    document.add("columns", tables)
    return tomlkit.dumps(document)


def _table(column: ColumnDraft) -> Table:
    table = tomlkit.table()
    table.add("name", column.name)
    for key, value in column.fields.items():
        item: Item = tomlkit.item(list(value) if isinstance(value, tuple) else value)
        if isinstance(item, Array) and len(item) > _WORDS_ON_A_LINE:
            item.multiline(True)
        elif key == "kind" and column.note:
            item.comment(column.note)
        table.add(key, item)
    return table


def contract_name(url: str) -> str:
    """A contract's name from a file's: `Größe 2024.csv.gz` becomes `grosse-2024`."""
    stem = re.sub(r"(\.[a-z]+)?(\.(gz|bz2|xz))?$", "", PurePosixPath(url).name, flags=re.IGNORECASE)
    ascii_stem = unicodedata.normalize("NFKD", stem.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "-", ascii_stem).strip("-")
    return (name if name[:1].isalpha() else f"table-{name}")[:63].strip("-")

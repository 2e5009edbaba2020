"""Drafts a data contract from a table: what each column seems to be, and what a person should check."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import tomlkit
from tomlkit.items import Array, Item, Table

from trainer.contract import Contract, parse_contract
from trainer.draft.columns import ColumnDraft, TableDraft, draft_columns
from trainer.draft.format import TableFormat, guess_format
from trainer.draft.gathering import Gathered, Gathering
from trainer.draft.recipe import recipe_for
from trainer.errors import DataError, one_of, quoted
from trainer.table_files import UnreadableFileError, open_table
from trainer.tables import read_batches

_WORDS_ON_A_LINE = 8
_CLASSES_SHOWN = 10
_SHARED_ROWS: float = Contract.model_fields["max_shared_rows"].default


@dataclass(frozen=True)
class Draft:
    """A first data contract.

    Attributes:
        toml: The text of a schema.toml; the file that it was drafted from keeps it.
        guesses: What a person should check in it; sentences.
        class_counts: Rows of each class, by its name.
    """

    toml: str
    guesses: tuple[str, ...]
    class_counts: Mapping[str, int]

    @property
    def summary(self) -> str:
        """Rows, classes and their balance, in a sentence."""
        rows, counts = sum(self.class_counts.values()), self.class_counts
        shown = sorted(counts, key=lambda name: -counts[name])[:_CLASSES_SHOWN]
        told = [f"{quoted(name)} {counts[name]:,} ({counts[name] / rows:.0%})" for name in shown]
        more = f", and {len(counts) - len(shown)} more" if len(counts) > len(shown) else ""
        return f"{rows:,} rows of {len(counts)} classes: {', '.join(told)}{more}."


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
    gathered, table = _understood(url, form)
    toml = _document(url, form, table.columns, table.missing, gathered.columns[form.label].cells)
    contract = parse_contract(toml.encode(), "The draft")
    if not _is_checked(form, gathered, table):
        for _ in read_batches([url], contract):
            pass  # raises what is wrong with the rows themselves
    guesses = [f"Column {quoted(column.name)} {guess}." for column in table.columns for guess in column.guesses]
    if table.missing:
        guesses.append(f"Cells that hold {one_of(table.missing)} are taken for missing values in all columns.")
    guesses += _foreseen(gathered, contract)
    return Draft(toml, (*form.guesses, *guesses), table.label.counts)


def _understood(url: str, form: TableFormat) -> tuple[Gathered, TableDraft]:
    """What a file holds and what to say of it; read again where the first reading was too quick to tell."""
    texts: frozenset[int] = frozenset()
    compared: tuple[int, ...] | None = None
    while True:
        try:
            with open_table(url) as stream:
                gathered = Gathering(url, form, texts, compared).read(stream)
        except UnreadableFileError as error:
            raise DataError([f"{url} {error}."]) from error
        gathered.problems.raise_if_any()
        table = draft_columns(url, form, gathered)
        skimmed = {i for i, sense in table.senses.items() if sense.written_form or sense.kind == "categorical"}
        unread = frozenset(i for i in skimmed if gathered.columns[i].skimmed)
        wanted = _to_compare(gathered, table)
        if not unread and wanted == gathered.compared:
            return gathered, table
        texts, compared = texts | unread, wanted


def _to_compare(gathered: Gathered, table: TableDraft) -> tuple[int, ...]:
    """The columns by which rows should be compared: some, and all that the model sees where rows repeat by those."""
    if gathered.repeated > _SHARED_ROWS:
        return table.used
    return tuple(i for i in gathered.compared if i in table.used)


def _is_checked(form: TableFormat, gathered: Gathered, table: TableDraft) -> bool:
    """Whether all cells were seen as the contract's reader would see them, so that it would find nothing else."""
    columns = gathered.columns
    seen = all(columns[i].complete or (columns[i].skimmed and table.senses[i].form is None) for i in table.used)
    return gathered.clean and form.header != "counts" and seen and not columns[form.label].blank


def _foreseen(gathered: Gathered, contract: Contract) -> list[str]:
    """What a check of the table, split in two, is going to refuse."""
    if gathered.repeated <= contract.max_shared_rows:
        return []
    told = (
        f"{gathered.repeated:.0%} of the rows stand there more than once, as the model sees them. Where training and "
        f"evaluation data share more than max_shared_rows = {contract.max_shared_rows:g}, they are refused: keep equal "
        "rows on one side, or raise max_shared_rows where rows repeat by nature."
    )
    return [told]


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
        if isinstance(value, dict):
            inline = tomlkit.inline_table()
            inline.update(value)
            table.add(key, inline)
            continue
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

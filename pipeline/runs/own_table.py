"""One table of the user's made into what a run takes: a contract, a training and an evaluation file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import tomlkit

from pipeline.config import RunConfig, key
from pipeline.config_layers import DEFAULT
from pipeline.runs.table_choice import OwnTable
from trainer import storage
from trainer.contract import Contract, load_contract, parse_contract
from trainer.errors import UsageError, one_of, quoted
from trainer.split.rule import Rule

if TYPE_CHECKING:
    from trainer.split.table import Split

FOLDER = Path(".local/data")
_CLASSES_TOLD = 10


def with_own_table(
    config: RunConfig,
    sources: Mapping[str, str],
    table: OwnTable,
    say: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
) -> tuple[RunConfig, Mapping[str, str]]:
    """A configuration whose run takes a table that is drafted and split for it; without a table as it is.

    Contract and parts go to a folder named after their content, so that the same table becomes the same inputs.

    Args:
        config: The configuration.
        sources: Where its values come from.
        table: What the command line says of the table.
        say: Is told what was done.
        check: Called again and again meanwhile; what it raises ends the work.

    Returns:
        The configuration, and where its values come from then.

    Raises:
        UsageError: The table has no such column, or cannot be split.
        DataError: It is no table that can be learned from.
    """
    if not table.data:
        return config, sources
    from trainer.split.table import split_table

    toml, contract = _contract(config, table, say)
    check()
    with _made(contract.name) as beside:
        schema, training, evaluation = (beside / name for name in _names(contract))
        split = split_table(table.data, contract, table.rule, training, evaluation, check)
        _require_all_classes(split, table.rule)
        origin = f"# Split of {quoted(PurePosixPath(table.data).name)}, {table.rule}; share {table.rule.share:g}."
        schema.write_text(f"{origin}\n{toml}", encoding="utf-8")
        folder = _kept(beside, contract)
    say(_told(split, table.rule))
    # The versions of one table are no rivals of another's.
    named = {name: contract.name for name in ("model_name", "endpoint_name") if sources[name] == DEFAULT}
    say(f"Contract and parts are in {folder}.")
    if named:
        asked = f"python -m pipeline predict FILE --endpoint-name {contract.name}"
        say(f"Model and endpoint are called {contract.name}; `{asked}` asks it.")
    say("")
    places = dict(zip(("schema_file", "train_data", "eval_data"), map(str, _places(folder, contract)), strict=True))
    updated = {**places, **named}
    return config.model_copy(update=updated), {**sources, **dict.fromkeys(map(key, updated), "--data")}


def _contract(config: RunConfig, table: OwnTable, say: Callable[[str], None]) -> tuple[str, Contract]:
    """The text of the contract, and what it says; the table is known to keep it."""
    from trainer import draft
    from trainer.tables import read_batches

    if not table.label:
        contract = load_contract(config.schema_file)
        for _ in read_batches([table.data], contract):
            pass
        return storage.read_bytes(config.schema_file).decode("utf-8-sig"), contract
    drafted = draft.draft_schema(table.data, table.label)
    say(f"A contract is drafted from {table.data}: {drafted.summary}")
    say("\n  - ".join(["Check what was guessed:", *drafted.guesses]))
    toml = _without(drafted.toml, table.rule.group or table.rule.time)
    return toml, parse_contract(toml.encode(), "The draft")


def _without(toml: str, column: str) -> str:
    """A contract of whose columns one is ignored: what rows are split by would give the answer away."""
    document = tomlkit.parse(toml)
    for table in document["columns"]:
        if table["name"] == column and table["kind"] != "label":
            for name in [name for name in table if name not in ("name", "kind")]:
                del table[name]
            table["kind"] = tomlkit.item("ignored").comment("the rows are split by it")
            return tomlkit.dumps(document)
    return toml


def _names(contract: Contract) -> tuple[str, str, str]:
    return f"{contract.name}.toml", f"{contract.name}-train.csv", f"{contract.name}-eval.csv"


def _places(folder: Path, contract: Contract) -> list[Path]:
    return [folder / name for name in _names(contract)]


@contextmanager
def _made(name: str) -> Iterator[Path]:
    """A folder for files that get their place when they are whole."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix=f".{name}-") as beside:
        yield Path(beside)


def _kept(made: Path, contract: Contract) -> Path:
    """Where the files are from now on: in a folder named after their content."""
    digest = hashlib.sha256()
    for place in _places(made, contract):
        digest.update(place.read_bytes())
    folder = FOLDER / f"{contract.name}-{digest.hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    for place in _places(made, contract):
        place.replace(folder / place.name)
    return folder


def _require_all_classes(split: Split, rule: Rule) -> None:
    absent = [name for name, count in split.training.items() if not count]
    if absent:
        raise UsageError(
            f"The part to train on holds no row of class {one_of(absent)}: {rule}. Give a smaller `--eval-share`, or "
            "split in another way."
        )


def _told(split: Split, rule: Rule) -> str:
    rows, evaluated = (sum(part.values()) for part in (split.training, split.evaluation))
    each = [f"{name} {count} and {split.evaluation[name]}" for name, count in split.training.items()]
    more = f", and {len(each) - _CLASSES_TOLD} more classes" if len(each) > _CLASSES_TOLD else ""
    return (
        f"Split: {rows} rows to train on, {evaluated} ({evaluated / (rows + evaluated):.1%}) to evaluate on: {rule}. "
        f"Of {', '.join(each[:_CLASSES_TOLD])}{more}."
    )

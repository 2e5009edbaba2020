from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.config_layers import COMMAND_LINE, load_config
from pipeline.runs.own_table import with_own_table
from pipeline.runs.table_choice import OwnTable
from trainer.contract import load_contract
from trainer.errors import UsageError
from trainer.split.rule import Rule


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table in the current folder."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{row % 23 / 2},{'long' if row % 4 else 'short'},o{row % 8},{'cat' if row % 3 else 'dog'}" for row in range(90)
    ]
    Path("My pets.csv").write_text("\n".join(["size,hair,owner,kind", *rows]) + "\n")
    return "My pets.csv"


def made(table: OwnTable, **given: str) -> tuple[RunConfig, list[str]]:
    """The configuration of a run of a table, and what was said."""
    said: list[str] = []
    config, sources = load_config(None, given)
    return with_own_table(config, sources, table, said.append)[0], said


def rows_of(path: str) -> list[str]:
    return Path(path).read_text().splitlines()[1:]


def test_table_becomes_a_contract_and_two_parts_under_a_name_of_its_own(pets: str) -> None:
    config, said = made(OwnTable(pets, "kind"))
    assert (config.model_name, config.endpoint_name) == ("my-pets", "my-pets")
    assert load_contract(config.schema_file).label.classes == ("cat", "dog")
    assert len(rows_of(config.train_data)) + len(rows_of(config.eval_data)) == 90
    assert not set(rows_of(config.train_data)) & set(rows_of(config.eval_data))
    assert said[0].startswith("A contract is drafted from My pets.csv: ")
    assert said[1].startswith("Check what was guessed:\n  - ")
    assert said[2].startswith("Split: 72 rows to train on, 18 (20.0%) to evaluate on: by what the rows hold, drawn by")
    assert f"Contract and parts are in {Path(config.train_data).parent}." in said
    assert (
        Path(config.schema_file)
        .read_text()
        .startswith('# Split of "My pets.csv", by what the rows hold, drawn by seed')
    )


def test_same_table_becomes_the_same_files(pets: str) -> None:
    first, again = made(OwnTable(pets, "kind"))[0], made(OwnTable(pets, "kind"))[0]
    other = made(OwnTable(pets, "kind", Rule(seed=2)))[0]
    assert first == again != other
    assert [path.name for path in Path(first.train_data).parent.parent.glob(".*")] == []


def test_column_that_the_rows_are_split_by_is_not_learned_from(pets: str) -> None:
    config, _ = made(OwnTable(pets, "kind", Rule(group="owner")))
    assert "owner" not in [column.name for column in load_contract(config.schema_file).features]
    owners = [{row.split(",")[2] for row in rows_of(path)} for path in (config.train_data, config.eval_data)]
    assert not owners[0] & owners[1]


def test_contract_of_the_users_own_takes_the_place_of_the_draft(pets: str) -> None:
    contract = (
        Path(made(OwnTable(pets, "kind"))[0].schema_file).read_text().replace('name = "my-pets"', 'name = "mine"')
    )
    Path("mine.toml").write_text(contract)
    config, said = made(OwnTable(pets), schema="mine.toml", endpoint_name="shared")
    assert (config.model_name, config.endpoint_name) == ("mine", "shared")
    assert said[0].startswith("Split: ")


def test_time_that_leaves_a_class_for_the_evaluation_alone_is_refused(pets: str) -> None:
    lines = ["day,size,kind", *(f"{day},{day % 7},{'cat' if day < 18 else 'dog'}" for day in range(20))]
    Path(pets).write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=r'The part to train on holds no row of class "dog": the latest rows by "day"'):
        made(OwnTable(pets, "kind", Rule(time="day")))


@pytest.mark.parametrize(
    ("table", "typed", "has_file", "sentence"),
    [
        (OwnTable(label="a"), [], False, "`--label`, `--eval-share`, `--split-seed`, `--group` and `--time` go with"),
        (OwnTable("a.csv", "a"), ["eval_data"], False, "does not go with `--train-data and --eval-data`"),
        (OwnTable("a.csv", "a"), [], True, "does not go with `--file`"),
        (OwnTable("a.csv"), [], False, "`--data FILE` needs to know the classes: give `--label COLUMN`"),
        (OwnTable("a.csv", "a"), ["schema"], False, "and not both"),
        (OwnTable("a.csv", "a", Rule(group="b", time="c")), [], False, "by `--group` or by `--time`, and not by both"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    table: OwnTable, typed: list[str], has_file: bool, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        table.require_sense(dict.fromkeys(typed, COMMAND_LINE), has_file)


def test_configuration_without_a_table_stays_as_it_is() -> None:
    OwnTable().require_sense({"train_data": COMMAND_LINE}, has_file=True)
    config, sources = load_config(None, {})
    assert with_own_table(config, sources, OwnTable(), pytest.fail) == (config, sources)

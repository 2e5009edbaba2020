"""Lists that read an index say what lists say that read everything, and read no more than they show."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from emulator.api import fact_index, store
from emulator.api.errors import ApiError
from emulator.api.fact_index import FactIndex
from emulator.api.facts import Facts
from emulator.api.filters import TEXT_OPERATORS, TIME_OPERATORS, WILDCARD_OPERATORS, Field, parse_filter
from emulator.api.listing import page_of_records
from emulator.api.store import Store, Table, Transaction

Json = dict[str, Any]

PARENT = "p/P"
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS = {
    "id": Field(lambda job: str(job["id"])),
    "state": Field(lambda job: job["state"]),
    "name": Field(lambda job: job["name"], operators=WILDCARD_OPERATORS),
    "labels": Field(lambda job: job["labels"], kind="labels"),
    "end_time": Field(lambda job: at(job["ended"]), kind="time", operators=(*TIME_OPERATORS, ":")),
}
ORDERS = {
    "name": FILTERS["name"],
    "end_time": FILTERS["end_time"],
    "next_time": Field(lambda job: at(job["next"]), kind="time", missing="~"),
}
WITHOUT_FACTS: Table[Json] = Table("jobs", json.dumps, json.loads)
JOBS: Table[Json] = Table("jobs", json.dumps, json.loads, Facts(FILTERS, ORDERS))


def at(minute: int | None) -> datetime | None:
    return None if minute is None else BEGUN + timedelta(minutes=minute)


class Asked(NamedTuple):
    """The fields of a request for a list."""

    filter: str = ""
    order_by: str = ""
    page_size: int = 0
    page_token: str = ""


def pages(tx: Transaction, asked: Asked, table: Table[Json] = JOBS) -> list[int]:
    """The ids of what is listed, page after page."""
    found: list[int] = []
    keep = parse_filter(asked.filter, FILTERS)
    while True:
        shown, token = page_of_records(tx, table, PARENT, asked, keep)
        found += [job["id"] for job in shown]
        if not token:
            return found
        asked = asked._replace(page_token=token)


def put(tx: Transaction, job: Json, table: Table[Json] = JOBS) -> None:
    tx.put(table, f"{PARENT}/jobs/{job['id']}", job)


def a_job(number: int, **fields: Any) -> Json:
    return {"id": number, "state": "DONE", "name": f"n{number}", "labels": {}, "ended": None, "next": None, **fields}


def any_job(chance: random.Random, number: int) -> Json:
    return {
        "id": number,
        "state": chance.choice(["RUNNING", "DONE", ""]),
        "name": chance.choice(["", "a", "b", "Ä", "\U0001f680", "a b"]),
        "labels": {key: chance.choice(["x", "y", ""]) for key in "abc" if chance.random() < 0.5},
        "ended": chance.choice([None, *range(5)]),
        "next": chance.choice([None, *range(5)]),
    }


def a_filter(chance: random.Random) -> str:
    moment = BEGUN + timedelta(minutes=chance.randrange(-1, 6))
    same, label, value = chance.choice(TEXT_OPERATORS), chance.choice("abcd"), chance.choice(["x", "y", '""'])
    state, name = chance.choice(["RUNNING", "DONE", '""']), chance.choice(["a", '"Ä"', '"a*"', '"a b"', '""'])
    comparisons = [
        f"state{same}{state}",
        f"name{chance.choice(WILDCARD_OPERATORS)}{name}",
        f"labels.{label}{same}{value}",
        f"labels:{label}",
        f"labels.{label}:*",
        f'end_time{chance.choice(TIME_OPERATORS)}"{moment.isoformat()}"',
        "end_time:*",
        f"id={chance.randrange(40)}",
    ]
    some = chance.choices(comparisons, k=chance.randrange(4))
    joined = [f"{chance.choice(['', '', 'NOT '])}{one}" for one in some]
    text = "".join(f"{one}{chance.choice([' AND ', ' AND ', ' OR '])}" for one in joined[:-1]) + "".join(joined[-1:])
    return f"({text})" if text and chance.random() < 0.3 else text


def expected(jobs: list[Json], asked: Asked) -> list[int]:
    """What a list has to say, from all jobs in the order of their creation."""
    keep = parse_filter(asked.filter, FILTERS)
    field, _, direction = asked.order_by.partition(" ")
    keys: dict[str, Callable[[Json], Any]] = {
        "": lambda _job: 0,
        "name": lambda job: job["name"],
        "end_time": lambda job: -1 if job["ended"] is None else job["ended"],
        "next_time": lambda job: 99 if job["next"] is None else job["next"],
    }
    backward = direction == "desc" or not asked.order_by
    kept = sorted(filter(keep, jobs), key=keys[field])
    return [job["id"] for job in (reversed(kept) if backward else kept)]


@pytest.mark.parametrize("few", [0, 4, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_lists_by_the_index_are_those_of_a_full_scan(
    tx: Transaction, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr(fact_index, "FEW", few)
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    jobs: dict[int, Json] = {}
    tx.put(JOBS, "p/Q/jobs/99", any_job(chance, 99))
    for number in range(40):
        jobs[number] = any_job(chance, number)
        put(tx, jobs[number])
        if chance.random() < 0.5:
            changed = chance.choice(list(jobs))
            jobs[changed] = any_job(chance, changed)
            put(tx, jobs[changed])
        if chance.random() < 0.2:
            gone = chance.choice(list(jobs))
            del jobs[gone]
            tx.delete(JOBS, f"{PARENT}/jobs/{gone}")
    orders = ["", *(f"{name}{way}" for name in ORDERS for way in ("", " desc"))]
    for _ in range(150):
        asked = Asked(a_filter(chance), chance.choice(orders), chance.choice([1, 3, 100]))
        assert pages(tx, asked) == expected(list(jobs.values()), asked), asked


def test_what_was_deleted_leaves_no_facts(tmp_path: Path) -> None:
    opened = Store(tmp_path / "store.sqlite3")
    with opened.transaction() as tx:
        for number in range(3):
            put(tx, a_job(number))
        tx.delete(JOBS, f"{PARENT}/jobs/0")
        tx.delete_children(JOBS, PARENT)
    opened.close()
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        assert connection.execute("SELECT * FROM facts").fetchall() == []


@pytest.fixture
def decoded(tx: Transaction) -> Callable[[Asked, int], list[int]]:
    """Gives the ids of the records that one page reads among so many."""

    def read(asked: Asked, count: int) -> list[int]:
        for number in range(count):
            labels = {"all": "x"} | ({"few": "x"} if number % 50 == 0 else {})
            state = "DONE" if number % 2 else "RUNNING"
            put(tx, a_job(number, state=state, name=f"n{number * 7 % count:05}", labels=labels, ended=number))
        found: list[int] = []

        def decode(text: str) -> Json:
            job: Json = json.loads(text)
            found.append(job["id"])
            return job

        counting = Table(JOBS.kind, JOBS.encode, decode, JOBS.facts)
        page_of_records(tx, counting, PARENT, asked, parse_filter(asked.filter, FILTERS))
        return found

    return read


@pytest.mark.parametrize("few", [10, 1000])
@pytest.mark.parametrize("order_by", ["", "name", "name desc", "end_time", "end_time desc"])
@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", 5),
        ("id=3", 1),
        ("labels.few=x AND labels.all=x", 5),
        ("labels:few AND (state=RUNNING AND labels.all:*)", 5),
        ("state=DONE AND labels.few=x", 0),
        ('end_time>"2026-01-01T00:30:00Z" AND end_time<="2026-01-01T00:33:00Z"', 3),
        ('end_time<"2026-01-01T00:02:00Z" AND state=DONE', 1),
    ],
)
def test_a_page_reads_what_it_shows_and_one_more(
    decoded: Callable[[Asked, int], list[int]],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    most: int,
    order_by: str,
    few: int,
) -> None:
    monkeypatch.setattr(fact_index, "FEW", few)
    asked = Asked(text, order_by, page_size=4)
    assert len(decoded(asked, 300)) == most


def test_writes_only_what_has_changed() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(store.SCHEMA)
    connection.executescript(fact_index.SCHEMA)
    index = FactIndex(connection)
    index.write("jobs", PARENT, 1, [("state", "RUNNING"), ("name", "a"), ("labels.a", "x")])
    before = connection.total_changes
    index.write("jobs", PARENT, 1, [("state", "RUNNING"), ("name", "a"), ("labels.a", "x")])
    assert connection.total_changes == before
    index.write("jobs", PARENT, 1, [("state", "DONE"), ("name", "a")])
    assert connection.total_changes == before + 2
    assert dict(connection.execute("SELECT field, value FROM facts")) == {"state": "DONE", "name": "a"}
    connection.close()


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """What an emulator wrote that knew of no facts."""
    path = tmp_path / "store.sqlite3"
    opened = Store(path)
    with opened.transaction() as tx:
        for number in range(10):
            put(tx, a_job(number), WITHOUT_FACTS)
    opened.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TRIGGER facts_of_deleted; DROP TABLE facts; DROP TABLE fact_fields; PRAGMA user_version = 2"
        )
    return path


def test_records_of_an_older_emulator_are_given_their_facts(old_file: Path) -> None:
    opened = Store(old_file)
    with opened.transaction() as tx:
        assert pages(tx, Asked("name=n3")) == [3]
        put(tx, a_job(10))
        assert pages(tx, Asked(order_by="name")) == [0, 1, 10, *range(2, 10)]
    opened.close()


def test_facts_are_written_anew_where_others_are_wanted(old_file: Path) -> None:
    opened = Store(old_file)
    only_names: Table[Json] = Table("jobs", json.dumps, json.loads, Facts({"name": FILTERS["name"]}))
    with opened.transaction() as tx:
        assert pages(tx, Asked("name=n3"), only_names) == [3]
    with opened.transaction() as tx:
        assert pages(tx, Asked("id=3")) == [3]
    opened.close()


def test_a_page_goes_on_though_what_it_is_ordered_by_has_changed(tx: Transaction) -> None:
    jobs = [a_job(number) for number in range(6)]
    for job in jobs:
        put(tx, job)
    asked = Asked(order_by="name", page_size=2)
    shown, token = page_of_records(tx, JOBS, PARENT, asked, lambda _: True)
    assert [job["id"] for job in shown] == [0, 1]
    put(tx, jobs[2] | {"name": "a"})
    put(tx, jobs[4] | {"name": "z"})
    tx.delete(JOBS, f"{PARENT}/jobs/1")
    assert pages(tx, asked._replace(page_token=token)) == [3, 5, 4]


def test_a_token_is_refused_by_another_filter_and_another_order(tx: Transaction) -> None:
    for number in range(3):
        put(tx, a_job(number))
    asked = Asked("NOT id=7", "name", 1)
    _, token = page_of_records(tx, JOBS, PARENT, asked, lambda _: True)
    for other in (asked._replace(filter=""), asked._replace(order_by="name desc"), Asked()):
        with pytest.raises(ApiError, match="is none of this filter and order"):
            page_of_records(tx, JOBS, PARENT, other._replace(page_token=token), lambda _: True)


@pytest.mark.parametrize("place", ["", "x", "YWZ0ZXI6MQ==", "YWZ0ZXI6LTE6", "cGFnZTozOg==", "YWZ0ZXI6MTph\n", "é"])
def test_a_token_that_was_tampered_with_is_refused(tx: Transaction, place: str) -> None:
    for number in range(2):
        put(tx, a_job(number))
    asked = Asked(order_by="name", page_size=1)
    mark = page_of_records(tx, JOBS, PARENT, asked, lambda _: True)[1].partition(".")[0]
    with pytest.raises(ApiError, match="Field: page_token"):
        page_of_records(tx, JOBS, PARENT, asked._replace(page_token=f"{mark}.{place}"), lambda _: True)

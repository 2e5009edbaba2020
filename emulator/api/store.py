"""The emulator's memory: one SQLite file, in which every request is one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from emulator.api import fact_index
from emulator.api.errors import not_found
from emulator.api.fact_index import FactIndex, Place
from emulator.api.facts import Facts
from emulator.api.filters import Condition
from emulator.api.names import parent_of
from emulator.api.start_error import StartError

Record = TypeVar("Record")
Result = TypeVar("Result")

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    parent TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, name)
);
CREATE INDEX IF NOT EXISTS records_by_parent ON records (kind, parent, number);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

# How records are written. A change that an older emulator's records do not survive raises it, and so does one that its
# writes would break: format 2 is read, and becomes 3 with its first facts.
FORMAT = 3
_READ_TOO = (0, 2)


@dataclass(frozen=True)
class Table(Generic[Record]):
    """A kind of record.

    Attributes:
        kind: What it is called in the file.
        encode: Writes a record as text.
        decode: Reads it back.
        facts: What its records can be found and ordered by.
    """

    kind: str
    encode: Callable[[Record], str]
    decode: Callable[[str], Record]
    facts: Facts[Record] | None = None


class Transaction:
    """Reads and writes that happen together or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._index = FactIndex(connection)
        self._indexed: set[str] = set()
        self.wrote = False

    def get(self, table: Table[Record], name: str) -> Record | None:
        """The record of that name, if there is one."""
        query = "SELECT body FROM records WHERE kind = ? AND name = ?"
        row = self._connection.execute(query, (table.kind, name)).fetchone()
        return table.decode(row[0]) if row else None

    def require(self, table: Table[Record], name: str, noun: str) -> Record:
        """The record of that name.

        Args:
            table: The kind of record.
            name: The resource's name.
            noun: What a refusal calls the resource, as in `Model`.

        Raises:
            ApiError: NOT_FOUND.
        """
        record = self.get(table, name)
        if record is None:
            raise not_found(noun, name)
        return record

    def children(self, table: Table[Record], parent: str) -> list[Record]:
        """The records under a parent, oldest first."""
        query = "SELECT body FROM records WHERE kind = ? AND parent = ? ORDER BY number"
        return [table.decode(row[0]) for row in self._connection.execute(query, (table.kind, parent))]

    def walk(
        self,
        table: Table[Record],
        parent: str,
        *,
        order_by: str = "",
        descending: bool = False,
        conditions: Sequence[Condition] = (),
        beyond: Place | None = None,
    ) -> Iterator[tuple[Place, Record]]:
        """The records under a parent one by one, each with its place, in the order of their places.

        Args:
            table: The kind of record.
            parent: What they are under.
            order_by: One of the orders of the table's facts; empty for the order of creation.
            descending: Whether the last place comes first.
            conditions: What each of them fulfils, by the table's facts.
            beyond: The place after which the walk goes on; None begins it.
        """
        if table.facts is not None:
            self._bring_up_to_date(table, table.facts)
        places = self._index.places(
            table.kind, parent, order_by=order_by, descending=descending, conditions=conditions, beyond=beyond
        )
        for place in places:
            query = "SELECT body FROM records WHERE number = ? AND kind = ? AND parent = ?"
            for (body,) in self._connection.execute(query, (place.number, table.kind, parent)):
                yield place, table.decode(body)

    def _bring_up_to_date(self, table: Table[Record], facts: Facts[Record]) -> None:
        """Writes the facts of records that were written without them, or with others."""
        fields = " ".join(facts.fields)
        if table.kind not in self._indexed and self._index.fields(table.kind) != fields:
            self._index.begin(table.kind, fields)
            query = "SELECT number, parent, body FROM records WHERE kind = ?"
            for number, parent, body in self._connection.execute(query, (table.kind,)):
                self._index.write(table.kind, parent, number, facts.of(self, table.decode(body)))
        self._indexed.add(table.kind)

    def after(self, table: Table[Record], first: str, limit: int) -> list[Record]:
        """Up to `limit` records of a kind in the order of their names, from the name `first` on."""
        query = "SELECT body FROM records WHERE kind = ? AND name >= ? ORDER BY name LIMIT ?"
        return [table.decode(row[0]) for row in self._connection.execute(query, (table.kind, first, limit))]

    def everything(self, table: Table[Record]) -> dict[str, Record]:
        """All records of a kind by name, oldest first."""
        query = "SELECT name, body FROM records WHERE kind = ? ORDER BY number"
        return {row[0]: table.decode(row[1]) for row in self._connection.execute(query, (table.kind,))}

    def put(self, table: Table[Record], name: str, record: Record) -> None:
        """Writes a record under its name; the name without its last two parts is its parent."""
        parent = parent_of(name)
        (number,) = self._connection.execute(
            "INSERT INTO records (kind, name, parent, body) VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE "
            "SET body = excluded.body RETURNING number",
            (table.kind, name, parent, table.encode(record)),
        ).fetchone()
        self.wrote = True
        if table.facts is not None:
            self._bring_up_to_date(table, table.facts)
            self._index.write(table.kind, parent, number, table.facts.of(self, record))

    def delete(self, table: Table[Record], name: str) -> None:
        """Removes a record, if it is there."""
        self._connection.execute("DELETE FROM records WHERE kind = ? AND name = ?", (table.kind, name))
        self.wrote = True

    def delete_children(self, table: Table[Record], parent: str) -> None:
        """Removes the records under a parent."""
        self._connection.execute("DELETE FROM records WHERE kind = ? AND parent = ?", (table.kind, parent))
        self.wrote = True

    def next_number(self, counter: str) -> int:
        """Counts up, from 1. A number is never given twice, whatever has been deleted since."""
        row = self._connection.execute(
            "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 "
            "RETURNING value",
            (counter,),
        ).fetchone()
        self.wrote = True
        return int(row[0])

    def forget_number(self, counter: str) -> None:
        """Drops a counter: its owner is gone."""
        self._connection.execute("DELETE FROM counters WHERE name = ?", (counter,))
        self.wrote = True

    def erase(self) -> None:
        """Removes everything."""
        self._connection.execute("DELETE FROM records")
        self._connection.execute("DELETE FROM counters")
        self.wrote = True


class Store:
    """Opens the file, or creates it.

    A transaction is on the disk before it is answered: the log is flushed at each commit (synchronous =
    FULL), so that neither a killed emulator nor a power cut loses an answered write.

    Args:
        path: The SQLite file.

    Raises:
        StartError: The file was written in another format, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError as error:
            raise StartError(f"{path} cannot be read: {error}. Remove it, or give another --state-dir.") from error
        self._lock = threading.Lock()
        self._reader = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._reader_lock = threading.Lock()
        self.version = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction, in any thread; the next one waits. An exception rolls it back.

        `version` changes with each transaction that wrote, so that readers know when what they remember is
        stale.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            transaction = Transaction(self._connection)
            try:
                yield transaction
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            if transaction.wrote:
                self.version += 1

    def peek(self, table: Table[Record], name: str) -> Record | None:
        """The record of that name as it was last committed: it waits for no transaction, and takes microseconds."""
        with self._reader_lock:
            return Transaction(self._reader).get(table, name)

    def peek_from(self, table: Table[Record], first: str, limit: int) -> list[Record]:
        """Likewise what `Transaction.after` gives."""
        with self._reader_lock:
            return Transaction(self._reader).after(table, first, limit)

    async def transact(self, step: Callable[[Transaction], Result]) -> Result:
        """Takes a step inside a transaction of its own, in another thread; gives what the step gives."""

        def run() -> Result:
            with self.transaction() as tx:
                return step(tx)

        return await asyncio.to_thread(run)

    def close(self) -> None:
        """Closes the file once the transaction under way has ended."""
        with self._lock, self._reader_lock:
            self._reader.close()
            self._connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _require_whole(connection)
        _require_format(connection, path)
        connection.executescript(SCHEMA)
        connection.executescript(fact_index.SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_whole(connection: sqlite3.Connection) -> None:
    (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if fault != "ok":
        raise sqlite3.DatabaseError(" ".join(fault.split()))


def _require_format(connection: sqlite3.Connection, path: Path) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in (*_READ_TOO, FORMAT):
        raise StartError(
            f"{path} was written by another version of the emulator: its format is {found}, and this one reads "
            f"{FORMAT}. Use that version, give another --state-dir, or remove the folder with all that it holds."
        )
    connection.execute(f"PRAGMA user_version = {FORMAT}")

"""The index of facts: which records fulfil conditions, and in what order, without reading any of them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from emulator.api.filters import Condition

# Whatever is deleted: its facts go with it.
SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    shelf INTEGER NOT NULL,
    PRIMARY KEY (number, field)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS facts_by_value ON facts (shelf, field, value, number);
CREATE TABLE IF NOT EXISTS fact_fields (kind TEXT PRIMARY KEY, fields TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS facts_of_deleted AFTER DELETE ON records
BEGIN
    DELETE FROM facts WHERE number = OLD.number;
END;
"""

# So many records are sorted at once rather than read on in an order of which they may be the last.
FEW = 1000


class Place(NamedTuple):
    """Where a record stands in a list.

    Attributes:
        value: Its value of the field that orders the list; empty in the order of creation.
        number: The record's own number, which orders those of one value.
    """

    value: str
    number: int


# A part of a query, and what stands for its question marks.
Term = tuple[str, tuple[str | int, ...]]


class FactIndex:
    """The facts of all records in a file.

    Args:
        connection: The file, whose transactions are not this one's business.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fields(self, kind: str) -> str:
        """Which fields are there of each record of a kind, as `begin` was told; empty for none."""
        row = self._connection.execute("SELECT fields FROM fact_fields WHERE kind = ?", (kind,)).fetchone()
        return row[0] if row else ""

    def begin(self, kind: str, fields: str) -> None:
        """Forgets the facts of a kind, and notes which fields are written from here on."""
        self._connection.execute(
            "DELETE FROM facts WHERE number IN (SELECT number FROM records WHERE kind = ?)", (kind,)
        )
        self._connection.execute("INSERT OR REPLACE INTO fact_fields (kind, fields) VALUES (?, ?)", (kind, fields))

    def write(self, kind: str, parent: str, number: int, facts: Iterable[tuple[str, str]]) -> None:
        """Writes what has changed of a record's facts."""
        before = dict(self._connection.execute("SELECT field, value FROM facts WHERE number = ?", (number,)))
        after = dict(facts)
        gone = [(number, field) for field in before.keys() - after.keys()]
        shelf = _shelf(kind, parent)
        changed = [(number, *fact, shelf) for fact in after.items() - before.items()]
        self._connection.executemany("DELETE FROM facts WHERE number = ? AND field = ?", gone)
        self._connection.executemany(
            "INSERT INTO facts (number, field, value, shelf) VALUES (?, ?, ?, ?) ON CONFLICT (number, field) DO UPDATE "
            "SET value = excluded.value",
            changed,
        )

    def places(
        self,
        kind: str,
        parent: str,
        *,
        order_by: str,
        descending: bool,
        conditions: Sequence[Condition],
        beyond: Place | None,
    ) -> Iterator[Place]:
        """Where the records under a parent stand that fulfil conditions, in an order.

        Args:
            kind: Their kind.
            parent: What they are under.
            order_by: The field that orders them, which each of them has; empty for the order of creation.
            descending: Whether the last place comes first.
            conditions: What each of them fulfils.
            beyond: The place after which to go on; None begins.
        """
        conditions = list(dict.fromkeys(conditions))
        chosen = self._chosen(kind, parent, conditions, order_by)
        along = chosen.field if chosen else order_by
        value, values = _value(order_by, along)
        terms: list[Term] = [
            ("one.shelf = ? AND one.field = ?", (_shelf(kind, parent), along))
            if along
            else ("one.kind = ? AND one.parent = ?", (kind, parent))
        ]
        terms += [_term(condition, along) for condition in conditions]
        where = " AND ".join(text for text, _ in terms)
        begin, order = _part(("value", "number") if order_by else ("number",), descending, beyond)
        query = (
            f"SELECT value, number FROM (SELECT {value} AS value, one.number FROM {'facts' if along else 'records'} "  # noqa: S608 - no text of others
            f"AS one WHERE {where}) WHERE {begin[0]} ORDER BY {order}"
        )
        given = [one for _, some in (*terms, begin) for one in some]
        return map(Place._make, self._connection.execute(query, (*values, *given)))

    def _chosen(self, kind: str, parent: str, conditions: Sequence[Condition], order_by: str) -> Condition | None:
        """The condition whose records are gone through, and asked for what else they must be.

        None where the records are better gone through in their order, until a page is full.
        """
        counts = [(self._count(kind, parent, condition), condition) for condition in conditions]
        count, narrowest = min(counts, default=(FEW + 1, None))
        if count <= FEW:
            return narrowest
        # Those of one value lie in the order of creation.
        return None if order_by else next((condition for condition in conditions if condition.operator == "="), None)

    def _count(self, kind: str, parent: str, condition: Condition) -> int:
        """How many records fulfil a condition, counted up to one more than a few."""
        query = (
            "SELECT count(*) FROM (SELECT 1 FROM facts WHERE shelf = ? AND field = ? AND value "  # noqa: S608 - no text of others
            f"{condition.operator} ? LIMIT {FEW + 1})"
        )
        (count,) = self._connection.execute(query, (_shelf(kind, parent), condition.field, condition.value)).fetchone()
        return int(count)


def _shelf(kind: str, parent: str) -> int:
    """What stands in each fact for the kind and the parent of its record, many times shorter."""
    digest = hashlib.blake2b(f"{kind}\n{parent}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _value(order_by: str, along: str) -> Term:
    """The value that orders a list, where the facts of another field may be gone through."""
    if order_by == along:
        return ("one.value" if order_by else "''"), ()
    return "(SELECT value FROM facts WHERE number = one.number AND field = ?)", (order_by,)


def _term(condition: Condition, along: str) -> Term:
    field, operator, value = condition
    if field == along:
        return f"one.value {operator} ?", (value,)
    of_other = "SELECT 1 FROM facts AS other WHERE other.number = one.number AND other.field = ? AND other.value"
    return f"EXISTS ({of_other} {operator} ?)", (field, value)


def _part(columns: Sequence[str], descending: bool, beyond: Place | None) -> tuple[Term, str]:
    """Where to begin and in what order to go on, given the last columns of a place."""
    sign, direction = ("<", "DESC") if descending else (">", "ASC")
    order = ", ".join(f"{column} {direction}" for column in columns)
    if beyond is None:
        return ("TRUE", ()), order
    marks = ", ".join("?" * len(columns))
    return (f"({', '.join(columns)}) {sign} ({marks})", beyond[-len(columns) :]), order

"""Facts of a record: the texts that it can be found and ordered by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Generic, TypeVar

from emulator.api.filters import Condition, Field
from emulator.api.protobuf import pb_of

Record = TypeVar("Record")


def _itself(_tx: Any, record: Any) -> Any:
    return pb_of(record)


@dataclass(frozen=True)
class Facts(Generic[Record]):
    """What the records of a table can be found and ordered by.

    Attributes:
        filters: The fields that are looked up, in snake_case.
        orders: Those that lists are ordered by, a text or a time each. One that is in both is the same in both.
        view: What the fields are read of, given the transaction and a record.
    """

    filters: Mapping[str, Field]
    orders: Mapping[str, Field] = attribute(default_factory=dict)
    view: Callable[[Any, Record], Any] = _itself

    @property
    def fields(self) -> dict[str, Field]:
        """All of them, by name."""
        return {**self.filters, **self.orders}

    def of(self, tx: Any, record: Record) -> Iterator[tuple[str, str]]:
        """The facts of a record: each a field, `labels.KEY` where it holds labels, and its value as a text that sorts.

        An empty value is told only of a field that lists are ordered by.
        """
        item = self.view(tx, record)
        for name, field in self.fields.items():
            if field.kind == "labels":
                yield from ((f"{name}.{key}", value) for key, value in field.read(item).items())
            elif (text := field.text(item)) or name in self.orders:
                yield name, text

    def know(self, condition: Condition) -> bool:
        """Whether they can tell which records fulfil a condition."""
        return condition.field.partition(".")[0] in self.fields

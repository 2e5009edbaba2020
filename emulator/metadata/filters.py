"""MetadataService: the filters of its lists.

What other lists do not have, as Vertex AI documents it:

    in_context("projects/.../contexts/C")        of artifacts and executions
    parent_contexts:"projects/.../contexts/C"    of contexts, and child_contexts; several names after commas
    metadata.accuracy.number_value >= 0.9        also "input:epochs" in quotes, string_value, bool_value
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Value

from emulator.api.filters import COMPARE, TEXT_OPERATORS, TIME_OPERATORS, AllOf, Field, Parser, Predicate, unquoted
from emulator.api.store import Transaction
from emulator.metadata.records import ARTIFACT, CONTEXT, Kind
from emulator.metadata.relations import CHILDREN, HELD

Names = Callable[[str], list[str]]

_NAME = r'(?:"(?:[^"\\]|\\.)*"|[^\s()",]+)'
_IN_CONTEXT = re.compile(rf"(?P<relation>in_context)\s*\(\s*(?P<names>{_NAME})\s*\)")
_HAS_CONTEXTS = re.compile(rf"(?P<relation>parent_contexts|child_contexts)\s*:\s*(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)")
_METADATA = re.compile(
    r'metadata\b(?:\.(?P<key>"(?:[^"\\]|\\.)*"|[^\s()=!<>:"]+)\.(?P<type>number_value|string_value|bool_value)\b)?'
)
_FIELDS = {
    "name": Field(lambda item: item.name, kind="pattern"),
    "display_name": Field(lambda item: item.display_name, kind="pattern"),
    "schema_title": Field(lambda item: item.schema_title, kind="pattern"),
    "create_time": Field(lambda item: item.create_time, kind="time", operators=TIME_OPERATORS),
    "update_time": Field(lambda item: item.update_time, kind="time", operators=TIME_OPERATORS),
}
_STATE = {"state": Field(lambda item: item.state.name)}
_URI = {"uri": Field(lambda item: item.uri, kind="pattern")}
_READ: dict[str, Callable[[str], Any]] = {
    "number_value": float,
    "string_value": str,
    "bool_value": {"true": True, "false": False}.__getitem__,
}


@dataclass(frozen=True)
class Among:
    """Lets through the items of these names."""

    names: frozenset[str]

    def __call__(self, item: Any) -> bool:
        """Whether it lets an item through."""
        return item.name in self.names


def parse_metadata_filter(tx: Transaction, text: str, kind: Kind) -> Predicate:
    """Reads the filter of a list of contexts, artifacts or executions.

    Args:
        tx: Where relations are looked up.
        text: The request's filter; empty lets every item through.
        kind: What is listed.

    Raises:
        ApiError: INVALID_ARGUMENT, where it cannot be read or names something else.
    """
    return _MetadataParser(tx, text, kind).parse() if text.strip() else AllOf([])


def names_among(keep: Predicate) -> frozenset[str] | None:
    """The names that a filter cannot do without, where it asks for a relation; None where any name will do.

    With them a list reads the few items of a context, whatever else is in the store.
    """
    if isinstance(keep, Among):
        return keep.names
    if not isinstance(keep, AllOf):
        return None
    wanted = [names for part in keep.parts if (names := names_among(part)) is not None]
    return frozenset.intersection(*wanted) if wanted else None


class _MetadataParser(Parser):
    deepest = 5

    def __init__(self, tx: Transaction, text: str, kind: Kind) -> None:
        fields = _FIELDS if kind is CONTEXT else _FIELDS | _STATE
        super().__init__(text, fields | _URI if kind is ARTIFACT else fields)
        self._relation_pattern = _HAS_CONTEXTS if kind is CONTEXT else _IN_CONTEXT
        self._relations = _relations(tx, kind)

    def _comparison(self) -> Predicate:
        self._skip_space()
        related = self._relation_pattern.match(self._text, self._at)
        if related:
            self._at = related.end()
            find = self._relations[related["relation"]]
            names = re.findall(_NAME, related["names"])
            self._count(len(names) - 1)
            return AllOf([Among(frozenset(find(unquoted(name)))) for name in names])
        place = _METADATA.match(self._text, self._at)
        return self._metadata_comparison(place) if place else super()._comparison()

    def _metadata_comparison(self, place: re.Match[str]) -> Predicate:
        if not place["key"]:
            self._refuse("must name metadata as metadata.KEY.number_value, .string_value or .bool_value")
        self._at = place.end()
        operator, text = self._operator_and_value()
        key, compare = unquoted(place["key"]), COMPARE.get(operator)
        value_type: Any = place["type"]
        try:
            wanted = _READ[value_type](text)
        except (KeyError, ValueError):
            self._refuse(f'cannot compare a {value_type} with "{text}"')
        if compare is None or (value_type != "number_value" and operator not in TEXT_OPERATORS):
            self._refuse(f"cannot compare a {value_type} with {operator}")

        def keep(item: Any) -> bool:
            fields: Mapping[str, Value] = type(item).pb(item).metadata.fields
            if key not in fields or not fields[key].HasField(value_type):
                return False
            return compare(getattr(fields[key], value_type), wanted)

        return keep


def _relations(tx: Transaction, kind: Kind) -> dict[str, Names]:
    if kind is CONTEXT:
        return {
            "parent_contexts": lambda context: CHILDREN.members_of(tx, context),
            "child_contexts": lambda context: CHILDREN.owners_of(tx, context),
        }
    return {"in_context": lambda context: HELD[kind.noun].members_of(tx, context)}

"""List filters: the part of https://google.aip.dev/160 that Vertex AI documents.

    display_name="iris"    displayName = iris    labels.team="a" AND NOT labels:old    (model=1 OR model=2)
    display_name:"iris*"   end_time:*   create_time>"2026-05-18T00:00:00Z"

As in AIP-160, OR binds tighter than AND. A field or an operator that a list does not document is refused: an
unfiltered answer would be worse than none.
"""

from __future__ import annotations

import operator as comparisons
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, NoReturn

from emulator.api.errors import invalid

Predicate = Callable[[Any], bool]

# Cloud Logging's documented limit; for other lists it is a guess, as is that of comparisons, which each item takes.
LONGEST_FILTER = 20_000
MOST_COMPARISONS = 200
TEXT_OPERATORS = ("=", "!=")
WILDCARD_OPERATORS = ("=", "!=", ":")
TIME_OPERATORS = ("=", "!=", "<", ">", "<=", ">=")
_FIELD = re.compile(r'[A-Za-z_][\w]*(?:\.(?:"(?:[^"\\]|\\.)*"|[^\s()=!<>:"]+))?')
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>|:")
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[^\s()"\']+')
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": comparisons.eq,
    "!=": comparisons.ne,
    "<": comparisons.lt,
    ">": comparisons.gt,
    "<=": comparisons.le,
    ">=": comparisons.ge,
}


@dataclass(frozen=True)
class Field:
    """A field that a filter can name.

    Attributes:
        read: Gives the field's value of an item: a string, a mapping for labels, a datetime or None for a time.
        kind: `text`; `pattern`, a text where a `*` stands for anything with every operator; `time`; or `labels` for
            `labels.KEY=VALUE`, `labels.KEY:*` and `labels:KEY`.
        operators: What a text or a time can be compared with. With `:`, a `*` in the value stands for anything, and
            `FIELD:*` asks whether there is a value.
        missing: The text that a time sorts as which is not set.
    """

    read: Callable[[Any], Any]
    kind: Literal["text", "pattern", "time", "labels"] = "text"
    operators: tuple[str, ...] = TEXT_OPERATORS
    missing: str = ""

    def text(self, item: Any) -> str:
        """The value of an item, a text or a time, as a text that sorts as it does."""
        value = self.read(item)
        if self.kind == "time":
            return _sortable(value) if value else self.missing
        return str(value)


class Condition(NamedTuple):
    """What a field must be like, as a comparison of texts.

    Attributes:
        field: The field; `labels.KEY` for a label.
        operator: =, <, >, <= or >=.
        value: A text as `Field.text` gives it.
    """

    field: str
    operator: str
    value: str

    @classmethod
    def has(cls, field: str, key: str) -> Condition:
        """That a field of labels has a key."""
        return cls(f"{field}.{key}", ">=", "")


@dataclass(frozen=True)
class Comparison:
    """Lets an item through that a comparison lets through, and tells a condition that each such item fulfils."""

    compare: Predicate
    condition: Condition

    def __call__(self, item: Any) -> bool:
        """Whether it lets an item through."""
        return self.compare(item)


@dataclass(frozen=True)
class AllOf:
    """Lets an item through that all of its parts let through."""

    parts: list[Predicate]

    def __call__(self, item: Any) -> bool:
        """Whether it lets an item through."""
        return all(part(item) for part in self.parts)


def conditions_of(keep: Predicate) -> list[Condition]:
    """What each item fulfils that a filter lets through, as far as an index can tell it."""
    if isinstance(keep, Comparison):
        return [keep.condition]
    return [condition for part in keep.parts for condition in conditions_of(part)] if isinstance(keep, AllOf) else []


def parse_filter(text: str, fields: Mapping[str, Field]) -> Predicate:
    """Reads a filter.

    Args:
        text: The request's filter; empty lets every item through.
        fields: The fields that it can name, in snake_case.

    Raises:
        ApiError: INVALID_ARGUMENT, where it cannot be read or names something else.
    """
    if not text.strip():
        return lambda _item: True
    return Parser(text, fields).parse()


class Parser:
    """Reads a filter that is not empty.

    Args:
        text: The filter.
        fields: The fields that it can name, in snake_case.

    Attributes:
        deepest: How many parentheses may be open.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is too long.
    """

    deepest = 20

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        if len(text) > LONGEST_FILTER:
            raise invalid("filter", f"must be at most {LONGEST_FILTER} characters long. Received: {len(text)}.")
        self._text = text
        self._fields = fields
        self._at = 0
        self._depth = 0
        self._comparisons = 0

    def parse(self) -> Predicate:
        """What lets an item through: an `AllOf` of what AND joins.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        predicate = self._conjunction()
        self._skip_space()
        if self._at < len(self._text):
            self._refuse(f'cannot be read from "{self._text[self._at :]}" on')
        return predicate

    def _conjunction(self) -> AllOf:
        parts = [self._disjunction()]
        while self._word("AND"):
            parts.append(self._disjunction())
        return AllOf(parts)

    def _disjunction(self) -> Predicate:
        parts = [self._term()]
        while self._word("OR"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def _term(self) -> Predicate:
        if self._word("NOT"):
            inner = self._factor()
            return lambda item: not inner(item)
        return self._factor()

    def _factor(self) -> Predicate:
        self._skip_space()
        if not self._text.startswith("(", self._at):
            self._count(1)
            return self._comparison()
        self._at += 1
        self._depth += 1
        if self._depth > self.deepest:
            self._refuse("is nested too deeply")
        inner = self._conjunction()
        self._skip_space()
        if not self._text.startswith(")", self._at):
            self._refuse("lacks a closing parenthesis")
        self._at += 1
        self._depth -= 1
        return inner

    def _count(self, more: int) -> None:
        self._comparisons += more
        if self._comparisons > MOST_COMPARISONS:
            self._refuse(f"holds more than {MOST_COMPARISONS} comparisons")

    def _comparison(self) -> Predicate:
        name, key = self._field()
        field = self._fields.get(name)
        if field is None:
            self._refuse(f'cannot name "{name}". It can name: {", ".join(self._fields) or "nothing here"}')
        operator, value = self._operator_and_value()
        if field.kind == "labels":
            return self._label_comparison(name, key, operator, value)
        if key is not None or operator not in field.operators:
            self._refuse(f"can compare {name} only with {', '.join(field.operators)}")
        if operator == ":" and value == "*":
            return lambda item: bool(field.read(item))
        if field.kind == "time":
            return self._time_comparison(name, operator, value)
        equal = operator != "!="
        if operator == ":" or field.kind == "pattern":
            matches = pattern_matcher(value)
            return lambda item: matches(field.read(item)) is equal
        return _equality(name, field.read, value) if equal else lambda item: field.read(item) != value

    def _time_comparison(self, name: str, operator: str, value: str) -> Predicate:
        field = self._fields[name]
        wanted, compare = _moment(value), COMPARE.get(operator)
        if wanted is None or compare is None:
            self._refuse(f'must compare a time with one such as "2026-05-18T00:00:00Z", not with {operator}{value}')

        def keep(item: Any) -> bool:
            moment = field.read(item)
            return moment is not None and compare(moment, wanted)

        try:
            return keep if operator == "!=" else Comparison(keep, Condition(name, operator, _sortable(wanted)))
        except OverflowError:
            return keep

    def _label_comparison(self, name: str, key: str | None, operator: str, value: str) -> Predicate:
        read = self._fields[name].read
        if operator == ":" and (key is None or value == "*"):
            asked = value if key is None else key
            return Comparison(lambda item: asked in read(item), Condition.has(name, asked))
        if key is None or operator not in TEXT_OPERATORS:
            self._refuse("can ask of labels only labels.KEY=VALUE, labels.KEY!=VALUE, labels.KEY:* and labels:KEY")
        if operator == "!=":
            return lambda item: read(item).get(key) != value
        return _equality(f"{name}.{key}", lambda item: read(item).get(key), value)

    def _operator_and_value(self) -> tuple[str, str]:
        return self._take(_OPERATOR, "a comparison such as ="), unquoted(self._take(_VALUE, "a value"))

    def _field(self) -> tuple[str, str | None]:
        text = self._take(_FIELD, "a field's name")
        name, dot, key = text.partition(".")
        snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name)
        return snake, unquoted(key) if dot else None

    def _word(self, word: str) -> bool:
        self._skip_space()
        match = re.compile(rf"{word}(?=[\s(])").match(self._text, self._at)
        if match:
            self._at = match.end()
        return match is not None

    def _take(self, pattern: re.Pattern[str], wanted: str) -> str:
        self._skip_space()
        match = pattern.match(self._text, self._at)
        if match is None:
            self._refuse(f'needs {wanted} at "{self._text[self._at :]}"')
        self._at = match.end()
        return match[0]

    def _skip_space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _refuse(self, fault: str) -> NoReturn:
        raise invalid("filter", f'{fault}. Received: "{self._text}".')


def _equality(field: str, read: Callable[[Any], Any], value: str) -> Predicate:
    def keep(item: Any) -> bool:
        return bool(read(item) == value)

    # Of an empty text no index tells.
    return Comparison(keep, Condition(field, "=", value)) if value else keep


def pattern_matcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a whole text fits a pattern, in which a `*` stands for anything.

    It takes each part where it comes first and never goes back: no text takes longer than its length makes it.
    """
    first, *others = pattern.split("*")
    if not others:
        return lambda text: text == pattern
    *between, last = others

    def matches(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return False
        for part in between:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


def time_of(name: str) -> Callable[[Any], datetime | None]:
    """Reads a time of a protobuf message, which may have none."""

    def value(message: Any) -> datetime | None:
        moment: datetime | None = getattr(message, name).ToDatetime(tzinfo=UTC) if message.HasField(name) else None
        return moment

    return value


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _sortable(moment: datetime) -> str:
    """A time as a text in UTC, with microseconds: such texts sort as their times do.

    Raises:
        OverflowError: It lies, in UTC, before the year 1 or after the year 9999.
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def unquoted(text: str) -> str:
    """A value without the quotes around it, if there are any."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text

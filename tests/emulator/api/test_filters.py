from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.api.errors import ApiError
from emulator.api.filters import (
    LONGEST_FILTER,
    MOST_COMPARISONS,
    TIME_OPERATORS,
    WILDCARD_OPERATORS,
    Field,
    parse_filter,
    pattern_matcher,
)
from tests.growth import assert_linear

FIELDS = {
    "display_name": Field(lambda item: item["name"], operators=WILDCARD_OPERATORS),
    "schedule_name": Field(lambda item: item["schedule"]),
    "labels": Field(lambda item: item["labels"], kind="labels"),
    "create_time": Field(lambda item: item["created"], kind="time", operators=TIME_OPERATORS),
    "end_time": Field(lambda item: item["ended"], kind="time", operators=(*TIME_OPERATORS, ":")),
}
ITEM: dict[str, Any] = {
    "name": "iris",
    "schedule": "projects/p/schedules/1",
    "labels": {"a": "b", "x y": "z"},
    "created": datetime(2026, 5, 18, 12, tzinfo=UTC),
    "ended": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'display_name="iris"',
        "displayName='iris'",
        "display_name = iris",
        "schedule_name=projects/p/schedules/1",
        'display_name!="other"',
        "labels.a=b",
        'labels."x y"="z"',
        "labels.a:*",
        "labels:a",
        "NOT labels:missing",
        "labels.a!=c AND labels.missing!=c",
        # OR binds tighter than AND.
        "display_name=iris OR display_name=x AND labels:a",
        "((display_name=iris))",
        'display_name:"ir*"',
        "display_name:*",
        'createTime="2026-05-18T14:00:00+02:00" AND create_time>2026-05-18T11:59:59.5Z',
        'create_time<"2026-05-18T12:00:01Z" AND create_time!="2026-05-18T12:00:01Z"',
        'end_time>"2021-05-18T00:00:00Z" OR NOT end_time:*',
    ],
)
def test_lets_a_matching_item_through(text: str) -> None:
    assert parse_filter(text, FIELDS)(ITEM)


@pytest.mark.parametrize(
    "text",
    ['display_name="x"', "labels.a=c", "labels:b", "NOT display_name=iris", "display_name=iris AND labels:b",
     "display_name=iris OR labels:a AND labels:b", 'display_name:"iri"', 'display_name:"*x"', "end_time:*",
     'end_time!="2021-05-18T00:00:00Z"', 'create_time>="2026-05-18T12:00:00.000001Z"'],
)  # fmt: skip
def test_keeps_another_item_back(text: str) -> None:
    assert not parse_filter(text, FIELDS)(ITEM)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("colour=red", 'cannot name "colour". It can name: display_name, schedule_name, labels'),
        ("display_name", "needs a comparison such as = at"),
        ("display_name=", "needs a value at"),
        ("display_name<x", "can compare display_name only with =, !="),
        ("display_name.x=y", "can compare display_name only with"),
        ("labels.a<b", "can ask of labels only"),
        ("labels=b", "can ask of labels only"),
        ("create_time>yesterday", "must compare a time with one such as"),
        ("create_time>2026-05-18T00:00:00", "must compare a time with one such as"),
        ("create_time:*", "can compare create_time only with =, !=, <, >, <=, >="),
        ("end_time:2026-05-18T00:00:00Z", "must compare a time with one such as"),
        ("(display_name=x", "lacks a closing parenthesis"),
        ("display_name=x y", 'cannot be read from "y" on'),
        ("=x", "needs a field's name at"),
        ("x" * (LONGEST_FILTER + 1), "must be at most 20000 characters long. Received: 20001."),
        (" OR ".join(["labels:a"] * (MOST_COMPARISONS + 1)), "holds more than 200 comparisons"),
        ("(" * 30 + "display_name=x" + ")" * 30, "is nested too deeply"),
    ],
)
def test_refuses_what_it_cannot_apply(text: str, sentence: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_filter(text, FIELDS)
    assert sentence in caught.value.message
    assert caught.value.status == "INVALID_ARGUMENT"


@given(st.text(alphabet='()=!<>:"\\ .abANDORNOT*display_namelabels', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_filter(text, FIELDS)(ITEM)
    except ApiError as error:
        assert error.status == "INVALID_ARGUMENT"  # noqa: PT017 - either way is right


@given(st.text(alphabet="ab\n*", max_size=12), st.text(alphabet="ab\n", max_size=20))
def test_a_star_stands_for_anything(pattern: str, text: str) -> None:
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    assert pattern_matcher(pattern)(text) == (wanted.fullmatch(text) is not None)


def test_stars_take_no_longer_than_the_name_is() -> None:
    keep = parse_filter('display_name:"*a*a*b"', FIELDS)
    assert_linear(keep, lambda size: {"name": "a" * size}, 120)


def test_more_stars_take_no_longer_than_the_filter_is() -> None:
    name = "a" * 400
    assert_linear(lambda matches: matches(name), lambda size: pattern_matcher("*a" * size + "*b*"), 100)


def test_a_filter_is_read_once() -> None:
    assert_linear(lambda text: parse_filter(text, FIELDS), lambda size: " AND ".join(["labels:a"] * size), 50)

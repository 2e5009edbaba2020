"""Globs of object names, as objects.list of the JSON API takes them in matchGlob.

All places of the pattern at which a name may stand are kept at once, so that the time grows with the product of both
lengths and with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from emulator.api.errors import ApiError

LONGEST = 1024
MOST_ALTERNATIVES = 100


class _Step(NamedTuple):
    """One part of a pattern: which characters it takes, and whether any number of them."""

    takes: Callable[[str], bool]
    repeats: bool = False


class Glob:
    """A compiled pattern.

    `*` and `?` take what is no slash, `**` takes anything, `[a-z]` and `[!a-z]` take one of a kind, `{a,b}` either.

    Args:
        pattern: The pattern.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is too long or its brackets are not closed.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise _refused(pattern, f"holds more than {LONGEST} characters")
        self._alternatives = [_steps(text, pattern) for text in _alternatives(pattern)]

    def matches(self, name: str) -> bool:
        """Whether it takes a whole name."""
        return any(_matches(steps, name) for steps in self._alternatives)


def _refused(pattern: str, fault: str) -> ApiError:
    return ApiError("INVALID_ARGUMENT", f"Invalid value for: matchGlob {fault}. Received: {pattern[:100]!r}.")


def _alternatives(pattern: str) -> list[str]:
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        text = waiting.pop()
        head, brace, rest = text.partition("{")
        if not brace:
            done.append(text)
            continue
        inner, closing, tail = rest.partition("}")
        if not closing:
            raise _refused(pattern, "has a brace that is not closed")
        waiting += [f"{head}{choice}{tail}" for choice in inner.split(",")]
        if len(waiting) + len(done) > MOST_ALTERNATIVES:
            raise _refused(pattern, f"has more than {MOST_ALTERNATIVES} alternatives")
    return done


def _steps(text: str, pattern: str) -> list[_Step]:
    steps: list[_Step] = []
    place = 0
    while place < len(text):
        if text.startswith("**", place):
            steps.append(_Step(lambda _: True, repeats=True))
            place += 2
            continue
        if text[place] == "[":
            end = text.find("]", place + 2)
            if end < 0:
                raise _refused(pattern, "has a bracket that is not closed")
            steps.append(_one_of(text[place + 1 : end]))
            place = end + 1
            continue
        steps.append(_simple(text[place]))
        place += 1
    return steps


def _simple(character: str) -> _Step:
    if character in "*?":
        return _Step(lambda other: other != "/", repeats=character == "*")
    return _Step(lambda other: other == character)


def _one_of(inner: str) -> _Step:
    is_negative = inner[0] in "!^"
    ranges = [*_ranges(inner[1:] if is_negative else inner)]
    return _Step(lambda other: other != "/" and any(low <= other <= high for low, high in ranges) is not is_negative)


def _ranges(inner: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(inner):
        if inner[place + 1 : place + 2] == "-" and place + 2 < len(inner):
            yield inner[place], inner[place + 2]
            place += 3
        else:
            yield inner[place], inner[place]
            place += 1


def _matches(steps: list[_Step], name: str) -> bool:
    places = _reached(steps, {0})
    for character in name:
        after = {
            place if steps[place].repeats else place + 1
            for place in places
            if place < len(steps) and steps[place].takes(character)
        }
        places = _reached(steps, after)
        if not places:
            return False
    return len(steps) in places


def _reached(steps: list[_Step], places: set[int]) -> set[int]:
    """The places, and those behind parts that may take nothing."""
    reached = set()
    for first in sorted(places):
        place = first
        reached.add(place)
        while place < len(steps) and steps[place].repeats:
            place += 1
            reached.add(place)
    return reached

"""What values of the run configuration must fulfil, each rule with the words that say so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LARGEST_WHOLE = 2**31 - 1


@dataclass(frozen=True)
class Rule:
    """What a value must fulfil.

    Attributes:
        must: Completes the sentence "`field` must ...".
        admits: Whether a value of the field's own type fulfils it. NaN fulfils no rule.
    """

    must: str
    admits: Callable[[Any], bool]


def whole(low: int, high: int = LARGEST_WHOLE) -> Rule:
    """A whole number from `low` to `high`, both included."""
    return Rule(f"be a whole number from {low} to {high}", lambda value: low <= value <= high)


def one_of(*words: str) -> Rule:
    """One of the given words."""
    return Rule(f"be one of {', '.join(words)}", lambda value: value in words)


SHARE = Rule("lie between 0 and 1", lambda value: 0 <= value <= 1)
SHARE_BELOW_ONE = Rule("lie between 0 and 1, 1 excluded", lambda value: 0 <= value < 1)
POSITIVE = Rule("be a finite number above 0", lambda value: 0 < value <= sys.float_info.max)
POSITIVE_TO_TEN = Rule("lie above 0 and not above 10", lambda value: 0 < value <= 10)

LOCATION = Rule("name a file", lambda value: bool(value.strip()) and "\0" not in value)
PIPELINE_NAME = Rule(
    "begin with a lower-case letter and hold up to 128 lower-case letters, digits and hyphens",
    lambda value: re.fullmatch(r"[a-z][a-z0-9-]{0,127}", value) is not None,
)

_WORD = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IMAGE = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?/)?"
    rf"{_WORD}(?:/{_WORD})*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


def _is_pinned(image: str) -> bool:
    parts = _IMAGE.fullmatch(image) if len(image) <= 512 else None
    return parts is not None and parts["tag"] != "latest" and bool(parts["tag"] or parts["digest"])


PINNED_IMAGE = Rule("name an image with a tag other than latest, or with a sha256 digest", _is_pinned)

"""What readers call staged inputs, whose places are named after their content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline.digests import shortened

_FOLDER = re.compile(r"gs://[^/\s]+/data/([0-9a-f]{64})")
_PREFIX = re.compile(rf"{_FOLDER.pattern}/")
_PLACE = re.compile(rf"{_FOLDER.pattern}(/.*)?")


def is_staged(uri: str) -> bool:
    """Whether a URI is the place of a staged input."""
    return _PLACE.fullmatch(uri) is not None


def by_its_name(text: str, parameters: Mapping[str, Any]) -> str:
    """A text in which staged inputs are called by their files' names, without the folder that is their content's sum.

    Args:
        text: A sentence, or a staged input's URI.
        parameters: Those of the run: they tell which inputs are several files, that were numbered when staged.
    """
    for value in parameters.values():
        if isinstance(value, str) and _FOLDER.fullmatch(value):
            text = re.sub(rf"{re.escape(value)}/\d{{5}}-", "", text)
    return _PREFIX.sub("", text)


def name_and_sum(uri: str) -> str:
    """A staged input by its file's name and its content's sum; another as it is."""
    found = _PLACE.fullmatch(uri)
    if found is None:
        return uri
    return f"{(found[2] or '').removeprefix('/') or 'several files'} (sha256 {shortened(found[1])})"

"""Pages of a bucket's objects, by prefix and as folders."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from emulator.api.errors import ApiError
from emulator.storage.conditions import number_of
from emulator.storage.globs import Glob
from emulator.storage.records import StoredObject

LARGEST_PAGE = 1000
# Behind every name that begins as what stands before it.
_LAST = "\U0010ffff"


class Page(NamedTuple):
    """A page.

    Attributes:
        items: Its objects.
        prefixes: Its folders.
        token: What asks for the next page; empty where there is none.
    """

    items: list[StoredObject]
    prefixes: list[str]
    token: str


def list_page(read: Callable[[str, int], list[StoredObject]], query: Mapping[str, str]) -> Page:
    """One page.

    Args:
        read: Gives up to so many objects of the bucket in the order of their names, from a name on.
        query: Query parameters: prefix, delimiter, startOffset, endOffset, matchGlob, maxResults, pageToken,
            includeTrailingDelimiter.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    asked = number_of(query, "maxResults")
    size = min(asked or LARGEST_PAGE, LARGEST_PAGE)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    keep = Glob(query["matchGlob"]).matches if query.get("matchGlob") else _all
    with_trailing = query.get("includeTrailingDelimiter") == "true"
    first = max(prefix, query.get("startOffset", ""), _name_of(query.get("pageToken", "")))
    items: list[StoredObject] = []
    prefixes: list[str] = []
    for found, folder in _walk(read, first, prefix, delimiter, query.get("endOffset", "")):
        if len(items) + len(prefixes) == size:
            return Page(items, prefixes, _token_of(folder or found.name))
        if folder:
            prefixes.append(folder)
        if (not folder or (with_trailing and found.name == folder)) and keep(found.name):
            items.append(found)
    return Page(items, prefixes, "")


def _all(_name: str) -> bool:
    return True


def _walk(
    read: Callable[[str, int], list[StoredObject]], first: str, prefix: str, delimiter: str, end: str
) -> Iterator[tuple[StoredObject, str]]:
    """Objects in order; of those in one folder the first alone, with the folder's name."""
    while True:
        batch = read(first, LARGEST_PAGE)
        for found in batch:
            if not found.name.startswith(prefix) or (end and found.name >= end):
                return
            inner = found.name[len(prefix) :].partition(delimiter) if delimiter else (found.name, "", "")
            folder = f"{prefix}{inner[0]}{delimiter}" if inner[1] else ""
            first = f"{folder}{_LAST}" if folder else f"{found.name}\0"
            yield found, folder
            if folder:
                break
        else:
            if len(batch) < LARGEST_PAGE:
                return


def _token_of(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _name_of(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ApiError("INVALID_ARGUMENT", f"Invalid value for: pageToken. Received: {token[:100]!r}.") from None

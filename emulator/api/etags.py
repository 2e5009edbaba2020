"""Etags: what a client sends back to change only what it has read."""

from __future__ import annotations

import hashlib
from typing import Any

import proto

from emulator.api.errors import precondition


def etag_of(message: proto.Message) -> str:
    """The etag of a resource's present content."""
    pb = type(message).pb(message)
    content: Any = type(pb)()
    content.CopyFrom(pb)
    content.ClearField("etag")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()[:16]


def require_etag(given: str, current: str, name: str) -> None:
    """Refuses a change of something that has changed since the client read it.

    Raises:
        ApiError: FAILED_PRECONDITION (a guess; https://google.aip.dev/154 says ABORTED).
    """
    if given and given != current:
        raise precondition(
            f'The etag "{given}" of {name} is not the current one, "{current}": the resource has changed since it '
            "was read. Read it again."
        )

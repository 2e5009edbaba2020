"""Google's rules for the names of buckets and objects.

https://cloud.google.com/storage/docs/buckets#naming, https://cloud.google.com/storage/docs/objects#naming
"""

from __future__ import annotations

import re

from emulator.api.errors import ApiError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_LONGEST_PART = 63
_LONGEST_OBJECT = 1024
_RESERVED = ".well-known/acme-challenge/"


def require_bucket_name(name: str) -> None:
    """Refuses what cannot be a bucket.

    Raises:
        ApiError: INVALID_ARGUMENT, with the rule.
    """
    parts = name.split(".")
    is_name = _BUCKET.fullmatch(name) and not _ADDRESS.fullmatch(name)
    if not is_name or not all(0 < len(part) <= _LONGEST_PART for part in parts):
        raise ApiError(
            "INVALID_ARGUMENT",
            f"Invalid bucket name: '{name[:300]}'. It must hold 3 to 63 lower-case letters, digits, hyphens, "
            "underscores and dots (222 with dots, 63 between two), begin and end with a letter or digit, and be no IP "
            "address.",
        )
    if name.startswith("goog") or "google" in name:
        raise ApiError("INVALID_ARGUMENT", f"Invalid bucket name: '{name}'. Names of Google's are reserved.")


def require_object_name(name: str) -> None:
    """Refuses what cannot be an object.

    Raises:
        ApiError: INVALID_ARGUMENT, with the rule.
    """
    if not name:
        raise ApiError("INVALID_ARGUMENT", "Required: the name of the object.")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ApiError("INVALID_ARGUMENT", "Disallowed unicode characters present in object name.") from None
    if size > _LONGEST_OBJECT:
        raise ApiError("INVALID_ARGUMENT", f"The maximum object length is {_LONGEST_OBJECT} bytes. Received: {size}.")
    if {"\r", "\n", "\0"} & set(name) or name in {".", ".."} or name.startswith(_RESERVED):
        raise ApiError("INVALID_ARGUMENT", f"Invalid object name: {name!r}.")

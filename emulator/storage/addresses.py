"""The paths of Cloud Storage's API, taken apart."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from emulator.api.errors import ApiError

JSON_API = "/storage/v1/"
UPLOAD_API = "/upload/storage/v1/"
DOWNLOAD_API = "/download/storage/v1/"
BATCH_API = "/batch/storage/v1"
_OF_BUCKETS = {(): "bucket", ("o",): "objects", ("iam", "testPermissions"): "permissions"}
# What a path may end with, behind an object: an action of it, with the place that it acts on.
_ACTIONS = ("compose", "copyTo", "moveTo", "rewriteTo")


class Address(NamedTuple):
    """Where a request goes.

    Attributes:
        kind: `buckets`, `bucket`, `objects`, `object`, `permissions` of the JSON API; `upload`; `download`; `batch`;
            `public`, an object by its plain path, as signed URLs and browsers ask for it.
        bucket: The bucket, or nothing.
        name: The object's name, or nothing.
        action: `compose`, `copyTo`, `moveTo` or `rewriteTo`, or nothing.
        target: The bucket and object that an action makes.
    """

    kind: str
    bucket: str = ""
    name: str = ""
    action: str = ""
    target: tuple[str, str] = ("", "")


# The same objects are read again and again.
@lru_cache(maxsize=256)
def parse_address(raw_path: str, method: str) -> Address:
    """Takes a path apart, before anything in it is decoded.

    Args:
        raw_path: The path as it was sent.
        method: The request's method: actions are POSTed.

    Raises:
        ApiError: NOT_FOUND, where the API has no such path.
    """
    if raw_path.rstrip("/") == BATCH_API:
        return Address("batch")
    for prefix, parse in ((JSON_API, _json), (UPLOAD_API, _upload), (DOWNLOAD_API, _download)):
        if raw_path.startswith(prefix):
            found = parse(raw_path.removeprefix(prefix).split("/"), method)
            break
    else:
        bucket, _, name = raw_path.removeprefix("/").partition("/")
        found = Address("public", _decoded(bucket), _decoded(name)) if bucket and name else None
    if found is None:
        raise ApiError("NOT_FOUND", f"Cloud Storage's API has no path {raw_path[:200]}, or the emulator serves it not.")
    return found


def _json(parts: list[str], method: str) -> Address | None:
    match parts:
        case ["b"]:
            return Address("buckets")
        case ["b", bucket, *rest] if tuple(rest) in _OF_BUCKETS:
            return Address(_OF_BUCKETS[tuple(rest)], _decoded(bucket))
        case ["b", bucket, "o", name, *rest] if method == "POST" and rest and rest[0] in _ACTIONS:
            return _action(_decoded(bucket), _decoded(name), rest)
        case ["b", bucket, "o", *name]:
            # A slash within a name is sent as %2F, but by some as it is.
            return Address("object", _decoded(bucket), _decoded("/".join(name)))
    return None


def _action(bucket: str, name: str, parts: list[str]) -> Address | None:
    match parts:
        case ["compose"]:
            return Address("object", bucket, name, "compose", (bucket, name))
        case ["copyTo" | "rewriteTo" as action, "b", target, "o", *target_name]:
            return Address("object", bucket, name, action, (_decoded(target), _decoded("/".join(target_name))))
        case ["moveTo", "o", *target_name]:
            return Address("object", bucket, name, "moveTo", (bucket, _decoded("/".join(target_name))))
    return None


def _upload(parts: list[str], _method: str) -> Address | None:
    match parts:
        case ["b", bucket, "o"]:
            return Address("upload", _decoded(bucket))
    return None


def _download(parts: list[str], _method: str) -> Address | None:
    match parts:
        case ["b", bucket, "o", *name] if name:
            return Address("download", _decoded(bucket), _decoded("/".join(name)))
    return None


def _decoded(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise ApiError("INVALID_ARGUMENT", f"A name must be UTF-8. Received: {part[:200]}.") from None

"""The path of a request, taken apart, and what the API calls the method at it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from emulator.api.errors import ApiError, invalid
from emulator.api.names import is_part

VERSIONS = ("v1", "v1beta1", "ui")
# Verbs that stand before the name of a resource in the names of methods; others are names by themselves.
_VERBS_OF_RESOURCES = {
    "cancel", "pause", "resume", "import", "export", "upload", "copy", "batchDelete", "batchCancel",
}  # fmt: skip
# What the values are called that every resource name begins with.
_PLACES = {"projects": "project", "locations": "location"}


class Path(NamedTuple):
    """A request's path, taken apart.

    Attributes:
        version: `v1`, `v1beta1` or `ui`, under which the SDK polls operations.
        segments: The parts of the resource name, decoded.
        verb: What follows the colon, or an empty string.
    """

    version: str
    segments: tuple[str, ...]
    verb: str

    @property
    def name(self) -> str:
        """The path as a name."""
        return "/".join(self.segments)

    @property
    def resource(self) -> str:
        """The resource that the path names; for a collection, the one that holds it."""
        return "/".join(self.segments[: len(self.segments) // 2 * 2])


# Clients ask for the same resources again and again.
@lru_cache(maxsize=256)
def parse_path(raw_path: str) -> Path:
    """Takes a raw path apart: at the slashes, then at the last part's colon, and decodes each part only then.

    Raises:
        ApiError: INVALID_ARGUMENT, where a value holds a slash or means something else in a path, such as "..";
            UNIMPLEMENTED, where the path is none of the API.
    """
    slash, version, *parts = raw_path.split("/") if raw_path.count("/") > 1 else ("", "")
    if slash or version not in VERSIONS:
        raise ApiError("UNIMPLEMENTED", f"{raw_path} is not a path of the Vertex AI API.")
    parts[-1], _, verb = parts[-1].partition(":")
    segments = tuple(unquote(part) for part in parts)
    if any("/" in segment for segment in segments):
        raise ApiError("INVALID_ARGUMENT", f"A part of a resource name cannot hold a slash. Received: {raw_path}.")
    _require_parts(segments)
    return Path(version, segments, unquote(verb))


def _require_parts(segments: tuple[str, ...]) -> None:
    for kind, value in zip(segments[::2], segments[1::2], strict=False):
        # Without its value, a collection is the end of a path that is not served.
        if not is_part(value) and (value or kind in _PLACES):
            raise invalid(
                _PLACES.get(kind, "name"),
                'must be no empty text, no "." or "..", and hold neither slashes nor control characters. '
                f"Received: {value!r}.",
            )


def method_name(http_method: str, path: Path) -> str:
    """What a method is called, by the API's own rules: CreatePipelineJob, ListSchedules, CancelCustomJob."""
    if path.verb and path.verb not in _VERBS_OF_RESOURCES:
        return path.verb[:1].upper() + path.verb[1:]
    if not path.segments:
        return "The method"
    of_one = len(path.segments) % 2 == 0
    collection = path.segments[-2] if of_one else path.segments[-1]
    plural = collection[:1].upper() + collection[1:]
    if path.verb.startswith("batch"):
        return path.verb[:1].upper() + path.verb[1:] + plural
    singular = re.sub(r"ies$", "y", plural) if plural.endswith("ies") else re.sub(r"s$", "", plural)
    if path.verb:
        return path.verb[:1].upper() + path.verb[1:] + singular
    if http_method == "GET":
        return f"Get{singular}" if of_one else f"List{plural}"
    return {"POST": "Create", "PATCH": "Update", "DELETE": "Delete"}.get(http_method, http_method) + singular

"""Resource names, and which ids the API takes for new resources."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from emulator.api.errors import ApiError, invalid

MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
ENDPOINT_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,8}")
DEPLOYED_MODEL_ID = re.compile(r"[1-9][0-9]{0,9}")
ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
VERSION_ID = re.compile(r"[1-9][0-9]*")
# The SDK takes no model id of one character for a resource id (_revisioned_resource_id_validator).
SHORTEST_MODEL_ID = 2


class ModelName(NamedTuple):
    """A model's name, with or without a version.

    Attributes:
        model: The name without the version, `projects/P/locations/L/models/M`.
        version: A version id, an alias, `-`, or an empty string where none is named.
    """

    model: str
    version: str

    @classmethod
    def parse(cls, name: str) -> ModelName:
        """Splits `projects/P/locations/L/models/M@V`."""
        head, _, last = name.rpartition("/")
        model, _, version = last.partition("@")
        return cls(f"{head}/{model}", version)


def is_part(text: str) -> bool:
    """Whether a text can be a part of a resource name: no empty one, no "." or "..", no slash, nothing unprintable.

    Vertex AI's own ids of projects and locations are fewer. What is told apart here are those that would mean something
    else as a part of a path.
    """
    return text not in {"", ".", ".."} and text.isprintable() and not {"/", "\\"} & set(text)


def location_of(name: str) -> str:
    """The `projects/P/locations/L` that a resource name begins with."""
    return "/".join(name.split("/")[:4])


def parent_of(name: str) -> str:
    """The name of the resource or location that holds the named one: the name without its last two parts."""
    return name.rsplit("/", 2)[0]


def id_of(name: str) -> str:
    """The last part of a resource name."""
    return name.rpartition("/")[2]


def new_id() -> str:
    """An id such as Vertex AI makes for models, endpoints and operations: 19 digits."""
    return str(10**18 + secrets.randbelow(8 * 10**18))


def new_deployed_model_id() -> str:
    """An id for a deployed model: 10 digits."""
    return str(10**9 + secrets.randbelow(9 * 10**9))


def model_id(given: str) -> str:
    """The id of a new model: the one that was asked for, or a fresh one.

    Raises:
        ApiError: INVALID_ARGUMENT, where the id asked for is malformed.
    """
    if not given:
        return new_id()
    if not MODEL_ID.fullmatch(given) or len(given) < SHORTEST_MODEL_ID:
        raise invalid(
            "model_id",
            "must be 2 to 63 characters, lowercase letters, digits, `_` and `-`, and must not start with a digit "
            f'or a hyphen. Received: "{given}".',
        )
    return given


def endpoint_id(given: str) -> str:
    """The id of a new endpoint: the one that was asked for, or a fresh one.

    Raises:
        ApiError: INVALID_ARGUMENT, where the id asked for is malformed.
    """
    if not given:
        return new_id()
    if not ENDPOINT_ID.fullmatch(given):
        raise invalid(
            "endpoint_id",
            "must start with a letter, be up to 63 lowercase letters, digits and hyphens, and end with a letter or "
            f'digit; or be up to 9 digits without a leading zero. Received: "{given}".',
        )
    return given


def require_model_name(name: str, field: str) -> ModelName:
    """Splits a model's name given inside a request body.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is no model's name.
    """
    is_name = re.fullmatch(r"projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?", name)
    if not is_name or not all(map(is_part, name.split("/"))):
        wanted = "projects/PROJECT/locations/LOCATION/models/MODEL, with or without @VERSION"
        raise ApiError("INVALID_ARGUMENT", f'Field: {field}; Message: must be {wanted}. Received: "{name}".')
    return ModelName.parse(name)

"""Preconditions: https://cloud.google.com/storage/docs/request-preconditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.api.errors import ApiError
from emulator.storage.records import StoredObject


class NotModifiedError(Exception):
    """What was asked for only if it had changed has not changed."""


@dataclass(frozen=True)
class Conditions:
    """What must hold for a request to be carried out; None asks for nothing.

    Attributes:
        generation_match: The object's generation; 0 is that of no object.
        generation_not_match: A generation that it must not have.
        metageneration_match: The object's metageneration.
        metageneration_not_match: A metageneration that it must not have.
    """

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    def require(self, found: StoredObject | None) -> None:
        """Holds an object, or its absence, against them.

        Raises:
            ApiError: FAILED_PRECONDITION.
        """
        generation = found.generation if found else 0
        metageneration = found.metageneration if found else 0
        for name, wanted, received, must_equal in (
            ("ifGenerationMatch", self.generation_match, generation, True),
            ("ifGenerationNotMatch", self.generation_not_match, generation, False),
            ("ifMetagenerationMatch", self.metageneration_match, metageneration, True),
            ("ifMetagenerationNotMatch", self.metageneration_not_match, metageneration, False),
        ):
            if wanted is not None and (wanted == received) is not must_equal:
                raise ApiError(
                    "FAILED_PRECONDITION",
                    f"At least one of the pre-conditions you specified did not hold: {name} is {wanted}, and the "
                    f"object's is {received}.",
                )

    def require_modified(self, found: StoredObject) -> None:
        """Likewise for a reading, which a condition of the kind NotMatch makes needless.

        Raises:
            ApiError: FAILED_PRECONDITION.
            NotModifiedError: It is what the reader has already.
        """
        if found.generation == self.generation_not_match or found.metageneration == self.metageneration_not_match:
            raise NotModifiedError
        self.require(found)


NO_CONDITIONS = Conditions()


def conditions_of(query: Mapping[str, str], prefix: str = "if") -> Conditions:
    """The preconditions among query parameters.

    Args:
        query: The parameters.
        prefix: `if`, or `ifSource` for those of what is copied.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    return Conditions(
        number_of(query, f"{prefix}GenerationMatch"),
        number_of(query, f"{prefix}GenerationNotMatch"),
        number_of(query, f"{prefix}MetagenerationMatch"),
        number_of(query, f"{prefix}MetagenerationNotMatch"),
    )


def number_of(query: Mapping[str, str], name: str) -> int | None:
    """A query parameter that is a whole number, if it is there.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    text = query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(2**63)):
        raise ApiError("INVALID_ARGUMENT", f"Invalid value for: {name} must be a whole number. Received: {text!r}.")
    return int(text)

"""What the emulator refuses with: Google's error model, https://google.aip.dev/193."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

# HTTP status and google.rpc.Code number of each canonical status that the emulator answers.
STATUSES = {
    "CANCELLED": (499, 1),
    "INVALID_ARGUMENT": (400, 3),
    "DEADLINE_EXCEEDED": (504, 4),
    "NOT_FOUND": (404, 5),
    "ALREADY_EXISTS": (409, 6),
    "PERMISSION_DENIED": (403, 7),
    "RESOURCE_EXHAUSTED": (429, 8),
    "FAILED_PRECONDITION": (400, 9),
    "ABORTED": (409, 10),
    "UNIMPLEMENTED": (501, 12),
    "INTERNAL": (500, 13),
    "UNAVAILABLE": (503, 14),
}


class Violation(NamedTuple):
    """One field of a request that breaks a rule.

    Attributes:
        field: Its path from the request's body on, in snake_case: `endpoint.labels`.
        description: What is wrong with it.
    """

    field: str
    description: str


class ApiError(Exception):
    """A refusal, as an HTTP answer or as the error of an operation.

    Args:
        status: A canonical name, one of `STATUSES`.
        message: What is wrong, in a sentence.
        violations: The fields at fault, for INVALID_ARGUMENT.
    """

    def __init__(self, status: str, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.violations = tuple(violations)

    @property
    def http_status(self) -> int:
        """The HTTP status code."""
        return STATUSES[self.status][0]

    @property
    def code(self) -> int:
        """The google.rpc.Code number, which an operation's error carries."""
        return STATUSES[self.status][1]

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        error: dict[str, Any] = {"code": self.http_status, "message": self.message, "status": self.status}
        if self.violations:
            fields = [{"field": field, "description": text} for field, text in self.violations]
            detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}
            error["details"] = [detail]
        return {"error": error}


def invalid(field: str, description: str) -> ApiError:
    """INVALID_ARGUMENT for one field."""
    return invalid_fields([Violation(field, description)])


def invalid_fields(violations: Iterable[Violation]) -> ApiError:
    """INVALID_ARGUMENT for several fields, listed in one message as Vertex AI does."""
    violations = tuple(violations)
    listed = "\t".join(
        f"{number}.Field: {field}; Message: {text}" for number, (field, text) in enumerate(violations, start=1)
    )
    return ApiError("INVALID_ARGUMENT", f"List of found errors:\t{listed}\t", violations)


def precondition(message: str) -> ApiError:
    """FAILED_PRECONDITION: a right request in the wrong state."""
    return ApiError("FAILED_PRECONDITION", message)


def not_found(noun: str, name: str) -> ApiError:
    """NOT_FOUND for a resource.

    Args:
        noun: What it is, as in `Model`.
        name: Its resource name.
    """
    return ApiError("NOT_FOUND", f'The {noun} "{name}" does not exist.')


def already_exists(noun: str, name: str) -> ApiError:
    """ALREADY_EXISTS for a resource whose id is taken."""
    return ApiError("ALREADY_EXISTS", f'The {noun} "{name}" already exists.')


def fault(what: str, error: Exception) -> ApiError:
    """INTERNAL, where the emulator itself has failed; or the refusal that it met on the way.

    Args:
        what: What it failed at, in a sentence without its full stop.
        error: Why.
    """
    if isinstance(error, ApiError):
        return error
    why = f"{type(error).__name__}: {error}".rstrip(".")
    return ApiError(
        "INTERNAL",
        f"{what}: {why}. Try again. The emulator's own output has the traceback: emulator.log in its state folder, "
        "if a command line started it.",
    )

"""Answers as Cloud Storage gives them: JSON, errors with reasons, headers that keep browsers from running objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.codec import encode_json
from emulator.api.errors import ApiError

# HTTP status and reason by the canonical status: https://cloud.google.com/storage/docs/json_api/v1/status-codes.
_REASONS = {
    "ABORTED": (409, "conflict"),
    "ALREADY_EXISTS": (409, "conflict"),
    "FAILED_PRECONDITION": (412, "conditionNotMet"),
    "INVALID_ARGUMENT": (400, "invalid"),
    "NOT_FOUND": (404, "notFound"),
    "OUT_OF_RANGE": (416, "requestedRangeNotSatisfiable"),
    "PERMISSION_DENIED": (403, "forbidden"),
    "RESOURCE_EXHAUSTED": (507, "insufficientStorage"),
    "UNAVAILABLE": (503, "backendError"),
    "UNIMPLEMENTED": (501, "notImplemented"),
}
# An object may be a page with scripts, and its writer is not whoever looks at it.
SAFE_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_FETCH_METADATA = {b"sec-fetch-mode", b"sec-fetch-site"}


def json_answer(document: Mapping[str, Any] | None, status: int = 200) -> Response:
    """A JSON answer; None is an empty one."""
    if document is None:
        return Response(status_code=204, headers=SAFE_HEADERS)
    return Response(encode_json(document), status, SAFE_HEADERS, "application/json; charset=UTF-8")


def error_answer(error: ApiError) -> Response:
    """A refusal."""
    status, reason = _REASONS.get(error.status, (500, "backendError"))
    fault = {"message": error.message, "domain": "global", "reason": reason}
    return json_answer({"error": {"code": status, "message": error.message, "errors": [fault]}}, status)


def is_browser(request: Request) -> bool:
    """Whether a browser asks: only those send Sec-Fetch-*."""
    return any(name in _FETCH_METADATA for name, _ in request.scope["headers"])

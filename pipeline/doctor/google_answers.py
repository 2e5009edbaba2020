"""What Google's REST APIs answer, and what their refusals mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.doctor.report import Finding, State

_DENIED = re.compile(r"Permission '([\w.]+)' denied|does not have ([\w.]+) access")


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        status: Its HTTP status; 0 where there was none.
        document: Its JSON.
    """

    status: int
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """What a refusal says."""
        error = self.document.get("error")
        return str(error.get("message", "")) if isinstance(error, Mapping) else ""


def cannot_tell(what: str, answer: Answer) -> Finding:
    """A check that was refused, or got no answer: that says nothing about what it was to check.

    A refusal names the permission in its message, or in an `ErrorInfo` among its details, whose reason is
    IAM_PERMISSION_DENIED, or SERVICE_DISABLED with the service (google/rpc/error_details.proto, AIP-193).
    """
    disabled = _of_reason("SERVICE_DISABLED", "service", answer)
    if disabled:
        project = _of_reason("SERVICE_DISABLED", "consumer", answer).removeprefix("projects/")
        remedy = f"gcloud services enable {disabled}{f' --project {project}' if project else ''}"
        return Finding(what, State.UNKNOWN, f"cannot tell: the API {disabled} is off", remedy)
    if answer.status == 403:
        found = _DENIED.search(answer.message)
        named = (found[1] or found[2]) if found else ""
        permission = _of_reason("IAM_PERMISSION_DENIED", "permission", answer) or named
        if permission:
            detail = f"cannot tell: you lack the permission {permission}"
            return Finding(what, State.UNKNOWN, detail, "Ask an owner of the project for it, or to run this.")
    told = f": {answer.message}" if answer.message else ""
    reason = f"Google answers {answer.status}{told}" if answer.status else "Google does not answer in time"
    return Finding(what, State.UNKNOWN, f"cannot tell: {reason}")


def _of_reason(reason: str, key: str, answer: Answer) -> str:
    error = answer.document.get("error")
    for detail in (error.get("details") or []) if isinstance(error, Mapping) else []:
        if detail.get("reason") == reason:
            return str((detail.get("metadata") or {}).get(key, ""))
    return ""


@dataclass(frozen=True)
class Grants:
    """What a policy says of roles.

    Attributes:
        held: Roles that a member has by itself.
        perhaps: Roles that it may have: a group has them, or they come with a condition.
    """

    held: Collection[str]
    perhaps: Collection[str]


def grants_to(member: str, policies: Iterable[Mapping[str, Any]]) -> Grants:
    """The roles of a member in IAM policies, as `getIamPolicy` answers them (IAM API, type Policy).

    Args:
        member: Such as `serviceAccount:NAME@PROJECT.iam.gserviceaccount.com`.
        policies: Each an object with `bindings` of a `role`, its `members` and perhaps a `condition`.
    """
    held, perhaps = set(), set()
    for policy in policies:
        for binding in policy.get("bindings") or []:
            role, members = str(binding.get("role", "")), binding.get("members") or []
            if member in members and not binding.get("condition"):
                held.add(role)
            elif member in members or any(not one.startswith(("user:", "serviceAccount:")) for one in members):
                perhaps.add(role)
    return Grants(held, perhaps)

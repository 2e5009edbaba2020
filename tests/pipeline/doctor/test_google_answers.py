from __future__ import annotations

import pytest

from pipeline.doctor.google_answers import Answer, cannot_tell, grants_to
from pipeline.doctor.report import Finding, State

INFO = "type.googleapis.com/google.rpc.ErrorInfo"
ME = "serviceAccount:me@my-project.iam.gserviceaccount.com"


def refused(message: str, *details: dict[str, object]) -> Answer:
    error = {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": list(details)}
    return Answer(403, {"error": error})


@pytest.mark.parametrize(
    ("answer", "detail", "remedy"),
    [
        (
            refused(
                "Permission denied",
                {
                    "@type": INFO,
                    "reason": "IAM_PERMISSION_DENIED",
                    "domain": "iam.googleapis.com",
                    "metadata": {"permission": "iam.serviceAccounts.get"},
                },
            ),
            "cannot tell: you lack the permission iam.serviceAccounts.get",
            "Ask an owner of the project for it, or to run this.",
        ),
        (
            refused(
                "me@example.com does not have storage.buckets.get access to the Google Cloud Storage bucket. "
                "Permission 'storage.buckets.get' denied on resource (or it may not exist)."
            ),
            "cannot tell: you lack the permission storage.buckets.get",
            "Ask an owner of the project for it, or to run this.",
        ),
        (
            refused(
                "Cloud Resource Manager API has not been used in project 123 before or it is disabled.",
                {
                    "@type": INFO,
                    "reason": "SERVICE_DISABLED",
                    "domain": "googleapis.com",
                    "metadata": {"service": "cloudresourcemanager.googleapis.com", "consumer": "projects/123"},
                },
            ),
            "cannot tell: the API cloudresourcemanager.googleapis.com is off",
            "gcloud services enable cloudresourcemanager.googleapis.com --project 123",
        ),
        (refused("Go away"), "cannot tell: Google answers 403: Go away", ""),
        (Answer(500), "cannot tell: Google answers 500", ""),
        (Answer(0), "cannot tell: Google does not answer in time", ""),
        (Answer(502, {"error": "bad gateway"}), "cannot tell: Google answers 502", ""),
    ],
)
def test_refusal_of_a_check_says_nothing_of_what_is_checked(answer: Answer, detail: str, remedy: str) -> None:
    assert cannot_tell("What", answer) == Finding("What", State.UNKNOWN, detail, remedy)


def test_grants_are_read_from_policies() -> None:
    project = {
        "version": 3,
        "bindings": [
            {"role": "roles/aiplatform.user", "members": ["user:a@example.com", ME]},
            {"role": "roles/storage.admin", "members": [ME], "condition": {"expression": "request.time < x"}},
            {"role": "roles/editor", "members": ["group:all@example.com"]},
            {"role": "roles/viewer", "members": ["user:a@example.com", "serviceAccount:b@c.gserviceaccount.com"]},
        ],
    }
    grants = grants_to(ME, [project, {}, {"bindings": [{"role": "roles/storage.objectAdmin", "members": [ME]}]}])
    assert grants.held == {"roles/aiplatform.user", "roles/storage.objectAdmin"}
    assert grants.perhaps == {"roles/storage.admin", "roles/editor"}

from __future__ import annotations

from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.doctor.accounts import (
    acting,
    bucket_role,
    image_role,
    job_role,
    service_account,
    submitting,
    vertex_role,
)
from pipeline.doctor.google_answers import Answer
from pipeline.doctor.report import Finding, State

ACCOUNT = "pipeline@my-project.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ACCOUNT}"
CONFIG = RunConfig(
    project="my-project",
    location="europe-west4",
    staging_bucket="gs://my-bucket",
    image="europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0",
    service_account=ACCOUNT,
)
NOTHING = Answer(200, {"etag": "ACAB"})
DENIED = Answer(403, {"error": {"code": 403, "message": "Permission 'a.b.getIamPolicy' denied on resource."}})


def granting(role: str, member: str = MEMBER) -> Answer:
    return Answer(200, {"version": 1, "bindings": [{"role": role, "members": [member]}]})


def test_service_account_that_is_there_is_told() -> None:
    answer = Answer(200, {"name": f"projects/my-project/serviceAccounts/{ACCOUNT}", "email": ACCOUNT})
    assert service_account(CONFIG, [answer]) == Finding("Service account", State.OK, ACCOUNT)


@pytest.mark.parametrize(
    ("answer", "detail", "remedy"),
    [
        (
            Answer(404),
            f"{ACCOUNT} does not exist",
            "gcloud iam service-accounts create pipeline --project my-project",
        ),
        (
            Answer(200, {"email": ACCOUNT, "disabled": True}),
            f"{ACCOUNT} is disabled",
            f"gcloud iam service-accounts enable {ACCOUNT}",
        ),
    ],
)
def test_service_account_that_is_no_use_is_told_with_the_command(answer: Answer, detail: str, remedy: str) -> None:
    assert service_account(CONFIG, [answer]) == Finding("Service account", State.FAILED, detail, remedy)


def test_caller_may_submit_and_act_as_the_account() -> None:
    assert submitting(CONFIG, [Answer(200, {"permissions": ["aiplatform.pipelineJobs.create"]})]).state is State.OK
    assert acting(CONFIG, [Answer(200, {"permissions": ["iam.serviceAccounts.actAs"]})]).state is State.OK


def test_caller_who_may_not_is_told_which_role_is_missing() -> None:
    assert submitting(CONFIG, [Answer(200)], caller="user:me@example.com").remedy == (
        "gcloud projects add-iam-policy-binding my-project --member user:me@example.com --role roles/aiplatform.user"
    )
    assert acting(CONFIG, [Answer(200, {"permissions": []})]) == Finding(
        "Acting as it",
        State.FAILED,
        "you may not submit runs as the service account",
        f"gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} --project my-project --member user:YOU "
        "--role roles/iam.serviceAccountUser",
    )


ROLES = [
    (vertex_role, 1, "roles/aiplatform.user", "gcloud projects add-iam-policy-binding my-project"),
    (
        bucket_role,
        2,
        "roles/storage.objectAdmin",
        "gcloud storage buckets add-iam-policy-binding gs://my-bucket",
    ),
    (
        job_role,
        2,
        "roles/iam.serviceAccountUser",
        f"gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} --project my-project",
    ),
]


@pytest.mark.parametrize(("check", "count", "role", "command"), ROLES)
def test_role_is_found_in_any_policy(check: Any, count: int, role: str, command: str) -> None:
    del command
    for place in range(count):
        answers = [NOTHING] * count
        answers[place] = granting(role)
        found = check(CONFIG, answers)
        assert (found.state, found.detail.endswith(f"({role})")) == (State.OK, True)
    assert check(CONFIG, [DENIED] * (count - 1) + [granting("roles/owner")]).state is State.OK


@pytest.mark.parametrize(("check", "count", "role", "command"), ROLES)
def test_role_that_is_missing_is_told_with_the_command(check: Any, count: int, role: str, command: str) -> None:
    found = check(CONFIG, [granting("roles/viewer")] * count)
    assert found.state is State.FAILED
    assert found.detail.startswith("the service account may not ")
    assert found.remedy == f"{command} --member {MEMBER} --role {role}"


@pytest.mark.parametrize(("check", "count", "role", "command"), ROLES)
def test_role_of_a_group_or_in_an_unreadable_policy_is_unknown(check: Any, count: int, role: str, command: str) -> None:
    found = check(CONFIG, [granting(role, "group:all@example.com")] * count)
    assert (found.state, found.detail) == (
        State.UNKNOWN,
        f"cannot tell: {role} is given to groups or under a condition",
    )
    assert found.remedy.startswith(command)
    found = check(CONFIG, [DENIED, *[NOTHING] * (count - 1)])
    assert (found.state, found.detail) == (State.UNKNOWN, "cannot tell: you lack the permission a.b.getIamPolicy")


def test_role_on_an_image_of_another_registry_is_unknown() -> None:
    other = CONFIG.model_copy(update={"image": "docker.io/me/dnn-trainer:1"})
    assert image_role(other, []).state is State.UNKNOWN


def test_image_of_the_project_may_be_pulled() -> None:
    assert image_role(CONFIG, []).state is State.OK


def test_image_of_another_project_is_unknown_and_tells_whom_to_let_in() -> None:
    image = "europe-west4-docker.pkg.dev/other-project/pipelines/dnn-trainer:1"
    found = image_role(CONFIG.model_copy(update={"image": image}), [])
    assert found.state is State.UNKNOWN
    first, second = found.remedy.splitlines()
    assert first.startswith(
        "gcloud artifacts repositories add-iam-policy-binding pipelines --location europe-west4 --project other-project"
    )
    assert "@gcp-sa-aiplatform." in first
    assert "@gcp-sa-aiplatform-cc." in second

"""What the service account of the runs must be allowed, and the one who submits them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import RunConfig
from pipeline.doctor.google_answers import Answer, cannot_tell, grants_to
from pipeline.doctor.image_name import parse_image
from pipeline.doctor.report import Finding, State

SUBMIT = "aiplatform.pipelineJobs.create"
ACT_AS = "iam.serviceAccounts.actAs"
# Those that run the tasks and the deployed models.
_AGENTS = ("gcp-sa-aiplatform", "gcp-sa-aiplatform-cc")

_BASIC = ("roles/owner", "roles/editor")
_VERTEX_ROLES = ("roles/aiplatform.user", "roles/aiplatform.admin", *_BASIC)
_ACT_AS_ROLES = ("roles/iam.serviceAccountUser", *_BASIC)
_BUCKET_ROLES = ("roles/storage.objectAdmin", "roles/storage.admin", "roles/storage.objectUser", "roles/owner")


def service_account(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the service account of the runs is there.

    Args:
        config: Names it.
        answers: That of `projects.serviceAccounts.get` of the IAM API v1, which has `disabled` where it is so.
    """
    (answer,) = answers
    account = config.service_account
    if answer.status == 404:
        remedy = f"gcloud iam service-accounts create {account.partition('@')[0]} --project {config.project}"
        return Finding("Service account", State.FAILED, f"{account} does not exist", remedy)
    if answer.status != 200:
        return cannot_tell("Service account", answer)
    if answer.document.get("disabled"):
        remedy = f"gcloud iam service-accounts enable {account}"
        return Finding("Service account", State.FAILED, f"{account} is disabled", remedy)
    return Finding("Service account", State.OK, account)


def submitting(config: RunConfig, answers: Sequence[Answer], caller: str = "") -> Finding:
    """Whether the caller may submit runs.

    Args:
        config: Names the project.
        answers: That of `projects.testIamPermissions` of the Cloud Resource Manager API v3, which repeats those
            `permissions` that the caller has.
        caller: Who is signed in, such as `user:me@example.com`, if that is known.
    """
    command = f"gcloud projects add-iam-policy-binding {config.project}"
    remedy = f"{command} --member {caller or 'user:YOU'} --role roles/aiplatform.user"
    return _permission("Submitting", SUBMIT, "submit runs in the project", answers, remedy)


def acting(config: RunConfig, answers: Sequence[Answer], caller: str = "") -> Finding:
    """Whether the caller may let runs have the service account.

    Args:
        config: Names it.
        answers: That of `projects.serviceAccounts.testIamPermissions` of the IAM API v1, of the same form.
        caller: As for `submitting`.
    """
    command = f"gcloud iam service-accounts add-iam-policy-binding {config.service_account} --project {config.project}"
    remedy = f"{command} --member {caller or 'user:YOU'} --role roles/iam.serviceAccountUser"
    return _permission("Acting as it", ACT_AS, "submit runs as the service account", answers, remedy)


def _permission(what: str, permission: str, purpose: str, answers: Sequence[Answer], remedy: str) -> Finding:
    (answer,) = answers
    if answer.status != 200:
        return cannot_tell(what, answer)
    if permission in (answer.document.get("permissions") or []):
        return Finding(what, State.OK, f"you may {purpose}")
    return Finding(what, State.FAILED, f"you may not {purpose}", remedy)


def vertex_role(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the service account may use Vertex AI.

    Args:
        config: Names it and the project.
        answers: That of `projects.getIamPolicy` of the Cloud Resource Manager API v3.
    """
    command = f"gcloud projects add-iam-policy-binding {config.project}"
    return _role("Vertex AI role", "use Vertex AI", config, answers, _VERTEX_ROLES, command)


def bucket_role(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the service account may read and write the bucket.

    Args:
        config: Names both.
        answers: That of `buckets.getIamPolicy` of the Cloud Storage JSON API v1, and the project's policy.
    """
    command = f"gcloud storage buckets add-iam-policy-binding {config.staging_bucket}"
    return _role("Bucket role", "read and write the bucket", config, answers, _BUCKET_ROLES, command)


def job_role(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the service account may start a job that runs as itself: its role for Vertex AI does not let it.

    Args:
        config: Names it.
        answers: That of `projects.serviceAccounts.getIamPolicy` of the IAM API v1, and the project's policy.
    """
    command = f"gcloud iam service-accounts add-iam-policy-binding {config.service_account} --project {config.project}"
    return _role("Job role", "start jobs as itself", config, answers, _ACT_AS_ROLES, command)


def image_role(config: RunConfig, _answers: Sequence[Answer]) -> Finding:
    """Whether Vertex AI may pull the image.

    The account of the runs does not do it: "You can't configure a custom service account to pull images from Artifact
    Registry" (https://cloud.google.com/vertex-ai/docs/general/custom-service-account). Vertex AI's own service agents
    do, which may read the repositories of their project.

    Args:
        config: Names the image.
    """
    name = parse_image(config.image)
    if name is None:
        return Finding("Image role", State.UNKNOWN, "cannot tell of an image of another registry")
    if name.project == config.project:
        return Finding("Image role", State.OK, "Vertex AI may pull the images of its project")
    number = f"$(gcloud projects describe {config.project} --format='value(projectNumber)')"
    commands = [
        f"gcloud artifacts repositories add-iam-policy-binding {name.repository} --location {name.location} "
        f"--project {name.project} --role roles/artifactregistry.reader "
        f'--member "serviceAccount:service-{number}@{agent}.iam.gserviceaccount.com"'
        for agent in _AGENTS
    ]
    detail = f"cannot tell of an image of another project, {name.project}: Vertex AI's service agents must read it"
    return Finding("Image role", State.UNKNOWN, detail, "\n".join(commands))


def _role(
    what: str, purpose: str, config: RunConfig, answers: Sequence[Answer], roles: Sequence[str], command: str
) -> Finding:
    """Whether the service account has one of some roles, of which the first is the one to give."""
    readable = [answer for answer in answers if answer.status == 200]
    member = f"serviceAccount:{config.service_account}"
    grants = grants_to(member, [answer.document for answer in readable])
    held = [role for role in roles if role in grants.held]
    if held:
        return Finding(what, State.OK, f"the service account may {purpose} ({held[0]})")
    if len(readable) < len(answers):
        return cannot_tell(what, next(answer for answer in answers if answer.status != 200))
    remedy = f"{command} --member {member} --role {roles[0]}"
    perhaps = [role for role in roles if role in grants.perhaps]
    if perhaps:
        detail = f"cannot tell: {perhaps[0]} is given to groups or under a condition"
        return Finding(what, State.UNKNOWN, detail, remedy)
    return Finding(what, State.FAILED, f"the service account may not {purpose}", remedy)

"""What the doctor asks Google's REST APIs, and who judges the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlencode

from pipeline.config import RunConfig
from pipeline.doctor import accounts, google
from pipeline.doctor.google_answers import Answer
from pipeline.doctor.image_name import ImageName, parse_image
from pipeline.doctor.report import Finding


@dataclass(frozen=True)
class Call:
    """A request to one of Google's APIs.

    Attributes:
        method: GET or POST.
        api: A key of `BASES`.
        path: What follows there.
        body: Its JSON; empty sends none.
    """

    method: str
    api: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Check:
    """A prerequisite that Google tells of.

    Attributes:
        what: Its name.
        needs: The keys of the configuration without which nothing can be asked.
        calls: What to ask.
        judge: Makes a finding of the configuration and the answers.
    """

    what: str
    needs: Sequence[str]
    calls: Sequence[Call]
    judge: Callable[[RunConfig, Sequence[Answer]], Finding]


def checks_of(config: RunConfig, caller: str) -> list[Check]:
    """What is to be asked of Google.

    Args:
        config: Names what is asked about.
        caller: Who is signed in, as IAM writes members; empty where that is not known.
    """
    project, account = f"projects/{config.project}", quote(config.service_account)
    name = parse_image(config.image)
    services = urlencode([("names", f"{project}/services/{api}") for api in google.APIS])
    bucket = f"b/{config.staging_bucket.removeprefix('gs://')}"
    policy = _policy_of(config.project)
    on_bucket = Call("GET", "storage", f"{bucket}/iam?optionsRequestedPolicyVersion=3")
    as_it = f"projects/-/serviceAccounts/{account}"
    acting = Call("POST", "iam", f"{as_it}:testIamPermissions", _permissions(accounts.ACT_AS))
    submitting = Call("POST", "projects", f"{project}:testIamPermissions", _permissions(accounts.SUBMIT))
    found = [
        Check("APIs", ["project"], [Call("GET", "usage", f"v1/{project}/services:batchGet?{services}")], google.apis),
        Check("Bucket", ["staging_bucket", "location"], [Call("GET", "storage", bucket)], google.bucket),
        Check("Image", ["image"], [*_image(name)], google.image),
        Check("Submitting", ["project"], [submitting], partial(accounts.submitting, caller=caller)),
        Check("Service account", ["service_account"], [Call("GET", "iam", as_it)], accounts.service_account),
        Check("Acting as it", ["service_account"], [acting], partial(accounts.acting, caller=caller)),
        Check("Vertex AI role", ["project", "service_account"], [policy], accounts.vertex_role),
        Check(
            "Bucket role", ["project", "staging_bucket", "service_account"], [on_bucket, policy], accounts.bucket_role
        ),
        Check("Image role", ["image", "project"], [], accounts.image_role),
    ]
    return [*found, *_of_the_training(config, policy, as_it)]


def _of_the_training(config: RunConfig, policy: Call, as_it: str) -> Iterator[Check]:
    """What a training needs beyond that of a plain task on CPUs.

    Args:
        config: Says what it asks for.
        policy: Asks for the project's policy.
        as_it: The service account's name in the IAM API.
    """
    if config.is_training_job:
        on_itself = Call("POST", "iam", f"{as_it}:getIamPolicy?options.requestedPolicyVersion=3")
        yield Check("Job role", ["project", "service_account"], [on_itself, policy], accounts.job_role)
    if config.accelerator_type:
        calls = [*_image(parse_image(config.training_image))]
        yield Check("GPU image", ["image"], calls, partial(google.image, is_of_gpu=True))
    for demand in google.demands(config):
        metrics = f"v1beta1/projects/{config.project}/services/aiplatform.googleapis.com/consumerQuotaMetrics"
        calls = [Call("GET", "usage", f"{metrics}/{quote(demand.metric, safe='')}")] if demand.metric else []
        yield Check(demand.check, ["project", "location"], calls, partial(google.quota, demand=demand))


def _image(name: ImageName | None) -> list[Call]:
    """What Artifact Registry is asked of an image."""
    if name is None:
        return []
    of = f"{name.parent}/packages/{quote(name.name, safe='')}"
    return [Call("GET", "images", f"{of}/versions/{name.digest}" if name.digest else f"{of}/tags/{name.tag}")]


def _policy_of(project: str) -> Call:
    body = json.dumps({"options": {"requestedPolicyVersion": 3}})
    return Call("POST", "projects", f"projects/{project}:getIamPolicy", body)


def _permissions(name: str) -> str:
    return json.dumps({"permissions": [name]})

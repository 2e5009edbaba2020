"""What Google Cloud must have for a run on Vertex AI: each judged from the answers of Google's own REST APIs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.config import RunConfig
from pipeline.doctor.google_answers import Answer, cannot_tell
from pipeline.doctor.report import Finding, State

APIS = tuple(
    f"{name}.googleapis.com"
    for name in ("aiplatform", "storage", "artifactregistry", "iam", "logging", "cloudresourcemanager")
)
# Cloud Storage's bucket locations: multi-regions, and the pairs of regions that have names of their own.
_MULTI_REGIONS = {"US": ("us-", "northamerica-"), "EU": ("europe-",), "ASIA": ("asia-",)}
_PAIRS = {
    "ASIA1": ("asia-northeast1", "asia-northeast2"),
    "EUR4": ("europe-north1", "europe-west4"),
    "EUR5": ("europe-west1", "europe-west2"),
    "EUR7": ("europe-west2", "europe-west3"),
    "EUR8": ("europe-west3", "europe-west6"),
    "NAM4": ("us-central1", "us-east1"),
}


def apis(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the APIs are on.

    Args:
        config: Names the project.
        answers: That of `services.batchGet` of the Service Usage API v1: `services`, each of a `name` that ends
            with the API's, and a `state`, ENABLED or DISABLED.
    """
    (answer,) = answers
    if answer.status != 200:
        return cannot_tell("APIs", answer)
    on = {
        str(one.get("name", "")).rpartition("/")[2]
        for one in answer.document.get("services") or []
        if one.get("state") == "ENABLED"
    }
    off = [name for name in APIS if name not in on]
    if off:
        remedy = f"gcloud services enable {' '.join(off)} --project {config.project}"
        return Finding("APIs", State.FAILED, f"off: {', '.join(off)}", remedy)
    return Finding("APIs", State.OK, f"all {len(APIS)} are on")


def bucket(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the staging bucket is there, in a place that fits the region.

    Args:
        config: Names it.
        answers: That of `buckets.get` of the Cloud Storage JSON API v1: `location` in capitals, `locationType`
            region, dual-region or multi-region, and for a pair of one's own `customPlacementConfig.dataLocations`.
    """
    (answer,) = answers
    where = f"{config.staging_bucket} --project {config.project} --location {config.location}"
    remedy = f"gcloud storage buckets create {where} --uniform-bucket-level-access"
    if answer.status == 404:
        return Finding("Bucket", State.FAILED, f"{config.staging_bucket} does not exist", remedy)
    if answer.status != 200:
        return cannot_tell("Bucket", answer)
    place = str(answer.document.get("location", ""))
    custom = (answer.document.get("customPlacementConfig") or {}).get("dataLocations") or []
    regions = {place.lower(), *(str(one).lower() for one in custom), *_PAIRS.get(place, ())}
    if config.location in regions or config.location.startswith(_MULTI_REGIONS.get(place, ("-",))):
        return Finding("Bucket", State.OK, f"{config.staging_bucket} in {place.lower()}")
    detail = f"{config.staging_bucket} is in {place.lower()}, and runs are to be in {config.location}"
    other = remedy.replace(config.staging_bucket, "gs://NAME")
    return Finding("Bucket", State.FAILED, detail, f"{other}   # and give it as staging_bucket")


def image(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the image is in Artifact Registry, and which digest it has.

    Args:
        config: Names it.
        answers: That of `tags.get` of the Artifact Registry API v1, whose `version` ends with the digest; for an
            image that is named by its digest, that of `versions.get`. None where it is of another registry.
    """
    if not answers:
        detail = f"cannot tell: {config.image} is not of the form REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME"
        return Finding("Image", State.UNKNOWN, detail)
    (answer,) = answers
    if answer.status == 404:
        name = config.image.partition("@")[0]
        remedy = f"docker build --tag {name} .\ndocker push {name}"
        return Finding("Image", State.FAILED, f"{config.image} is not in Artifact Registry", remedy)
    if answer.status != 200:
        return cannot_tell("Image", answer)
    version = str(answer.document.get("version") or answer.document.get("name") or "")
    return Finding("Image", State.OK, f"{config.image.partition('@')[0]}, {version.rpartition('/')[2]}")


def quota_metric(accelerator: str) -> str:
    """The quota of Vertex AI on accelerators of a type in custom training; empty where its name is not known."""
    found = re.fullmatch(r"NVIDIA_(?:TESLA_)?([A-Z0-9_]+?)(?:(?<=H100)_80GB)?", accelerator)
    return f"aiplatform.googleapis.com/custom_model_training_nvidia_{found[1].lower()}_gpus" if found else ""


def quota(config: RunConfig, answers: Sequence[Answer]) -> Finding:
    """Whether the quota on accelerators in the region suffices for the training task.

    Args:
        config: Says how many of which type.
        answers: That of `consumerQuotaMetrics.get` of the Service Usage API v1beta1: in `consumerQuotaLimits`,
            `quotaBuckets` of an `effectiveLimit`, -1 being none, for `dimensions` such as `region`; from the least
            specific to the most.
    """
    asked = f"{config.accelerator_count} {config.accelerator_type}"
    if not answers or answers[0].status == 404:
        detail = f"cannot tell: the name of the quota on {config.accelerator_type} is not known"
        return Finding("Quota", State.UNKNOWN, detail, _quota_page(config))
    if answers[0].status != 200:
        return cannot_tell("Quota", answers[0])
    limit = None
    for one in answers[0].document.get("consumerQuotaLimits") or []:
        for part in one.get("quotaBuckets") or []:
            if (part.get("dimensions") or {}).get("region", config.location) == config.location:
                limit = int(part.get("effectiveLimit", 0))
    if limit is None:
        return Finding("Quota", State.UNKNOWN, "cannot tell: Google names no limit", _quota_page(config))
    if limit == -1 or limit >= config.accelerator_count:
        return Finding("Quota", State.OK, f"{asked} in {config.location}: {'no limit' if limit < 0 else limit}")
    detail = f"{limit} {config.accelerator_type} in {config.location}, and the training task asks for {asked}"
    return Finding("Quota", State.FAILED, detail, _quota_page(config))


def _quota_page(config: RunConfig) -> str:
    place = "https://console.cloud.google.com/iam-admin/quotas"
    return f"Ask for more at {place}?project={config.project}&service=aiplatform.googleapis.com"

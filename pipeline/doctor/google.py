"""What Google Cloud must have for a run on Vertex AI: each judged from the answers of Google's own REST APIs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import RunConfig
from pipeline.doctor.google_answers import Answer, cannot_tell
from pipeline.doctor.report import Finding, State
from pipeline.machines import cores_of

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


def image(config: RunConfig, answers: Sequence[Answer], is_of_gpu: bool = False) -> Finding:
    """Whether an image is in Artifact Registry, and which digest it has.

    Args:
        config: Names it.
        answers: That of `tags.get` of the Artifact Registry API v1, whose `version` ends with the digest; for an
            image that is named by its digest, that of `versions.get`. None where it is of another registry.
        is_of_gpu: Whether it is that of a training with an accelerator.
    """
    what, named = ("GPU image", config.training_image) if is_of_gpu else ("Image", config.image)
    if not answers:
        detail = f"cannot tell: {named} is not of the form REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME"
        return Finding(what, State.UNKNOWN, detail)
    (answer,) = answers
    name = named.partition("@")[0]
    if answer.status == 404:
        remedy = (
            f"docker build {'--build-arg LOCK=requirements-gpu.lock ' * is_of_gpu}--tag {name} .\ndocker push {name}"
        )
        return Finding(what, State.FAILED, f"{named} is not in Artifact Registry", remedy)
    if answer.status != 200:
        return cannot_tell(what, answer)
    version = str(answer.document.get("version") or answer.document.get("name") or "")
    return Finding(what, State.OK, f"{name}, {version.rpartition('/')[2]}")


@dataclass(frozen=True)
class Demand:
    """What the training asks of a quota.

    Attributes:
        check: What the doctor calls the check.
        amount: How much.
        of: Of what, such as `NVIDIA_L4`.
        metric: The quota's name; empty where that is not known.
    """

    check: str
    amount: int
    of: str
    metric: str


def demands(config: RunConfig) -> list[Demand]:
    """What the training asks of the quotas of custom training: accelerators and, as a custom job, CPU cores.

    Of the cores of machines that come with accelerators nothing is asked: their accelerators are the limit.
    """
    kind = "preemptible_" if config.spot else ""
    found = []
    if config.accelerator_type:
        amount = config.accelerator_count * config.training_replicas
        metric = quota_metric(config.accelerator_type, kind)
        found.append(Demand("Quota", amount, config.accelerator_type, metric))
    cores = cores_of(config.machine_of_training) if config.is_training_job else None
    if cores is not None:
        family = config.machine_of_training.partition("-")[0]
        of_family = "" if family in ("n1", "e2") else f"{family}_"
        metric = f"aiplatform.googleapis.com/custom_model_training_{kind}{of_family}cpus"
        found.append(Demand("CPU quota", cores * config.training_replicas, f"CPUs of {family}", metric))
    return found


def quota_metric(accelerator: str, kind: str = "") -> str:
    """The quota of Vertex AI on accelerators of a type in custom training; empty where its name is not known.

    Args:
        accelerator: The type.
        kind: `preemptible_` for spot machines.
    """
    found = re.fullmatch(r"NVIDIA_(?:TESLA_)?([A-Z0-9_]+?)(?:(?<=H100)_80GB)?", accelerator)
    return f"aiplatform.googleapis.com/custom_model_training_{kind}nvidia_{found[1].lower()}_gpus" if found else ""


def quota(config: RunConfig, answers: Sequence[Answer], demand: Demand) -> Finding:
    """Whether a quota in the region suffices for the training.

    Args:
        config: Names the region.
        answers: That of `consumerQuotaMetrics.get` of the Service Usage API v1beta1: in `consumerQuotaLimits`,
            `quotaBuckets` of an `effectiveLimit`, -1 being none, for `dimensions` such as `region`; from the least
            specific to the most.
        demand: What is asked of which quota.
    """
    asked = f"{demand.amount} {demand.of}"
    if not answers or answers[0].status == 404:
        detail = f"cannot tell: the name of the quota on {demand.of} is not known"
        return Finding(demand.check, State.UNKNOWN, detail, _quota_page(config))
    if answers[0].status != 200:
        return cannot_tell(demand.check, answers[0])
    limit = None
    for one in answers[0].document.get("consumerQuotaLimits") or []:
        for part in one.get("quotaBuckets") or []:
            if (part.get("dimensions") or {}).get("region", config.location) == config.location:
                limit = int(part.get("effectiveLimit", 0))
    if limit is None:
        return Finding(demand.check, State.UNKNOWN, "cannot tell: Google names no limit", _quota_page(config))
    if limit == -1 or limit >= demand.amount:
        return Finding(demand.check, State.OK, f"{asked} in {config.location}: {'no limit' if limit < 0 else limit}")
    detail = f"{limit} {demand.of} in {config.location}, and the training task asks for {asked}"
    return Finding(demand.check, State.FAILED, detail, _quota_page(config))


def _quota_page(config: RunConfig) -> str:
    place = "https://console.cloud.google.com/iam-admin/quotas"
    return f"Ask for more at {place}?project={config.project}&service=aiplatform.googleapis.com"

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.doctor.google import APIS, Demand, apis, bucket, demands, image, quota, quota_metric
from pipeline.doctor.google_answers import Answer
from pipeline.doctor.report import Finding, State

DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = "europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0"
CONFIG = RunConfig(
    project="my-project",
    location="europe-west4",
    staging_bucket="gs://my-bucket",
    image=IMAGE,
    accelerator_type="NVIDIA_TESLA_T4",
    accelerator_count=2,
)

DEMAND = Demand("Quota", 2, "NVIDIA_TESLA_T4", "metric")


def services(**states: str) -> Answer:
    of = [
        {"name": f"projects/123/services/{name}", "parent": "projects/123", "state": states.get(name, "ENABLED")}
        for name in APIS
    ]
    return Answer(200, {"services": of})


def test_apis_that_are_on_are_enough() -> None:
    assert apis(CONFIG, [services()]) == Finding("APIs", State.OK, "all 6 are on")


def test_apis_that_are_off_are_named_with_the_command() -> None:
    states = {"iam.googleapis.com": "DISABLED", "logging.googleapis.com": "STATE_UNSPECIFIED"}
    assert apis(CONFIG, [services(**states)]) == Finding(
        "APIs",
        State.FAILED,
        "off: iam.googleapis.com, logging.googleapis.com",
        "gcloud services enable iam.googleapis.com logging.googleapis.com --project my-project",
    )


@pytest.mark.parametrize(
    ("about", "fits"),
    [
        ({"location": "EUROPE-WEST4", "locationType": "region"}, True),
        ({"location": "EU", "locationType": "multi-region"}, True),
        ({"location": "EUR4", "locationType": "dual-region"}, True),
        (
            {
                "location": "EU",
                "locationType": "dual-region",
                "customPlacementConfig": {"dataLocations": ["EUROPE-WEST1", "EUROPE-WEST4"]},
            },
            True,
        ),
        ({"location": "EUROPE-WEST1", "locationType": "region"}, False),
        ({"location": "US", "locationType": "multi-region"}, False),
        ({"location": "NAM4", "locationType": "dual-region"}, False),
        ({}, False),
    ],
)
def test_bucket_has_to_fit_the_region(about: dict[str, Any], fits: bool) -> None:
    found = bucket(CONFIG, [Answer(200, about)])
    place = about.get("location", "").lower()
    if fits:
        assert found == Finding("Bucket", State.OK, f"gs://my-bucket in {place}")
        return
    assert found.state is State.FAILED
    assert found.detail == f"gs://my-bucket is in {place}, and runs are to be in europe-west4"
    assert found.remedy.startswith("gcloud storage buckets create gs://NAME --project my-project --location europe-")


def test_bucket_that_is_not_there_is_told_with_the_command() -> None:
    assert bucket(CONFIG, [Answer(404)]) == Finding(
        "Bucket",
        State.FAILED,
        "gs://my-bucket does not exist",
        "gcloud storage buckets create gs://my-bucket --project my-project --location europe-west4 "
        "--uniform-bucket-level-access",
    )


def test_image_is_told_with_its_digest() -> None:
    of = "projects/my-project/locations/europe-west4/repositories/pipelines/packages/dnn-trainer"
    tag = Answer(200, {"name": f"{of}/tags/0.1.0", "version": f"{of}/versions/{DIGEST}"})
    told = f"{IMAGE}, {DIGEST}"
    assert image(CONFIG, [tag]) == Finding("Image", State.OK, told)
    version = Answer(200, {"name": f"{of}/versions/{DIGEST}", "relatedTags": []})
    by_digest = CONFIG.model_copy(update={"image": f"{IMAGE}@{DIGEST}"})
    assert image(by_digest, [version]) == Finding("Image", State.OK, told)


def test_image_that_is_not_there_is_to_be_pushed() -> None:
    assert image(CONFIG, [Answer(404)]) == Finding(
        "Image",
        State.FAILED,
        f"{IMAGE} is not in Artifact Registry",
        f"docker build --tag {IMAGE} .\ndocker push {IMAGE}",
    )


def test_image_of_another_registry_cannot_be_looked_up() -> None:
    other = CONFIG.model_copy(update={"image": "docker.io/me/dnn-trainer:1"})
    found = image(other, [])
    assert (found.state, "docker.io/me/dnn-trainer:1 is not of the form" in found.detail) == (State.UNKNOWN, True)


@pytest.mark.parametrize("check", [apis, bucket, image, partial(quota, demand=DEMAND)])
def test_refused_check_is_no_failure(check: Any) -> None:
    message = "Permission 'a.b.c' denied on resource (or it may not exist)."
    found = check(CONFIG, [Answer(403, {"error": {"code": 403, "message": message}})])
    assert (found.state, found.detail) == (State.UNKNOWN, "cannot tell: you lack the permission a.b.c")


@pytest.mark.parametrize(
    ("accelerator", "metric"),
    [
        ("NVIDIA_TESLA_T4", "custom_model_training_nvidia_t4_gpus"),
        ("NVIDIA_L4", "custom_model_training_nvidia_l4_gpus"),
        ("NVIDIA_TESLA_A100", "custom_model_training_nvidia_a100_gpus"),
        ("NVIDIA_A100_80GB", "custom_model_training_nvidia_a100_80gb_gpus"),
        ("NVIDIA_H100_80GB", "custom_model_training_nvidia_h100_gpus"),
        ("TPU_V3", ""),
    ],
)
def test_quota_is_called_after_the_accelerator(accelerator: str, metric: str) -> None:
    assert quota_metric(accelerator).removeprefix("aiplatform.googleapis.com/") == metric


def limits(*buckets: dict[str, Any]) -> Answer:
    return Answer(200, {"consumerQuotaLimits": [{"unit": "1/{project}/{region}", "quotaBuckets": list(buckets)}]})


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (limits({"effectiveLimit": "4"}), State.OK, "2 NVIDIA_TESLA_T4 in europe-west4: 4"),
        (limits({"effectiveLimit": "-1"}), State.OK, "2 NVIDIA_TESLA_T4 in europe-west4: no limit"),
        (
            limits({"effectiveLimit": "4"}, {"effectiveLimit": "1", "dimensions": {"region": "europe-west4"}}),
            State.FAILED,
            "1 NVIDIA_TESLA_T4 in europe-west4, and the training task asks for 2 NVIDIA_TESLA_T4",
        ),
        (
            limits({"effectiveLimit": "0"}, {"effectiveLimit": "8", "dimensions": {"region": "us-central1"}}),
            State.FAILED,
            "0 NVIDIA_TESLA_T4 in europe-west4, and the training task asks for 2 NVIDIA_TESLA_T4",
        ),
        (limits(), State.UNKNOWN, "cannot tell: Google names no limit"),
        (Answer(404), State.UNKNOWN, "cannot tell: the name of the quota on NVIDIA_TESLA_T4 is not known"),
    ],
)
def test_quota_in_the_region_has_to_suffice(answer: Answer, state: State, detail: str) -> None:
    found = quota(CONFIG, [answer], DEMAND)
    assert (found.state, found.detail) == (state, detail)
    page = "Ask for more at https://console.cloud.google.com/iam-admin/quotas?project=my-project&service=aiplatform."
    assert found.remedy.startswith(page) == (state is not State.OK)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, [(2, "NVIDIA_TESLA_T4", "nvidia_t4_gpus")]),
        (
            {"training_replicas": 4, "training_machine_type": "n1-standard-8"},
            [(8, "NVIDIA_TESLA_T4", "nvidia_t4_gpus"), (32, "CPUs of n1", "cpus")],
        ),
        (
            {"spot": True, "training_machine_type": "n1-standard-8"},
            [(2, "NVIDIA_TESLA_T4", "preemptible_nvidia_t4_gpus"), (8, "CPUs of n1", "preemptible_cpus")],
        ),
        (
            {"training_machine_type": "n2-standard-8", "accelerator_type": "", "accelerator_count": 0},
            [(8, "CPUs of n2", "n2_cpus")],
        ),
        (
            {"training_machine_type": "a2-highgpu-2g", "accelerator_type": "NVIDIA_TESLA_A100"},
            [(2, "NVIDIA_TESLA_A100", "nvidia_a100_gpus")],
        ),
    ],
)
def test_training_asks_for_accelerators_and_cores_of_all_its_replicas(
    values: dict[str, Any], told: list[tuple[int, str, str]]
) -> None:
    metrics = "aiplatform.googleapis.com/custom_model_training_"
    found = demands(CONFIG.model_copy(update=values))
    assert [(one.amount, one.of, one.metric.removeprefix(metrics)) for one in found] == told


def test_gpu_image_that_is_not_there_is_built_from_its_lock() -> None:
    found = image(CONFIG, [Answer(404)], is_of_gpu=True)
    assert found.what == "GPU image"
    assert found.remedy.startswith(f"docker build --build-arg LOCK=requirements-gpu.lock --tag {IMAGE}-gpu .\n")

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.doctor.google import APIS
from tests.conftest import IrisFiles
from tests.pipeline.google_hosts import TOKEN, Answer, GoogleHosts, google_hosts

DIGEST = "sha256:" + "0123456789abcdef" * 4
ACCOUNT = "pipeline@my-project.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{ACCOUNT}"
HOST = "europe-west4-aiplatform.googleapis.com"
REPOSITORY = "artifactregistry.googleapis.com/v1/projects/my-project/locations/europe-west4/repositories/pipelines"
PACKAGE = f"{REPOSITORY}/packages/dnn-trainer"
PROJECTS = "cloudresourcemanager.googleapis.com/v3/projects/my-project"
AS_IT = "iam.googleapis.com/v1/projects/-/serviceAccounts/pipeline%40my-project.iam.gserviceaccount.com"
QUOTA = (
    "serviceusage.googleapis.com/v1beta1/projects/my-project/services/aiplatform.googleapis.com/consumerQuotaMetrics/"
    "aiplatform.googleapis.com%2Fcustom_model_training_nvidia_l4_gpus"
)
GIVEN = {
    "profile": "vertex",
    "project": "my-project",
    "location": "europe-west4",
    "staging_bucket": "gs://my-bucket",
    "image": "europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0",
    "service_account": ACCOUNT,
    "accelerator_type": "NVIDIA_L4",
    "accelerator_count": "1",
}


def granting(role: str) -> Answer:
    return 200, {"version": 3, "etag": "BwX", "bindings": [{"role": role, "members": [MEMBER]}]}


def allowed(body: Any) -> Answer:
    return 200, {"permissions": body["permissions"]}


def refusing(permission: str) -> Answer:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": "googleapis.com",
        "metadata": {"permission": permission},
    }
    error = {"code": 403, "message": "Permission denied.", "status": "PERMISSION_DENIED", "details": [info]}
    return 403, {"error": error}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleHosts]:
    with google_hosts(tmp_path_factory.mktemp("google")) as hosts:
        yield hosts


@pytest.fixture
def google(running: GoogleHosts, monkeypatch: pytest.MonkeyPatch, iris_files: IrisFiles) -> GoogleHosts:
    """Google's hosts with all that a run needs, and a configuration of it in the environment."""
    services = [{"name": f"projects/123/services/{name}", "state": "ENABLED"} for name in APIS]
    limits = [{"quotaBuckets": [{"effectiveLimit": "4", "dimensions": {"region": "europe-west4"}}]}]
    running.answers |= {
        TOKEN: (200, {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"}),
        ("HEAD", f"{HOST}/"): (404, {}),
        ("GET", "serviceusage.googleapis.com/v1/projects/my-project/services:batchGet"): (200, {"services": services}),
        ("GET", "storage.googleapis.com/storage/v1/b/my-bucket"): (200, {"location": "EUROPE-WEST4"}),
        ("GET", f"{PACKAGE}/tags/0.1.0"): (200, {"version": f"projects/p/versions/{DIGEST}"}),
        ("POST", f"{PROJECTS}:testIamPermissions"): allowed,
        ("GET", AS_IT): (200, {"email": ACCOUNT}),
        ("GET", f"{PACKAGE}/tags/0.1.0-gpu"): (200, {"version": f"projects/p/versions/{DIGEST}"}),
        ("POST", f"{AS_IT}:testIamPermissions"): allowed,
        ("POST", f"{PROJECTS}:getIamPolicy"): granting("roles/aiplatform.user"),
        ("GET", "storage.googleapis.com/storage/v1/b/my-bucket/iam"): granting("roles/storage.objectAdmin"),
        ("GET", QUOTA): (200, {"consumerQuotaLimits": limits}),
    }
    running.asked.clear()
    data = {name: str(path) for name, path in iris_files._asdict().items()}
    variables = {f"DNN_PIPELINE_{name.upper()}": value for name, value in {**GIVEN, **data}.items()}
    for name in ("VERTEX_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**running.variables, **variables}.items():
        monkeypatch.setenv(name, value)
    return running


def doctor(capsys: pytest.CaptureFixture[str], code: int) -> list[str]:
    """What the doctor says, a line each."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (code, ""), said.out
    return said.out.splitlines()


def test_doctor_finds_all_that_is_there(google: GoogleHosts, capsys: pytest.CaptureFixture[str]) -> None:
    lines = doctor(capsys, 0)
    assert lines[3:-2] == [
        "✓ Configuration    complete",
        f"✓ Network          {HOST} answers",
        "✓ Credentials      me@example.com (user credentials)",
        "✓ APIs             all 6 are on",
        "✓ Bucket           gs://my-bucket in europe-west4",
        f"✓ Image            {GIVEN['image']}, {DIGEST}",
        "✓ Submitting       you may submit runs in the project",
        f"✓ Service account  {ACCOUNT}",
        "✓ Acting as it     you may submit runs as the service account",
        "✓ Vertex AI role   the service account may use Vertex AI (roles/aiplatform.user)",
        "✓ Bucket role      the service account may read and write the bucket (roles/storage.objectAdmin)",
        "✓ Image role       Vertex AI may pull the images of its project",
        f"✓ GPU image        {GIVEN['image']}-gpu, {DIGEST}",
        "✓ Quota            1 NVIDIA_L4 in europe-west4: 4",
    ]
    assert lines[-1] == "Nothing stands in a run's way."
    assert len(google.asked) == len(set(google.asked))
    assert {method for method, url in google.asked if not url.endswith(("getIamPolicy", "Permissions", "token"))} == {
        "GET",
        "HEAD",
    }


def test_doctor_tells_everything_that_is_missing_with_its_remedy(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in list(google.answers):
        if key not in (TOKEN, ("HEAD", f"{HOST}/")):
            google.answers[key] = (200, {}) if key[0] == "POST" or "getIamPolicy" in key[1] else (404, {})
    google.answers["GET", "storage.googleapis.com/storage/v1/b/my-bucket/iam"] = (200, {})
    google.answers["GET", "serviceusage.googleapis.com/v1/projects/my-project/services:batchGet"] = (200, {})
    lines = doctor(capsys, 1)
    marks = {line[2:17].strip(): line[0] for line in lines if line and line[0] in "✓✗?"}
    failed = [name for name, mark in marks.items() if mark == "✗"]
    assert failed == [
        "APIs",
        "Bucket",
        "Image",
        "Submitting",
        "Service account",
        "Acting as it",
        "Vertex AI role",
        "Bucket role",
        "GPU image",
    ]
    remedies = [line.strip() for line in lines if line.strip().startswith("> ")]
    assert len([line for line in remedies if line.startswith(("> gcloud ", "> docker "))]) == len(failed) + 2
    assert lines[-1] == "9 of 17 prerequisites are not met. 1 could not be found out."


def test_training_as_a_custom_job_needs_its_role_and_its_cores(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCELERATOR_TYPE", "ACCELERATOR_COUNT"):
        monkeypatch.delenv(f"DNN_PIPELINE_{name}")
    monkeypatch.setenv("DNN_PIPELINE_TRAINING_REPLICAS", "4")
    cpus = QUOTA.replace("nvidia_l4_gpus", "cpus")
    google.answers["GET", cpus] = (200, {"consumerQuotaLimits": [{"quotaBuckets": [{"effectiveLimit": "20"}]}]})
    google.answers["POST", f"{AS_IT}:getIamPolicy"] = granting("roles/iam.serviceAccountUser")
    lines = doctor(capsys, 0)
    assert lines[-4:-2] == [
        "✓ Job role         the service account may start jobs as itself (roles/iam.serviceAccountUser)",
        "✓ CPU quota        16 CPUs of n1 in europe-west4: 20",
    ]
    monkeypatch.setenv("DNN_PIPELINE_TRAINING_MACHINE_TYPE", "n1-standard-8")
    google.answers["POST", f"{AS_IT}:getIamPolicy"] = (200, {})
    lines = doctor(capsys, 1)
    assert "✗ Job role         the service account may not start jobs as itself" in lines
    assert "✗ CPU quota        20 CPUs of n1 in europe-west4, and the training task asks for 32 CPUs of n1" in lines


def test_check_that_is_refused_is_no_failure(google: GoogleHosts, capsys: pytest.CaptureFixture[str]) -> None:
    google.answers["GET", "storage.googleapis.com/storage/v1/b/my-bucket"] = refusing("storage.buckets.get")
    google.answers["POST", f"{PROJECTS}:getIamPolicy"] = refusing("resourcemanager.projects.getIamPolicy")
    lines = doctor(capsys, 0)
    assert "? Bucket           cannot tell: you lack the permission storage.buckets.get" in lines
    assert "? Vertex AI role   cannot tell: you lack the permission resourcemanager.projects.getIamPolicy" in lines
    assert lines[-1] == "Nothing stands in a run's way. 2 could not be found out."


def test_unfinished_configuration_leaves_the_rest_to_be_asked(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del google
    monkeypatch.delenv("DNN_PIPELINE_STAGING_BUCKET")
    lines = doctor(capsys, 1)
    assert "✗ Configuration    not given: staging_bucket" in lines
    assert "? Bucket           cannot tell without staging_bucket" in lines
    assert "✓ APIs             all 6 are on" in lines
    assert "✓ Image role       Vertex AI may pull the images of its project" in lines


def test_credentials_that_google_does_not_take_are_told(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    google.answers[TOKEN] = (400, {"error": "invalid_grant", "error_description": "Token has been revoked."})
    lines = doctor(capsys, 1)
    (line,) = [line for line in lines if "Credentials" in line]
    assert line.startswith("✗ Credentials      ")
    assert "Token has been revoked" in line
    assert "                   > Sign in with `gcloud auth application-default login`." in lines
    assert "? APIs             cannot tell without credentials" in lines


def test_machine_without_a_network_is_told(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del google
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "no.json"))
    lines = doctor(capsys, 1)
    assert (
        f"✗ Network          Google's Vertex AI cannot be reached: the proxy does not lead to {HOST} "
        "(Connection refused)"
    ) in lines
    assert any(line.startswith("✗ Credentials ") for line in lines)
    assert "? Quota            cannot tell without a network" in lines


def test_environment_that_leads_elsewhere_is_told(
    google: GoogleHosts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del google
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    lines = doctor(capsys, 1)
    assert "✗ Configuration    STORAGE_EMULATOR_HOST would lead Google's clients to another place" in lines
    assert "                   > unset STORAGE_EMULATOR_HOST" in lines


def test_bodies_of_requests_are_json(google: GoogleHosts, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[str] = []

    def note(body: Any) -> Answer:
        sent.append(json.dumps(body))
        return allowed(body)

    google.answers["POST", f"{AS_IT}:testIamPermissions"] = note
    doctor(capsys, 0)
    assert sent == ['{"permissions": ["iam.serviceAccounts.actAs"]}']

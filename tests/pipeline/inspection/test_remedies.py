from __future__ import annotations

import re

import pytest

from pipeline.inspection.remedies import advice_for, find_remedy
from pipeline.inspection.remedy_table import REMEDIES
from tests.growth import assert_linear

FACTS = {"project": "my-project", "account": "runs@my-project.iam.gserviceaccount.com", "bucket": "gs://my-bucket"}
ERRORS = {
    "data": [
        'iris.csv, line 5, column "petal": received "lots", which is no number.',
        "iris.csv is empty. Give a file that holds rows, or leave it out.",
        "2 problems:\n  - my [train]*, line 2: holds 3 cells where the table has 5 columns.",
        "a.csv matches no file. Check the path, seen from /x.",
        'iris.csv, line 5, column "kind": received "PERMISSION_DENIED", which is not in the vocabulary.',
        'The training data holds no row of class "b". Add rows, or take the class out of the contract.',
    ],
    "service account": [
        "You do not have permission to act as service_account: a@p.iam.gserviceaccount.com. (or it may"
    ],
    "pulling the image": [
        "Permission 'artifactregistry.repositories.downloadArtifacts' denied on resource",
        "service-1@gcp-sa-aiplatform.iam.gserviceaccount.com should be granted access to the image e/r/i: permission",
    ],
    "Cloud Storage": [
        "b@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.",
        "Permission 'storage.objects.list' denied on resource (or it may not exist).",
        "gs://b/x.csv cannot be read: a@p.iam.gserviceaccount.com does not have storage.objects.get access to the",
        "The data contract gs://b/x.toml cannot be read: storage.objects.get denied.",
    ],
    "Vertex AI": ["403 POST https://x: Permission 'aiplatform.models.upload' denied on resource '//aiplatform'"],
    "permission": ["PERMISSION_DENIED: no.", "google.api_core.exceptions.Forbidden: 403 GET https://x: no"],
    "contract": [
        "The data contract mine.toml cannot be read: No such file or directory.",
        "mine.toml is not UTF-8: x.",
        'mine.toml: `colums` is no key of a contract. Did you mean "columns"?',
    ],
    "quota": [
        "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_cpus",
        "429 POST https://x: slow down",
        "code=RESOURCE_EXHAUSTED, message=no",
    ],
    "machines": ["Resources are insufficient in region: us-central1. Please try a different region."],
    "time": ["The job was stopped: it ran for longer than 600 s, its timeout."],
    "memory": [
        "The task was killed by SIGKILL. The system does that when memory runs out. It wrote nothing.",
        "The replica workerpool0-0 exited with a non-zero status of 137. Termination reason: OOMKilled.",
        "Replicas low on memory: workerpool0.",
        "MemoryError",
        "OOM when allocating tensor with shape[1]",
    ],
    "image": [
        "Image us-docker.pkg.dev/p/r/i:1 not found.",
        "Failed to pull image: manifest unknown",
    ],
    "bucket": ["404 GET https://x: The specified bucket does not exist.", "Bucket gs://b was not found."],
    "file": [
        "gs://b/iris.csv cannot be read: b/iris.csv. Check its address and your rights.",
        "FileNotFoundError: [Errno 2] No such file or directory: 'x'",
    ],
    "divergence": [
        "Training diverged before step 7: loss or weights are no longer finite. Received: learning rate 5.0",
        "The loss of the model is NaN or infinite: it does not answer with probabilities.",
    ],
    "another state of the project": [
        "ModuleNotFoundError: No module named 'trainer.assessment'",
        "ImportError: cannot import name 'roll_out' from 'components.vertex.rollout' (/app/rollout.py)",
    ],
    "module": ["ModuleNotFoundError: No module named 'trainer'"],
    "rollout": [
        "Version 2 does not serve what was evaluated: to smoke instance 1 it answers x. It takes no traffic.",
        "After the traffic moved, 95 of 100 predictions take up to 1200 ms; at most 1000 ms are allowed.",
    ],
    "disk": ["OSError: [Errno 28] No space left on device"],
    "interruption": ["The emulator was stopped while it ran."],
    "connection": ["ConnectionError: HTTPSConnectionPool: Max retries exceeded with url: /"],
}


@pytest.mark.parametrize(("name", "error"), [(name, error) for name, errors in ERRORS.items() for error in errors])
def test_error_has_the_remedy_of_its_kind(name: str, error: str) -> None:
    found = find_remedy(error)
    assert found is not None
    assert found[0].name == name


def test_every_remedy_has_an_error_that_it_is_for() -> None:
    assert [remedy.name for remedy in REMEDIES] == list(ERRORS)


@pytest.mark.parametrize("error", ["", "KeyError: 'x'", "Job 4031 of 4290 ended.", "It had 403 rows and 137 columns."])
def test_unknown_error_has_no_remedy(error: str) -> None:
    assert advice_for(error, {}, is_local=True) == ()


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.name)
def test_advice_names_only_what_can_be_told(remedy: object) -> None:
    known = {
        *("project", "location", "bucket", "account", "image", "schema", "memory_gib", "more_memory_gib"),
        *("learning_rate", "less_learning_rate"),
    }
    sentences = [*remedy.advice, *remedy.local]  # type: ignore[attr-defined]
    assert {name for sentence in sentences for name in re.findall(r"\{(\w+)\}", sentence)} <= known


def test_missing_right_names_the_role_and_whom_to_grant_it() -> None:
    advice = advice_for("Permission 'aiplatform.models.upload' denied on resource", FACTS, is_local=False)
    assert advice[-1] == (
        "gcloud projects add-iam-policy-binding my-project --member "
        "serviceAccount:runs@my-project.iam.gserviceaccount.com --role roles/aiplatform.user"
    )


def test_account_that_the_error_names_is_taken_before_that_of_the_configuration() -> None:
    error = (
        "other@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object."
    )
    assert advice_for(error, FACTS, is_local=False)[-1] == (
        "gcloud storage buckets add-iam-policy-binding gs://my-bucket "
        "--member serviceAccount:other@p.iam.gserviceaccount.com --role roles/storage.objectAdmin"
    )


def test_advice_on_this_machine_is_its_own() -> None:
    error = "ModuleNotFoundError: No module named 'trainer'"
    assert "make setup" in advice_for(error, FACTS, is_local=True)[0]
    assert "The image IMAGE does not hold" in advice_for(error, FACTS, is_local=False)[0]


@pytest.mark.parametrize(
    "word", ["a", "pull", "access ", "data contract ", "x, line 1: ", "image ", "a@a.", "storage."]
)
def test_find_remedy_reads_an_error_once(word: str) -> None:
    assert_linear(find_remedy, lambda size: word * (size // len(word)), 3000)


def test_find_remedy_looks_at_as_much_of_an_error_as_is_told() -> None:
    assert find_remedy("x " * 4000 + "MemoryError") is None
    assert find_remedy("x " * 3000 + "MemoryError") is not None

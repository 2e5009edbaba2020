from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.planning.lookup import Objects
from tests.conftest import IrisFiles
from tests.pipeline.google_hosts import GoogleHosts, google_hosts

ROOT = Path(__file__).resolve().parents[2]
PLACE = "europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4"
BUCKET = "storage.googleapis.com/storage/v1/b/my-bucket"
GIVEN = {
    "profile": "vertex",
    "project": "my-project",
    "location": "europe-west4",
    "staging_bucket": "gs://my-bucket",
    "image": "europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0",
    "service_account": "pipeline@my-project.iam.gserviceaccount.com",
}

pytestmark = pytest.mark.run


@pytest.fixture
def google(tmp_path: Path, iris_files: IrisFiles) -> Iterator[GoogleHosts]:
    """Google's hosts beyond a proxy, with an empty project, and a configuration of it in the variables."""
    with google_hosts(tmp_path) as hosts:
        hosts.answers |= {
            ("GET", f"{PLACE}/pipelineJobs"): (200, {}),
            ("GET", f"{PLACE}/models"): (200, {}),
            ("GET", BUCKET): (200, {"name": "my-bucket", "location": "EUROPE-WEST4"}),
        }
        data = {name: str(path) for name, path in iris_files._asdict().items()}
        hosts.variables |= {f"DNN_PIPELINE_{name.upper()}": value for name, value in {**GIVEN, **data}.items()}
        # It is aiohttp that gcsfs trusts with certificates.
        hosts.variables |= {"SSL_CERT_FILE": hosts.variables["REQUESTS_CA_BUNDLE"]}
        yield hosts


def python(google: GoogleHosts, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    left_out = ("VERTEX_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "NO_PROXY")
    others = {name: value for name, value in os.environ.items() if name not in (*left_out, "no_proxy")}
    environment = {**others, **google.variables, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def test_plan_of_a_run_on_vertex_reads_and_writes_nothing(google: GoogleHosts, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = python(google, tmp_path, "-m", "pipeline", "plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert "  1. Check and upload data: runs (no earlier run is known to have done it)\n" in done.stdout
    assert "/iris_training.csv  (would be copied)\n" in done.stdout
    assert "  champion    none yet\n" in done.stdout
    assert {method for method, url in google.asked if not url.startswith("oauth2.")} == {"HEAD", "GET"}
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_command_starts_goes_by_the_proxy_too(google: GoogleHosts, tmp_path: Path) -> None:
    child = "import fsspec.config; print(fsspec.config.conf['gcs']['session_kwargs'])"
    text = (
        "import subprocess, sys\n"
        "from pipeline.config import RunConfig\nfrom pipeline.vertex.connection import connect\n"
        "connect(RunConfig(connection='vertex', location='europe-west4'))\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    done = python(google, tmp_path, "-c", text)
    assert (done.stdout, done.stderr) == ("{'trust_env': True}\n", "")


def test_bucket_that_cannot_be_asked_is_asked_once(google: GoogleHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE_EMULATOR_HOST", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in google.variables.items():
        monkeypatch.setenv(name, value)
    google.answers["GET", f"{BUCKET}/o/a.csv"] = (200, {"name": "a.csv", "size": "7"})
    google.answers["GET", f"{BUCKET}/o/b.csv"] = (403, {"error": {"code": 403, "message": "No."}})
    objects = Objects(RunConfig(connection="vertex", project="my-project"))
    names = {"a.csv": 7, "b.csv": 7, "c.csv": 7}
    assert [objects.is_there(f"gs://my-bucket/{name}", size) for name, size in names.items()] == [True, None, False]
    assert objects.is_there("gs://my-bucket/a.csv", 8) is False
    google.broken.add("storage.googleapis.com")
    asked = len(google.asked)
    assert [objects.is_there(f"gs://my-bucket/{name}", size) for name, size in names.items()] == [None] * 3
    assert len([url for _, url in google.asked[asked:] if url.startswith(f"{BUCKET}/o")]) == 1


def test_files_in_buckets_are_found_through_the_proxy(google: GoogleHosts, tmp_path: Path) -> None:
    google.answers["GET", f"{BUCKET}/o/data%2Fa.csv"] = (
        200,
        {"name": "data/a.csv", "bucket": "my-bucket", "size": "7"},
    )
    script = """if True:
        from pipeline.config import RunConfig
        from pipeline.vertex.connection import connect
        from trainer.storage import locate
        connect(RunConfig(connection="vertex", project="my-project", location="europe-west4"))
        filesystem, path = locate("gs://my-bucket/data/a.csv")
        print(filesystem.exists(path), filesystem.size(path))
    """
    done = python(google, tmp_path, "-c", script)
    assert (done.stdout, done.returncode) == ("True 7\n", 0), done.stderr

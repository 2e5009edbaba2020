"""An emulator with runs, models, an endpoint and a schedule, for all tests in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser

from tests.emulator.console.browser import OpenVisit, Visit, chromium
from tests.emulator.vertex_emulator import LOCATION, VertexEmulator, storage_client
from tests.patience import eventually

BUCKET = "console-bucket"
SMOKE = {"instances": [{"petal_length": 1.4}, {"petal_length": 4.7}, {"petal_length": 6.0}]}
# What somebody may call things who wants to break in.
NASTY = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"


class Workplace:
    """The emulator, and the names of what is in it.

    Args:
        emulator: The emulator.
        folder: For compiled pipelines.
    """

    def __init__(self, emulator: VertexEmulator, folder: Path) -> None:
        self.emulator = emulator
        self._folder = folder
        self.bucket = storage_client(emulator).create_bucket(BUCKET)
        self.version = ""
        self.endpoint = ""
        self.schedule = ""

    @property
    def address(self) -> str:
        """The emulator's address."""
        return self.emulator.address

    def job(self, pipeline: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A run as it is asked for."""
        from tests.emulator.console.pipelines import compile_pipeline

        spec = yaml.safe_load(compile_pipeline(pipeline, self._folder).read_text(encoding="utf-8"))
        config = {"gcsOutputDirectory": f"gs://{BUCKET}/root", "parameterValues": parameters}
        return {"displayName": pipeline, "pipelineSpec": spec, "runtimeConfig": config, **fields}

    def submit(self, pipeline: str, run_id: str, parameters: dict[str, Any] | None = None, **fields: Any) -> str:
        """Begins a run; its name."""
        body = self.job(pipeline, parameters or {}, **fields)
        return str(self.emulator.post(f"{LOCATION}/pipelineJobs?pipelineJobId={run_id}", body)["name"])

    def wait_for(self, name: str) -> dict[str, Any]:
        """A run once it has ended."""
        at_work = {"PIPELINE_STATE_PENDING", "PIPELINE_STATE_RUNNING", "PIPELINE_STATE_CANCELLING"}
        return eventually(lambda: self.emulator.get(name), lambda job: job["state"] not in at_work)

    def register(self) -> None:
        """Two versions of a model, deployed side by side."""
        self.bucket.blob("model/assets.extra/smoke.json").upload_from_string(json.dumps(SMOKE))
        parent: dict[str, Any] = {}
        versions = []
        for run_id, accuracy in (("flowers-1", 0.9333), ("flowers-2", 0.9667)):
            labels = {"run": run_id, "data": "c4c7652b14da", "git": "1d38b83"}
            fields = {"artifactUri": f"gs://{BUCKET}/model", "labels": labels}
            versions.append(self.emulator.upload("flowers", model=fields, **parent))
            parent = {"parent_model": versions[0].partition("@")[0]}
            specs = [{"id": "0", "displayName": "setosa"}, {"id": "1", "displayName": "virginica"}]
            metrics = {"accuracy": accuracy, "confusionMatrix": {"annotationSpecs": specs, "rows": [[9, 1], [0, 10]]}}
            self.emulator.post(f"{versions[-1]}/evaluations:import", {"modelEvaluation": {"metrics": metrics}})
        self.version = versions[-1]
        self.endpoint = self.emulator.create_endpoint("flowers")
        first = self.emulator.deploy(self.endpoint, versions[0])
        self.emulator.deploy(self.endpoint, versions[1], {"0": 25, first: 75})

    def plan(self) -> None:
        """A schedule that begins nothing today."""
        request = {"parent": LOCATION, "pipelineJob": self.job("flowers", {"steps": 100.0})}
        request["pipelineJob"].pop("displayName")  # type: ignore[attr-defined]
        body = {
            "displayName": "yearly",
            "cron": "0 3 29 2 *",
            "maxConcurrentRunCount": "1",
            "createPipelineJobRequest": request,
        }
        self.schedule = str(self.emulator.post(f"{LOCATION}/schedules", body)["name"])


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """The emulator with everything that pages show: runs that succeeded, one that failed, one held back."""
    emulator = VertexEmulator(tmp_path_factory.mktemp("console"), "--project", "p")
    place = Workplace(emulator, tmp_path_factory.mktemp("specs"))
    labels = {"git": "1d38b83", "data": "c4c7652b14da"}
    first = place.submit("flowers", "flowers-1", labels=labels, displayName=NASTY)
    broken = place.submit("broken-flowers", "broken-1", labels=labels)
    place.register()
    place.plan()
    assert place.wait_for(first)["state"] == "PIPELINE_STATE_SUCCEEDED"
    # Once the first one has ended, so that what it shares with it is taken from the cache.
    changed = {"accuracy": 0.8, "steps": 100.0}
    second = place.submit("flowers", "flowers-2", changed, labels={**labels, "git": "cf76f21"})
    assert place.wait_for(second)["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert place.wait_for(broken)["state"] == "PIPELINE_STATE_FAILED"
    yield place
    emulator.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, workplace: Workplace) -> Iterator[OpenVisit]:
    """Opens windows; none of them may have had any trouble."""
    visits: list[Visit] = []

    def open_visit(path: str, **options: bool) -> Visit:
        visits.append(Visit(browser, workplace.address, **options))
        visits[-1].open(path)
        return visits[-1]

    yield open_visit
    for one in visits:
        one.close()

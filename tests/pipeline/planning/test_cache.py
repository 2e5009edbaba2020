from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.planning.cache import Foretold, predict
from pipeline.planning.values import Unknown
from tests.pipeline.cached_pipeline import compile_cached

ROOT = Path(__file__).resolve().parents[3]
SKIPPED_OR_NOT = {"cached": "SKIPPED", "runs": "SUCCEEDED"}


class Runs:
    """Runs of one pipeline by the stand-in's runner, each foretold before it begins.

    Args:
        folder: An empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = compile_cached(folder)
        self.jobs: list[dict[str, Any]] = []

    def foretell(self, spec: Mapping[str, Any] | None = None, **parameters: Any) -> dict[str, Foretold]:
        found = predict(spec or self.spec, parameters, self.jobs)
        return {".".join(one.path): one for one in found}

    def run(self, spec: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Foretold]:
        """Runs it, after it was foretold, and holds both against each other."""
        spec, run_id = spec or self.spec, f"run-{len(self.jobs) + 1}"
        foretold = self.foretell(spec, **parameters)
        (self.folder / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        (self.folder / "parameters.json").write_text(json.dumps(parameters), encoding="utf-8")
        command = [sys.executable, "-m", "emulator.runner", "--spec", "spec.yaml", "--parameters", "parameters.json"]
        name = f"projects/p/locations/l/pipelineJobs/{run_id}"
        place = ["--run-dir", run_id, "--job-name", name, "--root-uri", f"gs://b/{run_id}", "--cache-dir", "cache"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([*command, *place], cwd=self.folder, env=environment, check=True, capture_output=True)
        job = json.loads((self.folder / run_id / "run.json").read_text(encoding="utf-8"))
        self.jobs.insert(0, {**job, "name": name, "pipelineSpec": spec})
        check(job, foretold)
        return foretold


def check(job: Mapping[str, Any], foretold: Mapping[str, Foretold]) -> None:
    """Holds what was foretold against what has come."""
    details = {task.get("taskUniqueName", ""): task for task in job["jobDetail"]["taskDetails"]}
    for name, told in foretold.items():
        detail = details[name]
        assert detail["state"] == SKIPPED_OR_NOT.get(told.outcome, detail["state"]), f"{name}: {told.reason}"
        for output, uris in told.outputs.artifacts.items():
            if told.outcome == "cached":
                assert [one["uri"] for one in detail["outputs"][output]["artifacts"]] == uris


def outcomes(foretold: Mapping[str, Foretold]) -> dict[str, tuple[str, str]]:
    return {name: (told.outcome, told.reason) for name, told in foretold.items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Three runs: the first, the same again, and one with another factor."""
    runs = Runs(tmp_path_factory.mktemp("cached"))
    first = outcomes(runs.run(text="abc"))
    unknown = ("runs", "no earlier run is known to have done it")
    assert first == {
        "write": unknown,
        "count": ("unknown", "it depends on what write puts out"),
        "double": unknown,
        "double-2": unknown,
        "tell": ("runs", "text tells of the run itself"),
        "tell-2": ("runs", "never cached"),
        "condition-1.tell-3": unknown,
        "condition-1.tell-4": ("unknown", "it depends on what tell-2 puts out"),
    }
    runs.run(text="abc")
    runs.run(text="abc", factor=3)
    return runs


@pytest.mark.run
def test_predict_agrees_with_the_runner(runs: Runs) -> None:
    told = outcomes(runs.foretell(text="abc"))
    assert told["write"] == told["double"] == told["double-2"] == told["count"] == ("cached", "run-1")
    assert told["condition-1.tell-3"] == ("cached", "run-1")
    assert told["tell"] == ("runs", "text tells of the run itself")
    assert told["condition-1.tell-4"] == ("unknown", "it depends on what tell-2 puts out")


@pytest.mark.run
def test_predict_tells_what_has_changed(runs: Runs) -> None:
    told = outcomes(runs.foretell(text="abc", factor=4))
    assert told["double"] == ("runs", "factor is 4 and was 3 (compared with run run-3)")
    assert told["double-2"] == ("runs", "data would be made anew")
    told = outcomes(runs.foretell(text="abcd"))
    assert told["write"] == ("runs", 'text is "abcd" and was "abc" (compared with run run-3)')
    assert told["count"] == ("unknown", "it depends on what write puts out")
    told = outcomes(runs.foretell(text="abc", note="y"))
    assert told["count"] == ("runs", 'note is "<y>" and was "<x>" (compared with run run-3)')


@pytest.mark.run
def test_predict_takes_the_older_of_two_runs_that_were_alike(runs: Runs) -> None:
    told = runs.foretell(text="abc", factor=3.0)
    assert told["double"].reason == "run-3"
    assert told["double"].outputs.artifacts == {"doubled": ["gs://b/run-3/double/doubled"]}
    assert told["double"].inputs.artifacts == {"data": ["gs://b/run-1/write/data"]}
    assert isinstance(told["tell"].outputs.parameters["Output"], Unknown)


@pytest.mark.run
def test_predict_heeds_image_code_and_name(runs: Runs) -> None:
    spec = copy.deepcopy(runs.spec)
    container = spec["deploymentSpec"]["executors"]["exec-write"]["container"]
    container["image"] = "trainer:2"
    assert outcomes(runs.foretell(spec, text="abc"))["write"] == ("runs", "its image is another than in run run-3")
    container["image"] = "trainer:1"
    container["command"] = [*container["command"], "#"]
    assert outcomes(runs.foretell(spec, text="abc"))["write"] == ("runs", "its code is another than in run run-3")
    spec = {**runs.spec, "pipelineInfo": {"name": "other"}}
    assert outcomes(runs.foretell(spec, text="abc"))["write"][1] == "no earlier run is known to have done it"


@pytest.mark.run
def test_predict_takes_nothing_from_runs_without_a_cache(runs: Runs) -> None:
    uncached = copy.deepcopy(runs.spec)
    for component in (uncached["root"], uncached["components"]["comp-condition-1"]):
        for task in component["dag"]["tasks"].values():
            task["cachingOptions"] = {}
    runs.run(uncached, text="new")
    assert outcomes(runs.foretell(text="new"))["write"] == ("runs", "run run-4 has left nothing for others")
    assert {one.reason for one in predict(runs.spec, {"text": "abc"}, runs.jobs, enable_caching=False)} == {
        "caching is off",
        "never cached",
    }
    runs.jobs.pop(0)


def of_a_job(machine: str = "n1-standard-4") -> dict[str, Any]:
    """A pipeline of one custom job, which tells of its run by texts that are filled in."""
    pools = [{"machine_spec": {"machine_type": machine}, "container_spec": {"args": ["{{$.json_escape[1]}}"]}}]
    inputs = {"worker_pool_specs": pools, "service_account": "{{$.pipeline_service_account}}"}
    return {
        "pipelineInfo": {"name": "p"},
        "components": {
            "comp-train": {
                "executorLabel": "exec-train",
                "inputDefinitions": {"parameters": {name: {"defaultValue": value} for name, value in inputs.items()}},
            }
        },
        "deploymentSpec": {"executors": {"exec-train": {"container": {"image": "launcher:1"}}}},
        "root": {
            "dag": {
                "tasks": {"train": {"componentRef": {"name": "comp-train"}, "cachingOptions": {"enableCache": True}}}
            }
        },
    }


def test_custom_job_is_found_again_by_its_pools_and_the_account_of_its_run() -> None:
    spec, account = of_a_job(), "a@p.iam.gserviceaccount.com"
    pools = spec["components"]["comp-train"]["inputDefinitions"]["parameters"]["worker_pool_specs"]["defaultValue"]
    given = {"input:worker_pool_specs": pools, "input:service_account": account}
    detail = {"taskName": "train", "state": "SUCCEEDED", "execution": {"metadata": given}}
    earlier = [{"name": "jobs/run-1", "pipelineSpec": spec, "jobDetail": {"taskDetails": [detail]}}]

    def told(spec: dict[str, Any], **values: str) -> tuple[str, str]:
        (found,) = predict(spec, {}, earlier, told={"{{$.pipeline_service_account}}": account} | values)
        return found.outcome, found.reason

    assert told(spec) == ("cached", "run-1")
    assert told(of_a_job("n1-standard-8")) == (
        "runs",
        "worker_pool_specs is 1 x n1-standard-8 and was 1 x n1-standard-4 (compared with run run-1)",
    )
    assert told(spec, **{"{{$.pipeline_service_account}}": "b"})[0] == "runs"

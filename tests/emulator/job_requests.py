"""Requests for pipeline jobs, and the pipelines that they run."""

# ruff: noqa: I002 - kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type"

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator, storage_client
from tests.patience import eventually

ROOT_URI = "gs://pipeline-bucket/root"
JOBS = f"{LOCATION}/pipelineJobs"


def spec(**parameters: dict[str, Any]) -> dict[str, Any]:
    """A specification without tasks, in the fewest words.

    Args:
        parameters: Its input parameters, as the specification has them.
    """
    return {
        "pipelineInfo": {"name": "small"},
        "schemaVersion": "2.1.0",
        "root": {"inputDefinitions": {"parameters": parameters}, "dag": {"tasks": {}}},
        "components": {},
        "deploymentSpec": {"executors": {}},
    }


def job(document: dict[str, Any] | None = None, root: str = ROOT_URI, **values: Any) -> dict[str, Any]:
    """A job as a client sends it.

    Args:
        document: Its specification.
        root: Its output directory.
        values: Its parameters.
    """
    config = {"gcsOutputDirectory": root, "parameterValues": values}
    return {"displayName": "mine", "pipelineSpec": spec() if document is None else document, "runtimeConfig": config}


def submit(emulator: VertexEmulator, job_id: str, body: dict[str, Any]) -> str:
    """Creates a job; its name."""
    return str(emulator.post(f"{JOBS}?pipelineJobId={job_id}", body)["name"])


def until(emulator: VertexEmulator, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The job, once something holds of it."""
    return eventually(lambda: emulator.get(name), holds)


def ended(emulator: VertexEmulator, name: str) -> dict[str, Any]:
    """The job, once it has ended."""
    return until(emulator, name, lambda found: "endTime" in found)


def running(emulator: VertexEmulator, name: str, task: str) -> dict[str, Any]:
    """The job, once a task of it runs."""
    return until(emulator, name, lambda found: states(found).get(task) == "RUNNING")


def states(found: dict[str, Any]) -> dict[str, str]:
    """The state of each task by its name."""
    return {detail["taskName"]: detail["state"] for detail in found.get("jobDetail", {}).get("taskDetails", ())}


def bucket(emulator: VertexEmulator) -> Any:
    """The bucket of `ROOT_URI`, created where it is not there."""
    client = storage_client(emulator)
    name = ROOT_URI.split("/")[2]
    return client.lookup_bucket(name) or client.create_bucket(name)


@functools.cache
def pipelines(folder: Path) -> dict[str, Path]:
    """The compiled pipelines `rows` and `waits`, as files of a folder."""
    from kfp import compiler, dsl

    component = functools.partial(dsl.component, base_image="trainer:1", install_kfp_package=False)

    @component()
    def make_rows(
        count: int, rows: dsl.Output[dsl.Dataset], parts: dsl.Output[dsl.Model], score: dsl.Output[dsl.Metrics]
    ):
        import os

        with open(rows.path, "w") as file:
            file.write("row\n" * count)
        os.makedirs(os.path.join(parts.path, "variables"))
        for name in ("saved_model.pb", "variables/0"):
            with open(os.path.join(parts.path, name), "w") as file:
                file.write(name)
        rows.metadata["count"] = count
        score.log_metric("share", 0.5)

    @component()
    def count_rows(rows: dsl.Input[dsl.Dataset], least: int) -> int:
        with open(rows.path) as file:
            count = len(file.readlines())
        print("counted", count)
        if count < least:
            raise ValueError(f"{count} rows are too few")
        return count

    @component()
    def wait_for(path: str) -> str:
        import os
        import time

        print("waiting", flush=True)
        while not os.path.exists(path):
            time.sleep(0.02)
        return path

    @dsl.pipeline(name="rows")
    def rows(count: int = 3, least: int = 1):
        made = make_rows(count=count)
        count_rows(rows=made.outputs["rows"], least=least)

    @dsl.pipeline(name="waits")
    def waits(path: str):
        wait_for(path=path).set_caching_options(False)

    found = {}
    for pipeline in (rows, waits):
        found[pipeline.name] = folder / f"{pipeline.name}.yaml"
        compiler.Compiler().compile(pipeline, str(found[pipeline.name]))
    return found


def document(path: Path) -> dict[str, Any]:
    """A compiled pipeline's specification."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded

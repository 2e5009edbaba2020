"""Run folders as the runner leaves them, made by hand for the tests that read them."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PIPELINE = """
components:
  comp-upload-data: {executorLabel: exec-upload-data}
  comp-condition-1:
    dag:
      tasks:
        register-model:
          taskInfo: {name: Register the version}
        deploy-model:
          taskInfo: {name: Deploy and move the traffic}
root:
  dag:
    tasks:
      condition-1:
        componentRef: {name: comp-condition-1}
        taskInfo: {name: gate is open}
      train-model:
        taskInfo: {name: Train the DNN}
      upload-data:
        componentRef: {name: comp-upload-data}
        taskInfo: {name: Check and upload data}
---
platforms: {kubernetes: {}}
"""


def artifact(kind: str, uri: str, **metadata: Any) -> dict[str, Any]:
    return {"artifacts": [{"name": "a", "schemaTitle": kind, "uri": uri, "metadata": metadata}]}


def task(name: str, state: str, seconds: float | None = None, **given: Any) -> dict[str, Any]:
    """A task's detail; one that took `seconds` began at 10:00:00."""
    times = {} if seconds is None else {"startTime": moment(0), "endTime": moment(seconds)}
    kind = {"execution": {"schemaTitle": "system.ContainerExecution"}}
    return {"taskId": name, "taskName": name, "state": state, **kind, **times, **given}


def moment(seconds: float) -> str:
    return f"2026-11-25T10:{int(seconds) // 60:02d}:{seconds % 60:09.6f}Z"


def write_run(runs_dir: Path, run_id: str, state: str, *tasks: Mapping[str, Any], **given: Any) -> Path:
    """Writes a run's folder and returns it."""
    folder = runs_dir / run_id
    folder.mkdir(parents=True)
    document = {
        "name": f"projects/local/locations/local/pipelineJobs/{run_id}",
        "createTime": moment(0),
        "startTime": moment(0),
        "state": f"PIPELINE_STATE_{state}",
        "jobDetail": {"taskDetails": [{"taskName": "run", "execution": {"schemaTitle": "system.Run"}}, *tasks]},
        **given,
    }
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    return folder


def write_evaluated_run(runs_dir: Path, run_id: str, passed: bool, classes: int = 2) -> Path:
    """A run to its end, with metrics, a confusion matrix and a decision."""
    decision = runs_dir / f"{run_id}-decision"
    runs_dir.mkdir(exist_ok=True)
    rules = [
        {"name": "finite", "passed": True, "sentence": "Accuracy and loss are finite."},
        {"name": "floor", "passed": passed, "sentence": "Accuracy is 0.9667 (29 of 30 rows)."},
    ]
    decision.write_text(json.dumps({"passed": passed, "summary": "s", "rules": rules}), encoding="utf-8")
    names = ["setosa", "[red]東京"] + [f"class {number}" for number in range(2, classes)]
    matrix = {
        "annotationSpecs": [{"displayName": name} for name in names],
        "rows": [{"row": [20 if row == column else row for column in range(classes)]} for row in range(classes)],
    }
    outputs = {
        "metrics": artifact("system.Metrics", "", accuracy=0.96667, loss=0.0661),
        "classification": artifact("system.ClassificationMetrics", "", confusionMatrix=matrix),
        "report": artifact("system.HTML", f"{runs_dir}/{run_id}/root/report"),
        "decision": artifact("system.Artifact", str(decision)),
        "model": artifact("system.Model", "gs://bucket/model"),
        "training_log": artifact("system.Artifact", f"{runs_dir}/{run_id}/root/log of it"),
        "train_dataset": artifact("system.Dataset", "", warnings=["Column X is constant."]),
    }
    registered = {"registered_model": artifact("system.Artifact", "gs://bucket/models/iris/2", version="2")}
    endpoint = {"endpoint": artifact("system.Artifact", "projects/p/endpoints/1", traffic={"1": 0, "2": 100})}
    tasks = [
        task("upload-data", "SUCCEEDED", 1.25),
        task("train-model", "SUCCEEDED", 75, outputs=outputs),
        task("register-model", "SUCCEEDED", 0.5, outputs=registered),
        task("deploy-model", "SUCCEEDED", 2.5, outputs=endpoint),
    ]
    if not passed:
        tasks[2:] = [task("register-model", "NOT_TRIGGERED"), task("deploy-model", "NOT_TRIGGERED")]
    return write_run(runs_dir, run_id, "SUCCEEDED", *tasks, endTime=moment(80))


@contextmanager
def live_runner(folder: Path) -> Iterator[None]:
    """Holds the lock that a runner holds while it lives."""
    with (folder / "runner.json").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

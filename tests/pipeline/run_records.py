"""Records of runs, made by hand for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.runs.record import ArtifactRecord, RunRecord, TaskRecord

ROOT = "gs://bucket/pipeline-root"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def artifact(uri: str = "", kind: str = "system.Artifact", **metadata: Any) -> ArtifactRecord:
    return ArtifactRecord(kind, uri, metadata)


def task(name: str, state: str, seconds: float | None = None, **given: Any) -> TaskRecord:
    """A task; one that took `seconds` began at noon."""
    times = {} if seconds is None else {"started": NOON, "ended": NOON + timedelta(seconds=seconds)}
    known = {"unique_name": name, "display_name": name.replace("-", " ").capitalize(), **times, **given}
    return TaskRecord(name=name, state=state, **known)


def run(run_id: str, state: str, *tasks: TaskRecord, **given: Any) -> RunRecord:
    """A run that began at noon."""
    known = {
        "pipeline": "dnn-pipeline",
        "display_name": run_id,
        "created": NOON,
        "started": NOON,
        "root": ROOT,
        **given,
    }
    name = f"projects/local-project/locations/us-central1/pipelineJobs/{run_id}"
    return RunRecord(name=name, run_id=run_id, state=state, tasks=tasks, **known)


def rule(name: str, passed: bool, value: float | None, threshold: float | None, sentence: str) -> dict[str, Any]:
    comparison = "is" if threshold is None else ">" if name == "better_than_constant" else ">="
    return {
        "name": name,
        "passed": passed,
        "value": value,
        "comparison": comparison,
        "threshold": threshold,
        "sentence": sentence,
    }


def decision(*rules: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """A decision record on 30 rows of three classes."""
    return {
        "passed": all(one["passed"] for one in rules),
        "summary": "",
        "rules": list(rules),
        "rows": 30,
        "classes": ["setosa", "versicolor", "virginica"],
        "confusion_matrix": [[10, 0, 0], [0, 8, 2], [0, 1, 9]],
        "champion": {"sentence": "There is no champion yet.", "passes": True},
        **given,
    }

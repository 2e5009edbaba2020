"""What a run's folder says of it, read back from run.json and the compiled pipeline beside it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trainer.errors import UsageError, nearest

STOPPED = "stopped"
UNREADABLE = "unreadable"

_FINAL_STATES = ("succeeded", "failed", "cancelled", STOPPED, UNREADABLE)
_GROUPS = ("system.Run", "system.DagExecution")
_INPUTS_FILE = "inputs.json"


@dataclass(frozen=True)
class ArtifactRecord:
    """An output of a task.

    Attributes:
        kind: Its type, such as `system.Model`.
        uri: Where it lies: a path, or a URL where it is not on this machine.
        metadata: What the component noted of it.
    """

    kind: str
    uri: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskRecord:
    """A task of a run.

    Attributes:
        name: Its name in the DAG.
        display_name: Its name for readers.
        state: The state that Vertex AI gives it, in lower case: `pending`, `running`, `not_triggered`, ...
        started: When it was begun. None before.
        ended: When it ended. None before.
        error: Its own error, where it failed.
        outputs: Its artifacts by output name.
        log: The file of its standard output and error.
    """

    name: str
    display_name: str
    state: str
    started: datetime | None
    ended: datetime | None
    error: str
    outputs: Mapping[str, ArtifactRecord]
    log: Path


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        run_id: The last part of its name.
        folder: Its folder.
        state: The state that Vertex AI gives it, in lower case, without PIPELINE_STATE_; `stopped` where its
            runner died without a last word, `unreadable` where its run.json is no record of a run.
        started: When it was begun.
        ended: When it ended.
        error: Why it failed.
        tasks: Its tasks, in an order in which they can run.
    """

    run_id: str
    folder: Path
    state: str
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    tasks: Sequence[TaskRecord] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in _FINAL_STATES

    def outputs(self, name: str) -> list[ArtifactRecord]:
        """What its tasks have written under an output name."""
        return [task.outputs[name] for task in self.tasks if name in task.outputs]


def read_run(folder: Path, display_names: Mapping[str, str] | None = None) -> RunRecord:
    """Reads a run; what its files do not say is left empty.

    Args:
        folder: The run's folder.
        display_names: The tasks' names for readers. None reads them from the folder's pipeline.yaml.
    """
    names = read_display_names(folder / "pipeline.yaml") if display_names is None else display_names
    try:
        run = _read(folder, names)
        if run.is_final or _has_runner(folder):
            return run
        # It may have ended between the two looks.
        run = _read(folder, names)
        return run if run.is_final else replace(run, state=STOPPED)
    except (OSError, ValueError, AttributeError, TypeError):
        return RunRecord(run_id=folder.name, folder=folder, state=UNREADABLE)


def read_display_names(spec: Path) -> dict[str, str]:
    """The tasks' names for readers by their names in the DAG; none where the file is no compiled pipeline."""
    import yaml

    try:
        with spec.open("rb") as file:
            document = next(yaml.load_all(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        dags = [document["root"], *document.get("components", {}).values()]
        tasks = [item for dag in dags if "dag" in dag for item in dag["dag"]["tasks"].items()]
        return {name: task.get("taskInfo", {}).get("name", name) for name, task in tasks}
    except (OSError, LookupError, AttributeError, TypeError, StopIteration, yaml.YAMLError):
        return {}


def list_runs(runs_dir: Path) -> list[RunRecord]:
    """The runs in a folder, the newest first."""
    runs = [read_run(file.parent) for file in runs_dir.glob("*/run.json")]
    return sorted(runs, key=lambda run: (run.started.timestamp() if run.started else 0, run.run_id), reverse=True)


def find_run(runs_dir: Path, run_id: str | None) -> RunRecord:
    """One run.

    Args:
        runs_dir: The folder of all runs.
        run_id: Its id. None finds the newest.

    Raises:
        UsageError: There is no such run.
    """
    runs = list_runs(runs_dir)
    if not runs:
        raise UsageError(f"There are no runs in {runs_dir}. Start one with `python -m pipeline run`.")
    if run_id is None:
        return runs[0]
    for run in runs:
        if run.run_id == run_id:
            return run
    hint = nearest(run_id, [run.run_id for run in runs])
    raise UsageError(f"There is no run {run_id} in {runs_dir}.{hint} `python -m pipeline runs` lists them.")


def write_inputs(folder: Path, originals: Mapping[str, str]) -> None:
    """Keeps in a run's folder where its inputs were copied from, so that errors call them by their names."""
    (folder / _INPUTS_FILE).write_text(json.dumps(originals, indent=1, ensure_ascii=False), encoding="utf-8")


def _read_inputs(folder: Path) -> dict[str, str]:
    try:
        originals = json.loads((folder / _INPUTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return originals if isinstance(originals, dict) else {}


def _has_runner(folder: Path) -> bool:
    """Whether the runner lives: it holds a lock on runner.json, which the kernel drops however it ends."""
    try:
        with (folder / "runner.json").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(folder: Path, display_names: Mapping[str, str]) -> RunRecord:
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    originals = _read_inputs(folder)
    details = (document.get("jobDetail") or {}).get("taskDetails") or []
    tasks = [_task(detail, display_names, folder, originals) for detail in details if not _is_group(detail)]
    return RunRecord(
        run_id=str(document.get("name", "")).rpartition("/")[2] or folder.name,
        folder=folder,
        state=str(document.get("state", "")).removeprefix("PIPELINE_STATE_").lower(),
        started=_time(document.get("startTime") or document.get("createTime")),
        ended=_time(document.get("endTime")),
        error=_message(document, originals),
        tasks=tasks,
    )


def _is_group(detail: Mapping[str, Any]) -> bool:
    return (detail.get("execution") or {}).get("schemaTitle") in _GROUPS


def _task(
    detail: Mapping[str, Any], display_names: Mapping[str, str], folder: Path, originals: Mapping[str, str]
) -> TaskRecord:
    name = str(detail.get("taskName", ""))
    outputs = {key: _artifact(value) for key, value in (detail.get("outputs") or {}).items()}
    logs = [folder / "tasks" / part / "log.txt" for part in (str(detail.get("taskUniqueName", "")), name)]
    return TaskRecord(
        name=name,
        display_name=display_names.get(name, name),
        state=str(detail.get("state", "")).lower(),
        started=_time(detail.get("startTime")),
        ended=_time(detail.get("endTime")),
        error=_message(detail, originals),
        outputs={key: artifact for key, artifact in outputs.items() if artifact is not None},
        log=next((log for log in logs if log.is_file()), logs[-1]),
    )


def _artifact(output: Mapping[str, Any]) -> ArtifactRecord | None:
    for artifact in output.get("artifacts") or []:
        uri = str(artifact.get("uri", "")).removeprefix("file://")
        return ArtifactRecord(str(artifact.get("schemaTitle", "")), uri, artifact.get("metadata") or {})
    return None


def _message(document: Mapping[str, Any], originals: Mapping[str, str]) -> str:
    message = str((document.get("error") or {}).get("message", ""))
    for staged, original in originals.items():
        message = message.replace(staged, original)
    return message


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

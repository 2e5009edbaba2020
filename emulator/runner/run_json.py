"""What can be asked of a run in the JSON form of Vertex AI's PipelineJob, as run.json holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from enum import StrEnum
from typing import Any

from emulator.runner.pipeline_spec import ITERATION
from emulator.runner.task_record import AT_WORK, EXECUTION_STATES, TaskState, error_status, status

ABORTED = 10


class RunState(StrEnum):
    """The states of a run that occur here."""

    PENDING = "PIPELINE_STATE_PENDING"
    RUNNING = "PIPELINE_STATE_RUNNING"
    SUCCEEDED = "PIPELINE_STATE_SUCCEEDED"
    FAILED = "PIPELINE_STATE_FAILED"
    CANCELLING = "PIPELINE_STATE_CANCELLING"
    CANCELLED = "PIPELINE_STATE_CANCELLED"


FINAL = {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


def is_final(job: Mapping[str, Any]) -> bool:
    """Whether a run, given as run.json tells it, has ended."""
    return job["state"] in FINAL


def ended_by_death(job: Mapping[str, Any]) -> dict[str, Any]:
    """A run whose runner was killed, as failed when it was last heard of."""
    message = "The runner of this run was killed before the run had ended. Start the run again."
    dead = deepcopy(dict(job))
    moment = job.get("updateTime", "")
    dead |= {
        "state": RunState.FAILED.value,
        "endTime": moment,
        "error": error_status(message, ABORTED),
    }
    for detail in dead.get("jobDetail", {}).get("taskDetails", []):
        if detail["state"] in AT_WORK:
            _end(detail, TaskState.FAILED, moment, error_status(message, ABORTED))
        elif detail["state"] == TaskState.PENDING:
            _end(detail, TaskState.NOT_TRIGGERED, moment)
    return dead


def _end(detail: dict[str, Any], state: TaskState, moment: str, error: Mapping[str, Any] | None = None) -> None:
    detail |= {"state": state.value, "endTime": moment} | ({"error": error} if error else {})
    detail["execution"] = {**detail.get("execution", {}), "state": EXECUTION_STATES[state]}
    detail["pipelineTaskStatus"] = [*detail.get("pipelineTaskStatus", []), status(state, moment, error)]


def task_folder(job: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    """What the folder of a task's log is called: the task's name.

    Where several tasks of a run have that name, in the iterations of a loop or in nested pipelines, it is the
    task's unique name.
    """
    paths = [other.get("taskUniqueName", "").split(".") for other in job["jobDetail"]["taskDetails"]]
    return folder_name(detail["taskUniqueName"].split("."), paths)


def folder_name(path: Sequence[str], paths: Iterable[Sequence[str]]) -> str:
    """As `task_folder`, for a task given by its path, among all paths of a run.

    It stays the same while the iterations of loops come up: their tasks are not counted.
    """
    if _is_in_loop(path):
        return ".".join(path)
    namesakes = [other for other in paths if other and other[-1] == path[-1] and not _is_in_loop(other)]
    return path[-1] if len(namesakes) == 1 else ".".join(path)


def _is_in_loop(path: Sequence[str]) -> bool:
    return any(ITERATION.fullmatch(name) for name in path)

"""The state of one task of a run, told as Vertex AI's PipelineTaskDetail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from emulator.runner.json_values import plain
from emulator.runner.pipeline_spec import Kind

FAILED_PRECONDITION = 9

TaskPath = tuple[str, ...]
"""A task's name after the names of the groups around it, the outermost first; empty for the run itself."""


class TaskState(StrEnum):
    """The states of a task that occur here."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    CANCEL_PENDING = "CANCEL_PENDING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    NOT_TRIGGERED = "NOT_TRIGGERED"


AT_WORK = {TaskState.RUNNING, TaskState.CANCEL_PENDING}
_NEVER_BEGUN = {TaskState.PENDING, TaskState.CANCELLED, TaskState.NOT_TRIGGERED}
EXECUTION_STATES = {
    TaskState.PENDING: "NEW",
    TaskState.RUNNING: "RUNNING",
    TaskState.SUCCEEDED: "COMPLETE",
    TaskState.CANCEL_PENDING: "RUNNING",
    TaskState.CANCELLED: "CANCELLED",
    TaskState.FAILED: "FAILED",
    TaskState.SKIPPED: "CACHED",
    TaskState.NOT_TRIGGERED: "CANCELLED",
}


@dataclass(frozen=True)
class Values:
    """What goes into a task, or comes out of it, in JSON's terms.

    Attributes:
        parameters: Values by name.
        artifacts: Lists of `{name, uri, schemaTitle, schemaVersion, metadata}` by name.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def with_uris(self, uri_of: Callable[[str], str]) -> Values:
        """The same with other URIs.

        Args:
            uri_of: Gives the new URI for an old one.
        """
        artifacts = {
            name: [{**artifact, "uri": uri_of(artifact["uri"])} for artifact in given]
            for name, given in self.artifacts.items()
        }
        return Values(self.parameters, artifacts)


@dataclass
class TaskRecord:
    """One task, group, or, at the root, the run itself.

    Attributes:
        parent: The id of the group that it belongs to.
        error: Why it has failed.
        job: The name of the custom job that runs it; empty where none does.
        history: The states that it has been in, as PipelineTaskStatus.
    """

    id: int
    path: TaskPath
    name: str
    parent: int | None
    kind: Kind
    created: datetime
    state: TaskState = TaskState.PENDING
    started: datetime | None = None
    ended: datetime | None = None
    inputs: Values = Values()
    outputs: Values = Values()
    error: str = ""
    job: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Notes the state that it begins with."""
        self._note(self.created, "")

    def move(self, state: TaskState, now: datetime, error: str = "") -> None:
        """Enters a state."""
        self.state = state
        if state not in _NEVER_BEGUN and self.started is None:
            self.started = now
        if state not in {TaskState.PENDING, *AT_WORK}:
            self.ended = now
        self.error = error
        self._note(now, error)

    def retry(self, now: datetime, error: str) -> None:
        """Stays in its state and notes why it is tried again."""
        self._note(now, error)

    def _note(self, now: datetime, error: str) -> None:
        self.history.append(status(self.state, time_text(now), error_status(error) if error else None))

    def detail(self) -> dict[str, Any]:
        """The record as a PipelineTaskDetail."""
        given = {
            "taskId": str(self.id),
            "parentTaskId": None if self.parent is None else str(self.parent),
            "taskName": self.name,
            "taskUniqueName": ".".join(self.path),
            "createTime": time_text(self.created),
            "startTime": time_text(self.started),
            "endTime": time_text(self.ended),
            "executorDetail": {"containerDetail": {"mainJob": self.job}} if self.job else None,
            "state": self.state.value,
            "inputs": _artifacts(self.inputs),
            "outputs": _artifacts(self.outputs),
            "error": error_status(self.error) if self.error else None,
            "pipelineTaskStatus": self.history,
            "execution": self._execution(),
        }
        return {key: value for key, value in given.items() if value}

    def _execution(self) -> dict[str, Any]:
        inputs = {f"input:{name}": value for name, value in self.inputs.parameters.items()}
        outputs = {f"output:{name}": value for name, value in self.outputs.parameters.items()}
        return {
            "displayName": self.name,
            "schemaTitle": self.kind.value,
            "state": EXECUTION_STATES[self.state],
            "metadata": plain({**inputs, **outputs}),
        }


def _artifacts(values: Values) -> dict[str, Any]:
    return {
        name: {"artifacts": [plain({"displayName": name, **artifact}) for artifact in artifacts]}
        for name, artifacts in values.artifacts.items()
    }


def status(state: TaskState, moment: str | None, error: Mapping[str, Any] | None) -> dict[str, Any]:
    """A state that a task has entered, as PipelineTaskStatus."""
    return {"updateTime": moment, "state": state.value} | ({"error": error} if error else {})


def time_text(moment: datetime | None) -> str | None:
    """A time as protobuf's JSON writes it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def error_status(message: str, code: int = FAILED_PRECONDITION) -> dict[str, Any]:
    """A failure as google.rpc.Status."""
    return {"code": code, "message": message}

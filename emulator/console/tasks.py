"""The tasks of a run, read from the task details of a PipelineJob."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.console.states import FINAL_TASK_STATES, plain_state
from emulator.console.times import parse_time

Json = Mapping[str, Any]


@dataclass(frozen=True)
class ArtifactView:
    """An artifact that goes into a task or comes out of it.

    Attributes:
        key: The name of the input or output.
        kind: Its schema's title: `system.Model`.
        uri: Where it lies.
        metadata: What the task said of it.
        name: Its resource name.
    """

    key: str
    kind: str
    uri: str
    metadata: Json
    name: str


@dataclass(frozen=True)
class Attempt:
    """A state that a task has been in.

    Attributes:
        state: As `plain_state` has it.
        moment: Since when.
        error: Why, where it failed.
    """

    state: str
    moment: datetime | None
    error: str


@dataclass(frozen=True)
class TaskView:
    """One task, group or, without a name, the run itself.

    Attributes:
        id: Its number in the run.
        parent: The number of what it belongs to; empty for the run.
        name: Its name where it stands.
        unique_name: Its name in the run: `group.task`.
        state: As `plain_state` has it.
        job: The number under which its log is kept; empty where it has none.
    """

    id: str
    parent: str
    name: str
    unique_name: str
    state: str
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    job: str = ""
    parameters: Json = field(default_factory=dict)
    results: Json = field(default_factory=dict)
    inputs: tuple[ArtifactView, ...] = ()
    outputs: tuple[ArtifactView, ...] = ()
    history: tuple[Attempt, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether it has ended, or never will begin."""
        return self.state in FINAL_TASK_STATES


def parse_tasks(job: Json) -> tuple[TaskView, ...]:
    """The tasks of a run, in the order in which the API gives them."""
    return tuple(_task(detail) for detail in job.get("jobDetail", {}).get("taskDetails", []))


def _task(detail: Json) -> TaskView:
    metadata: Json = detail.get("execution", {}).get("metadata", {})
    main_job = detail.get("executorDetail", {}).get("containerDetail", {}).get("mainJob", "")
    return TaskView(
        id=str(detail.get("taskId", "")),
        parent=str(detail.get("parentTaskId", "")),
        name=str(detail.get("taskName", "")),
        unique_name=str(detail.get("taskUniqueName", "")),
        state=_state(detail),
        created=parse_time(detail.get("createTime")),
        started=parse_time(detail.get("startTime")),
        ended=parse_time(detail.get("endTime")),
        error=str(detail.get("error", {}).get("message", "")),
        job=str(main_job).rpartition("/")[2],
        parameters=_below(metadata, "input:"),
        results=_below(metadata, "output:"),
        inputs=_artifacts(detail.get("inputs", {})),
        outputs=_artifacts(detail.get("outputs", {})),
        history=tuple(_attempt(status) for status in detail.get("pipelineTaskStatus", [])),
    )


def _state(detail: Json) -> str:
    return plain_state(str(detail.get("state", "")))


def _attempt(status: Json) -> Attempt:
    error = str(status.get("error", {}).get("message", ""))
    return Attempt(_state(status), parse_time(status.get("updateTime")), error)


def _below(metadata: Json, prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in metadata.items() if name.startswith(prefix)}


def _artifacts(given: Json) -> tuple[ArtifactView, ...]:
    return tuple(_artifact(key, artifact) for key, held in given.items() for artifact in _list(held, "artifacts"))


def _list(document: Json, key: str) -> Sequence[Json]:
    found: Sequence[Json] = document.get(key, [])
    return found


def _artifact(key: str, artifact: Json) -> ArtifactView:
    return ArtifactView(
        key=key,
        kind=str(artifact.get("schemaTitle", "")),
        uri=str(artifact.get("uri", "")),
        metadata=artifact.get("metadata", {}),
        name=str(artifact.get("name", "")),
    )

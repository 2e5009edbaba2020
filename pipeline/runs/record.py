"""What Vertex AI says of a run, read from its PipelineJob as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.runs.spec import PipelineSpec, TaskSpec, read_spec, starting, typed
from pipeline.runs.staged_names import by_its_name

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import PipelineJob

FINAL_STATES = ("succeeded", "failed", "cancelled")
# Of a task that has begun and not ended.
AT_WORK = ("running", "cancel_pending", "cancelling")

_GROUPS = ("system.Run", "system.DagExecution")


@dataclass(frozen=True)
class ArtifactRecord:
    """An artifact that a task was given or has written.

    Attributes:
        kind: Its type, such as `system.Model`.
        uri: Where it lies.
        metadata: What the component noted of it; numbers are floats.
        name: Its resource name.
    """

    kind: str
    uri: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True)
class TaskRecord:
    """A task of a run.

    Attributes:
        name: Its name in the DAG.
        unique_name: The same after the names of the groups around it, with dots between.
        display_name: Its name for readers.
        state: The state that Vertex AI gives it, in lower case: `pending`, `running`, `skipped`, `not_triggered`, ...
        started: When it was begun. None before.
        ended: When it ended. None before.
        error: Its own error, where it failed.
        job: The id of its custom job, under which its log is kept; empty where it has not run.
        is_custom_job: Whether it starts another custom job, and does nothing else itself.
        parameters: Its input parameters by name.
        inputs: The artifacts that it was given, by input name.
        outputs: The artifacts that it has written, by output name.
        output_parameters: Its output parameters by name.
    """

    name: str
    unique_name: str
    display_name: str
    state: str
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    job: str = ""
    is_custom_job: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    outputs: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    output_parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        name: Its resource name.
        run_id: The last part of it.
        pipeline: The name of its pipeline.
        display_name: Its name for readers.
        state: The state that Vertex AI gives it, in lower case, without PIPELINE_STATE_.
        created: When it was submitted.
        started: When it was begun. None before.
        ended: When it ended. None before.
        error: Why it failed.
        parameters: The parameters that it was given, by name.
        labels: Its labels.
        root: The gs:// folder below which its artifacts lie.
        image: The image of its training task.
        schedule: The resource name of the schedule that made it; empty where none did.
        tasks: Its tasks, in an order in which they can run; none where it comes from a list that leaves them out.
    """

    name: str
    run_id: str
    pipeline: str
    display_name: str
    state: str
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    image: str = ""
    schedule: str = ""
    tasks: Sequence[TaskRecord] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES

    def outputs(self, name: str) -> list[ArtifactRecord]:
        """What its tasks have written under an output name."""
        return [task.outputs[name] for task in self.tasks if name in task.outputs]


def read_job(job: PipelineJob) -> RunRecord:
    """Reads a run from Vertex AI's answer; what that does not say is left empty."""
    from google.protobuf.json_format import MessageToDict

    document = MessageToDict(type(job).pb(job))
    spec = read_spec(document.get("pipelineSpec") or {})
    runtime = document.get("runtimeConfig") or {}
    given = runtime.get("parameterValues") or {}
    name = str(document.get("name", ""))
    state = str(document.get("state", "")).removeprefix("PIPELINE_STATE_").lower()
    details = (document.get("jobDetail") or {}).get("taskDetails") or []
    return RunRecord(
        name=name,
        run_id=name.rpartition("/")[2],
        pipeline=spec.name,
        display_name=str(document.get("displayName", "")),
        state=state,
        created=_time(document.get("createTime")),
        started=_time(document.get("startTime")),
        ended=_time(document.get("endTime")),
        error=_message(document, given),
        parameters=typed(given, spec.parameters),
        labels=document.get("labels") or {},
        root=str(runtime.get("gcsOutputDirectory", "")),
        image=spec.image,
        schedule=str(document.get("scheduleName", "")),
        tasks=_tasks(details, spec, given, state in FINAL_STATES) if details else (),
    )


def _tasks(
    details: Sequence[Mapping[str, Any]], spec: PipelineSpec, given: Mapping[str, Any], is_over: bool
) -> list[TaskRecord]:
    """The tasks that Vertex AI tells of, and those that it does not tell of yet."""
    known = {task.name: task for task in spec.tasks}
    order = {task.name: place for place, task in enumerate(spec.tasks)}
    told = [_task(detail, known, given) for detail in details if not _is_group(detail, known)]
    names = {task.name for task in told}
    untold = [
        TaskRecord(task.name, task.name, task.display_name, "not_triggered" if is_over else "pending")
        for task in spec.tasks
        if not (task.is_group or task.is_in_loop or task.name in names)
    ]
    return sorted([*told, *untold], key=lambda task: order.get(task.name, len(order)))


def _is_group(detail: Mapping[str, Any], known: Mapping[str, TaskSpec]) -> bool:
    kind = (detail.get("execution") or {}).get("schemaTitle")
    name = str(detail.get("taskName", ""))
    return kind in _GROUPS or (name in known and known[name].is_group)


def _task(detail: Mapping[str, Any], known: Mapping[str, TaskSpec], given: Mapping[str, Any]) -> TaskRecord:
    name = str(detail.get("taskName", ""))
    spec = known.get(name, TaskSpec(name, name))
    noted = (detail.get("execution") or {}).get("metadata") or {}
    job = ((detail.get("executorDetail") or {}).get("containerDetail") or {}).get("mainJob", "")
    return TaskRecord(
        name=name,
        unique_name=str(detail.get("taskUniqueName", "")) or name,
        display_name=spec.display_name,
        state=str(detail.get("state", "")).lower(),
        started=_time(detail.get("startTime")),
        ended=_time(detail.get("endTime")),
        error=_message(detail, given),
        job=str(job).rpartition("/")[2],
        is_custom_job=spec.is_custom_job,
        parameters=typed(starting("input:", noted), spec.inputs),
        inputs=_artifacts(detail.get("inputs")),
        outputs=_artifacts(detail.get("outputs")),
        output_parameters=typed(starting("output:", noted), spec.outputs),
    )


def _artifacts(lists: Mapping[str, Any] | None) -> dict[str, ArtifactRecord]:
    found = {key: value.get("artifacts") or [] for key, value in (lists or {}).items()}
    return {key: _artifact(artifacts[0]) for key, artifacts in found.items() if artifacts}


def _artifact(document: Mapping[str, Any]) -> ArtifactRecord:
    return ArtifactRecord(
        kind=str(document.get("schemaTitle", "")),
        uri=str(document.get("uri", "")),
        metadata=document.get("metadata") or {},
        name=str(document.get("name", "")),
    )


def _message(document: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    return by_its_name(str((document.get("error") or {}).get("message", "")), given)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

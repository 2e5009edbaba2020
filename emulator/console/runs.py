"""Runs as the pages show them, read from the API's PipelineJob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulator.console.custom_jobs import BILLING_LABEL
from emulator.console.metrics import accuracy_of
from emulator.console.states import FINAL_RUN_STATES, plain_state
from emulator.console.tasks import ArtifactView, TaskView, parse_tasks
from emulator.console.times import parse_time

Json = Mapping[str, Any]
# What a list needs of each run; the rest, the pipeline's definition above all, stays where it is.
SUMMARY_FIELDS = (
    "name", "displayName", "state", "createTime", "startTime", "endTime", "updateTime", "labels", "scheduleName",
    "pipelineSpec.pipelineInfo",
)  # fmt: skip


@dataclass(frozen=True)
class RunSummary:
    """A run in a list.

    Attributes:
        name: Its resource name.
        title: Its display name.
        pipeline: The pipeline's name.
        state: As `plain_state` has it.
        schedule: The resource name of the schedule that began it.
    """

    name: str
    title: str
    pipeline: str
    state: str
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    schedule: str = ""

    @property
    def run_id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL_RUN_STATES

    def seconds(self, now: datetime) -> float | None:
        """How long it took, or has taken so far; None where it has not begun."""
        if self.started is None:
            return None
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


@dataclass(frozen=True)
class RunView:
    """A whole run.

    Attributes:
        summary: What a list has of it.
        error: Why it failed.
        parameters: Those that it was given, over those that its pipeline has by default.
        given: The names of the former.
        root: Where its artifacts lie.
        service_account: As whom it runs.
        own_label: The value of `BILLING_LABEL`, which all that it starts has too.
        tasks: Its tasks and groups; the run itself is among them, without a name.
        spec: The pipeline's definition.
    """

    summary: RunSummary
    error: str
    parameters: Mapping[str, Any]
    given: frozenset[str]
    root: str
    service_account: str
    own_label: str
    tasks: tuple[TaskView, ...]
    spec: Json

    @property
    def outputs(self) -> list[tuple[TaskView, ArtifactView]]:
        """The artifacts that its tasks made, each with its task."""
        return [(task, artifact) for task in self.tasks for artifact in task.outputs if task.unique_name]

    @property
    def accuracy(self) -> float | None:
        """The accuracy that a task logged as a metric; the last one's, where several did."""
        return accuracy_of(artifact for _, artifact in self.outputs)


def parse_summary(job: Json) -> RunSummary:
    """Reads a run of a list."""
    name = str(job.get("name", ""))
    labels = {key: str(value) for key, value in job.get("labels", {}).items() if key != BILLING_LABEL}
    return RunSummary(
        name=name,
        title=str(job.get("displayName") or name.rpartition("/")[2]),
        pipeline=str(job.get("pipelineSpec", {}).get("pipelineInfo", {}).get("name", "")),
        state=plain_state(str(job.get("state", ""))),
        created=parse_time(job.get("createTime")),
        started=parse_time(job.get("startTime")),
        ended=parse_time(job.get("endTime")),
        labels=labels,
        schedule=str(job.get("scheduleName", "")),
    )


def parse_run(job: Json) -> RunView:
    """Reads a whole run."""
    config: Json = job.get("runtimeConfig", {})
    spec: Json = job.get("pipelineSpec", {})
    given: Json = config.get("parameterValues", {})
    return RunView(
        summary=parse_summary(job),
        error=str(job.get("error", {}).get("message", "")),
        parameters={**_defaults(spec), **given},
        given=frozenset(given),
        root=str(config.get("gcsOutputDirectory", "")),
        service_account=str(job.get("serviceAccount", "")),
        own_label=str(job.get("labels", {}).get(BILLING_LABEL, "")),
        tasks=parse_tasks(job),
        spec=spec,
    )


def _defaults(spec: Json) -> dict[str, Any]:
    declared: Json = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return {name: about["defaultValue"] for name, about in declared.items() if "defaultValue" in about}


def now() -> datetime:
    """The present time."""
    return datetime.now(UTC)

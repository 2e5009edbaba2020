"""The custom jobs that a run's tasks have started, found and read as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from components.vertex.connection import CALL_TIMEOUT_S
from pipeline.config import Connection
from pipeline.runs.record import RunRecord, TaskRecord
from pipeline.runs.worker_pools import WorkerPool, machines_text, read_pools
from pipeline.vertex.clients import job_client, parent_of

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import CustomJob

# Another one for each run, which Vertex AI gives to the run and to all that its tasks start.
_RUN_LABEL = "vertex-ai-pipelines-run-billing-id"
_RESOURCE = re.compile(r"projects/[^/]+/locations/[^/]+/customJobs/[^/]+$")
_REPLICA = re.compile(r"\b(workerpool\d+-\d+)\b")
# What follows is where to look, which every such error has.
_ADVICE = re.compile(r"\s*To find out more about why your job exited.*", re.DOTALL)


@dataclass(frozen=True)
class CustomJobRecord:
    """A custom job.

    Attributes:
        name: Its resource name.
        display_name: Its name for readers.
        state: The state that Vertex AI gives it, in lower case, without JOB_STATE_.
        pools: Its worker pools.
        machines: What it runs on, in words.
        created: When it was asked for.
        error: Why it has failed or was stopped.
    """

    name: str
    display_name: str
    state: str
    pools: Sequence[WorkerPool]
    machines: str
    created: datetime | None = None
    error: str = ""

    @property
    def job_id(self) -> str:
        """Its number, under which its logs are kept."""
        return self.name.rpartition("/")[2]

    @property
    def replicas(self) -> list[str]:
        """The names of its replicas, the primary's first."""
        return [name for pool in self.pools for name in pool.names]

    @property
    def failed_replica(self) -> str:
        """The replica that its error names; empty where it names none."""
        found = _REPLICA.search(self.error)
        return found[1] if found else ""


def read_custom_job(job: CustomJob) -> CustomJobRecord:
    """Reads a job from Vertex AI's answer."""
    from google.protobuf.json_format import MessageToDict

    document = MessageToDict(type(job).pb(job))
    spec = document.get("jobSpec") or {}
    pools, scheduling = read_pools(spec.get("workerPoolSpecs")), spec.get("scheduling") or {}
    created = document.get("createTime")
    return CustomJobRecord(
        name=str(document.get("name", "")),
        display_name=str(document.get("displayName", "")),
        state=str(document.get("state", "")).removeprefix("JOB_STATE_").lower(),
        pools=pools,
        machines=machines_text(pools, str(scheduling.get("strategy", "")), str(scheduling.get("timeout", ""))),
        created=datetime.fromisoformat(created) if created else None,
        error=_ADVICE.sub("", str((document.get("error") or {}).get("message", ""))),
    )


def custom_jobs_of(run: RunRecord, config: Connection) -> dict[str, CustomJobRecord]:
    """The newest custom job of each task that has started one itself, by the tasks' unique names."""
    tasks = [task for task in run.tasks if task.is_custom_job and task.job and task.state != "skipped"]
    if not tasks:
        return {}
    from google.api_core.exceptions import NotFound

    client = job_client(config)
    named = {task.unique_name: name for task in tasks if (name := _named_by(task))}
    found: dict[str, CustomJobRecord] = {}
    for unique_name, name in named.items():
        try:
            found[unique_name] = read_custom_job(client.get_custom_job(name=name, timeout=CALL_TIMEOUT_S))
        except NotFound:  # it was deleted since
            continue
    others = [task for task in tasks if task.unique_name not in named]
    label = run.labels.get(_RUN_LABEL, "")
    if others and label:
        request = {"parent": parent_of(config), "filter": f'labels.{_RUN_LABEL}="{label}"'}
        listed = client.list_custom_jobs(request=request, timeout=CALL_TIMEOUT_S)
        found |= matched(others, run, map(read_custom_job, listed))
    return found


def matched(tasks: Iterable[TaskRecord], run: RunRecord, jobs: Iterable[CustomJobRecord]) -> dict[str, CustomJobRecord]:
    """The newest job of each task, by the tasks' unique names: a task that has not succeeded does not tell its job.

    Args:
        tasks: Tasks that have begun.
        run: Their run.
        jobs: All jobs under the run's label; those that run its tasks may be among them.
    """
    own = {task.job for task in run.tasks}
    newest_first = sorted(
        (job for job in jobs if job.job_id not in own),
        key=lambda job: job.created.timestamp() if job.created else 0.0,
        reverse=True,
    )
    named = {task.unique_name: task.parameters.get("display_name") for task in tasks}
    found = {
        unique_name: next((job for job in newest_first if wanted in (None, job.display_name)), None)
        for unique_name, wanted in named.items()
    }
    return {unique_name: job for unique_name, job in found.items() if job is not None}


def _named_by(task: TaskRecord) -> str:
    """The job that a task has put out as its `gcp_resources`; empty where it has not, or not yet."""
    resources: Any = task.output_parameters.get("gcp_resources")
    try:
        document = json.loads(resources) if isinstance(resources, str) else {}
        uris = [str(one.get("resourceUri", "")) for one in document.get("resources") or []]
    except (ValueError, AttributeError):
        return ""
    names = [found[0] for uri in uris if (found := _RESOURCE.search(uri))]
    return names[0] if names else ""


def replicas_text(pools: Sequence[WorkerPool]) -> str:
    """The names of all replicas, such as `workerpool0-0, workerpool1-0 to workerpool1-3`."""
    ends = [(pool.names[0], pool.names[-1]) for pool in pools if pool.names]
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in ends)

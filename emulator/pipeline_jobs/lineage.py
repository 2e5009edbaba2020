"""What a run leaves in the metadata store: contexts, executions, artifacts and the events between them.

    system.Pipeline PIPELINE <- system.PipelineRun JOB <- system.Run, one execution a task, their artifacts

The execution system.Run holds the run's parameters, and has its metrics as outputs. It belongs to both contexts, all
others to the run's alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from google.cloud.aiplatform_v1.types import (
    Artifact,
    Context,
    Event,
    Execution,
    MetadataStore,
    PipelineJob,
    PipelineState,
    PipelineTaskDetail,
)

from emulator.api import names
from emulator.api.errors import precondition
from emulator.api.store import Table, Transaction
from emulator.metadata.records import ARTIFACT, CONTEXT, EXECUTION, STORES, put_store
from emulator.metadata.relations import CHILDREN, HELD, add_event, remove_resource
from emulator.metadata.resources import shown

STORE_ID = "default"
SCHEMA_VERSION = "0.0.1"
PIPELINE, PIPELINE_RUN, RUN = "system.Pipeline", "system.PipelineRun", "system.Run"
# Their outputs are made by tasks within them.
GROUPS = {RUN, "system.DagExecution"}
# What the SDK's `get_experiment_df` reads as metrics. That they are the run's own outputs too, where `get_pipeline_df`
# looks for them, is a guess.
METRICS = {
    "system.Metrics",
    "google.ClassificationMetrics",
    "google.RegressionMetrics",
    "google.ForecastingMetrics",
}
_TASK, _JOB, _EXECUTION = PipelineTaskDetail.State, PipelineState, Execution.State
_LIVE: Any = Artifact.State.LIVE
_NOT_BEGUN = {_TASK.STATE_UNSPECIFIED, _TASK.PENDING, _TASK.NOT_TRIGGERED}
# All other states are RUNNING.
_STATES: dict[int, Any] = {
    _TASK.PENDING: _EXECUTION.NEW,
    _TASK.SUCCEEDED: _EXECUTION.COMPLETE,
    _TASK.SKIPPED: _EXECUTION.CACHED,
    _TASK.FAILED: _EXECUTION.FAILED,
    _TASK.CANCELLED: _EXECUTION.CANCELLED,
}
_RUN_STATES: dict[int, Any] = {
    _JOB.PIPELINE_STATE_UNSPECIFIED: _TASK.PENDING,
    _JOB.PIPELINE_STATE_QUEUED: _TASK.PENDING,
    _JOB.PIPELINE_STATE_PENDING: _TASK.PENDING,
    _JOB.PIPELINE_STATE_SUCCEEDED: _TASK.SUCCEEDED,
    _JOB.PIPELINE_STATE_FAILED: _TASK.FAILED,
    _JOB.PIPELINE_STATE_CANCELLED: _TASK.CANCELLED,
}


class Recorded(NamedTuple):
    """How much of a job has been recorded.

    Attributes:
        created: When the job was created; one that was deleted may have had the same name.
        digests: A digest of each task as it was recorded, by its unique name.
    """

    created: str
    digests: dict[str, str]


RECORDED: Table[Recorded] = Table("recorded_runs", encode=json.dumps, decode=lambda text: Recorded(*json.loads(text)))


def artifact_name(location: str, uri: str) -> str:
    """The artifact at a URI: always the same, so that a cached output is the artifact that it was.

    Args:
        location: `projects/P/locations/L`.
        uri: Where the artifact lies.
    """
    return f"{_store_name(location)}/artifacts/{_number(uri)}"


def execution_name(job_name: str, task_unique_name: str) -> str:
    """The execution of a run's task.

    Args:
        job_name: The PipelineJob's resource name.
        task_unique_name: As in the task's detail; empty for the run itself.
    """
    return f"{_store_name(job_name)}/executions/{_number(f'{job_name}#{task_unique_name}')}"


def _store_name(name: str) -> str:
    return f"{names.location_of(name)}/metadataStores/{STORE_ID}"


def _number(text: str) -> str:
    """An id of 19 digits, always the same for a text."""
    digest = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return str(10**18 + digest % (8 * 10**18))


def contexts_of(tx: Transaction, job_name: str, seen: dict[str, Context] | None = None) -> tuple[Context, Context]:
    """The contexts of a pipeline and of one of its runs, with their parents as they are now.

    Args:
        tx: The present transaction.
        job_name: The PipelineJob's resource name.
        seen: Contexts by name that the transaction has read; those that it reads now are added.

    Returns:
        The pipeline's context and the run's; empty ones where the run has not been recorded.
    """
    run = tx.get(CONTEXT.table, _context_name(job_name, names.id_of(job_name)))
    if run is None or Context.pb(run).schema_title != PIPELINE_RUN:
        return Context(), Context()
    seen = {} if seen is None else seen
    for parent in Context.pb(shown(tx, CONTEXT, run)).parent_contexts:
        if parent not in seen:
            seen[parent] = shown(tx, CONTEXT, CONTEXT.require(tx, parent))
        if Context.pb(seen[parent]).schema_title == PIPELINE:
            return seen[parent], run
    return Context(), run


def _context_name(job_name: str, context_id: str) -> str:
    return f"{_store_name(job_name)}/contexts/{context_id}"


def record_run(tx: Transaction, job: PipelineJob) -> None:
    """Writes what a run has done so far into the default metadata store of its location.

    It can be called after each change of the job, and writes only what has changed since.

    Args:
        tx: The transaction in which the job is written too.
        job: The job, with as much of its `job_detail` as is known: none while it is pending.

    Raises:
        ApiError: FAILED_PRECONDITION, at the first call for a job, where an experiment or something else has the
            pipeline's name or the job's id: contexts of all kinds share their ids.
    """
    before = tx.get(RECORDED, job.name)
    is_new = before is None or before.created != str(job.create_time)
    recording = _Recording(tx, job, is_new)
    known = {} if before is None or is_new else before.digests
    digests = {}
    tasks = [task for task in job.job_detail.task_details if task.task_unique_name and task.state not in _NOT_BEGUN]
    for task in (*tasks, _run_as_task(job)):
        digests[task.task_unique_name] = digest = _digest(task)
        if known.get(task.task_unique_name) != digest:
            recording.record(task)
    if digests != known:
        tx.put(RECORDED, job.name, Recorded(str(job.create_time), digests))


def _digest(task: PipelineTaskDetail) -> str:
    content = PipelineTaskDetail.pb(task).SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]


def _run_as_task(job: PipelineJob) -> PipelineTaskDetail:
    """The run itself, with the parameters that are known so far, and its metrics as outputs."""
    run = PipelineTaskDetail()
    pb = PipelineTaskDetail.pb(run)
    for name, value in PipelineJob.pb(job).runtime_config.parameter_values.items():
        pb.execution.metadata.fields[f"input:{name}"].CopyFrom(value)
    for task in PipelineJob.pb(job).job_detail.task_details:
        if not task.task_unique_name:
            pb.MergeFrom(task)
        for output, artifacts in task.outputs.items():
            metrics = [artifact for artifact in artifacts.artifacts if artifact.schema_title in METRICS]
            pb.outputs[f"{task.task_unique_name}.{output}"].artifacts.extend(metrics)
    run.state = _RUN_STATES.get(job.state, _TASK.RUNNING)
    run.create_time = job.create_time
    run.execution.display_name = names.id_of(job.name)
    run.execution.schema_title = RUN
    return run


class _Recording:
    """Writes tasks of one job."""

    def __init__(self, tx: Transaction, job: PipelineJob, is_new: bool) -> None:
        self._tx = tx
        self._job = job.name
        self._store = _store_name(job.name)
        if tx.get(STORES, self._store) is None:
            put_store(tx, self._store, MetadataStore())
        if is_new:
            self._forget_namesake()
        pipeline = PipelineJob.pb(job).pipeline_spec["pipelineInfo"]["name"]
        self._pipeline = self._context(pipeline, PIPELINE, is_new)
        self._run = self._context(names.id_of(job.name), PIPELINE_RUN, is_new)
        CHILDREN.add(tx, self._pipeline, self._run)

    def _context(self, context_id: str, schema: str, is_new: bool) -> str:
        name = _context_name(self._job, context_id)
        context = self._tx.get(CONTEXT.table, name)
        if context is None:
            context = Context(name=name, display_name=context_id, schema_title=schema, schema_version=SCHEMA_VERSION)
            CONTEXT.put(self._tx, context)
        elif is_new and context.schema_title != schema:
            raise precondition(
                f'The run needs the {schema} context "{name}", but there is one of {context.schema_title}. An '
                "experiment, a pipeline and a run cannot share a name. Choose another one."
            )
        return name

    def _forget_namesake(self) -> None:
        """Forgets a deleted job of the same name. Its artifacts stay."""
        _, run = contexts_of(self._tx, self._job)
        if run.name:
            for execution in HELD[EXECUTION.noun].members_of(self._tx, run.name):
                remove_resource(self._tx, EXECUTION, execution)
            remove_resource(self._tx, CONTEXT, run.name)

    def record(self, task: PipelineTaskDetail) -> None:
        """Writes a task's execution, its artifacts, and how they belong together."""
        execution = self._put_execution(task)
        HELD[EXECUTION.noun].add(self._tx, self._run, execution)
        if not task.task_unique_name:
            HELD[EXECUTION.noun].add(self._tx, self._pipeline, execution)
        owner = f"{task.task_unique_name}." if task.task_unique_name else ""
        is_made = task.state == _TASK.SUCCEEDED and task.execution.schema_title not in GROUPS
        for artifacts, event_type in ((task.inputs, Event.Type.INPUT), (task.outputs, Event.Type.OUTPUT)):
            for key, listed in artifacts.items():
                for number, given in enumerate(listed.artifacts):
                    place = f"{self._job}#{owner}{key}#{number}"
                    artifact = self._put_artifact(given, place, is_made and event_type == Event.Type.OUTPUT)
                    HELD[ARTIFACT.noun].add(self._tx, self._run, artifact)
                    add_event(self._tx, execution, Event(artifact=artifact, type_=event_type))

    def _put_execution(self, task: PipelineTaskDetail) -> str:
        name = execution_name(self._job, task.task_unique_name)
        execution = self._tx.get(EXECUTION.table, name) or Execution(name=name, create_time=task.create_time)
        told = task.execution
        execution.display_name = told.display_name or task.task_name
        execution.schema_title = told.schema_title or "system.ContainerExecution"
        execution.schema_version = told.schema_version or SCHEMA_VERSION
        execution.state = _STATES.get(task.state, _EXECUTION.RUNNING)
        Execution.pb(execution).metadata.CopyFrom(Execution.pb(told).metadata)
        EXECUTION.put(self._tx, execution)
        return name

    def _put_artifact(self, given: Artifact, place: str, is_made: bool) -> str:
        """Writes an artifact that is not there yet, or that the task has made just now.

        Args:
            given: As the task's detail has it.
            place: What tells it apart from all others, if it has no URI.
            is_made: Whether the task made it; otherwise it stays as it is.
        """
        name = given.name or (
            artifact_name(self._job, given.uri) if given.uri else f"{self._store}/artifacts/{_number(place)}"
        )
        current = self._tx.get(ARTIFACT.table, name)
        if current is None or is_made:
            artifact = Artifact(given)
            artifact.name = name
            artifact.state = _LIVE
            artifact.schema_version = given.schema_version or SCHEMA_VERSION
            artifact.create_time = current.create_time if current else given.create_time
            ARTIFACT.put(self._tx, artifact)
        return name

"""The state of a run, kept from the events of its tasks and told as Vertex AI's PipelineJob.

Pure: it reads no clock and no file. Times come in with the events, and the JSON goes out. The messages are
those of google.cloud.aiplatform_v1: PipelineJob, PipelineTaskDetail, Execution and Artifact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from emulator.runner.json_values import plain
from emulator.runner.launchers import ESCAPED_INPUT, ESCAPED_INPUT_TEXT
from emulator.runner.pipeline_spec import ITERATION, Kind, PipelineSpec, Task
from emulator.runner.run_json import FINAL, RunState, folder_name
from emulator.runner.task_record import (
    AT_WORK,
    TaskPath,
    TaskRecord,
    TaskState,
    Values,
    error_status,
    time_text,
)


class JobState:
    """The state of one run.

    Args:
        spec: The pipeline.
        name: The run's name, `projects/P/locations/L/pipelineJobs/ID`.
        asked: The parameters that the run was given.
        effective: The same, with the defaults of the others.
        root: The pipeline root, where its artifacts are said to lie below ID.
        now: The present time.
    """

    def __init__(
        self,
        spec: PipelineSpec,
        name: str,
        asked: Mapping[str, Any],
        effective: Mapping[str, Any],
        root: str,
        now: datetime,
    ) -> None:
        self.state = RunState.PENDING
        self._spec = spec
        self._name = name
        self._asked = asked
        self._root = root
        self._created = self._updated = now
        self._started: datetime | None = None
        self._ended: datetime | None = None
        self._error: dict[str, Any] | None = None
        self._records: dict[TaskPath, TaskRecord] = {}
        run = self._add((), spec.name, None, Kind.RUN)
        run.inputs = Values(parameters=effective)
        self._add_all(spec.tasks, ())

    def run_started(self, now: datetime) -> None:
        """The run begins."""
        self.state = RunState.RUNNING
        self._started = self._updated = now
        self._records[()].move(TaskState.RUNNING, now)

    def task_started(self, path: TaskPath, now: datetime, job: str = "") -> None:
        """A task or group begins, a container's task as the custom job of a name."""
        record = self._record(path)
        record.job = job
        record.move(TaskState.RUNNING, now)
        self._updated = now

    def task_retried(self, path: TaskPath, error: str, now: datetime) -> None:
        """A task is tried again."""
        self._record(path).retry(now, error)
        self._updated = now

    def task_given(self, path: TaskPath, inputs: Values, now: datetime) -> None:
        """What a task was given is known."""
        self._record(path).inputs = inputs
        self._updated = now

    def task_succeeded(self, path: TaskPath, outputs: Values, now: datetime) -> None:
        """A task or group has done its work."""
        record = self._record(path)
        record.outputs = outputs
        record.move(TaskState.SUCCEEDED, now)
        self._leave_out(record, now)

    def task_skipped(self, path: TaskPath, inputs: Values, outputs: Values, now: datetime) -> None:
        """A task need not run: its outputs are those of an earlier execution."""
        record = self._record(path)
        record.inputs, record.outputs = inputs, outputs
        record.move(TaskState.SKIPPED, now)
        self._updated = now

    def task_failed(self, path: TaskPath, error: str, now: datetime) -> None:
        """A task could not do its work; or a group, which needs no error: its tasks have their own."""
        record = self._record(path)
        record.move(TaskState.FAILED, now, error or self._failed_tasks(record))
        self._leave_out(record, now)

    def folder(self, path: TaskPath) -> str:
        """What a task's folder is called, as `task_folder` has it."""
        return folder_name(path, self._records)

    def cancelling(self, now: datetime) -> None:
        """The run is to be stopped; tasks at work are still to end."""
        self.state = RunState.CANCELLING
        self._updated = now
        for record in self._records.values():
            if record.state is TaskState.RUNNING:
                record.move(TaskState.CANCEL_PENDING, now)

    def cancelled(self, now: datetime) -> None:
        """The run has been stopped."""
        for record in self._records.values():
            if record.state in AT_WORK:
                record.move(TaskState.CANCELLED, now)
            elif record.state is TaskState.PENDING:
                record.move(TaskState.NOT_TRIGGERED, now)
        self._end(RunState.CANCELLED, now)

    def run_ended(self, now: datetime, error: str = "") -> None:
        """The run has come to its end.

        Args:
            now: The present time.
            error: Why the run as such could not go on, where no task is to blame.
        """
        run = self._records[()]
        failed = self._failed_tasks(run)
        if failed or error:
            run.move(TaskState.FAILED, now, failed or error)
            self._error = error_status(failed or error)
        else:
            run.move(TaskState.SUCCEEDED, now)
        self._leave_out(run, now)
        self._end(RunState.FAILED if failed or error else RunState.SUCCEEDED, now)

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.state in FINAL

    @property
    def error(self) -> str:
        """Why the run has failed; empty where it has not."""
        return self._error["message"] if self._error else ""

    def final_status(self, path: TaskPath) -> dict[str, Any]:
        """How a task or group has ended, as kfp's PipelineTaskFinalStatus reads it."""
        record = self._record(path)
        state = TaskState.NOT_TRIGGERED if record.state is TaskState.PENDING else record.state
        told = {"state": state.value, "pipelineJobResourceName": self._name, "pipelineTaskName": record.name}
        return told | ({"error": error_status(record.error)} if record.error else {})

    def placeholders(self) -> dict[str, str]:
        """The placeholders of kfp that tell a task which run it belongs to, with their values."""
        created = str(time_text(self._created))
        _, project, _, location, *_ = self._name.split("/")
        return {
            "{{$.pipeline_google_cloud_project_id}}": project,
            "{{$.pipeline_google_cloud_location}}": location,
            # A run here has none of these.
            "{{$.pipeline_service_account}}": "",
            "{{$.pipeline_network}}": "",
            "{{$.pipeline_persistent_resource_id}}": "",
            "{{$.pipeline_encryption_key_name}}": "",
            ESCAPED_INPUT: ESCAPED_INPUT_TEXT,
            "{{$.pipeline_job_resource_name}}": self._name,
            "{{$.pipeline_job_create_time_utc}}": created,
            "{{$.pipeline_job_schedule_time_utc}}": created,
        }

    def failures(self) -> dict[str, str]:
        """The errors of the tasks and groups that failed themselves, by their names."""
        return {
            record.name: record.error
            for record in self._records.values()
            if record.state is TaskState.FAILED and record.parent and record.error != self._failed_tasks(record)
        }

    def to_json(self) -> dict[str, Any]:
        """The run in the JSON form of Vertex AI's PipelineJob."""
        given = {
            "name": self._name,
            "displayName": self._spec.name,
            "createTime": time_text(self._created),
            "startTime": time_text(self._started),
            "endTime": time_text(self._ended),
            "updateTime": time_text(self._updated),
            "state": self.state.value,
            "runtimeConfig": {"parameterValues": plain(self._asked), "gcsOutputDirectory": self._root},
            "error": self._error,
            "jobDetail": {"taskDetails": [record.detail() for record in self._records.values()]},
        }
        return {key: value for key, value in given.items() if value}

    def _add_all(self, tasks: Sequence[Task], above: TaskPath) -> None:
        for task in tasks:
            path = (*above, task.name)
            self._add(path, task.name, self._records[above].id, task.kind)
            if not task.is_loop:
                self._add_all(task.children, path)

    def _add(self, path: TaskPath, name: str, parent: int | None, kind: Kind) -> TaskRecord:
        record = TaskRecord(len(self._records) + 1, path, name, parent, kind, self._updated)
        self._records[path] = record
        return record

    def _record(self, path: TaskPath) -> TaskRecord:
        """The record of a task; a loop's tasks get theirs here, since only a run knows how many there are."""
        if path not in self._records:
            above, name = path[:-1], path[-1]
            self._record(above)
            spec = self._spec.along(path)[-1]
            found = ITERATION.fullmatch(name)
            is_iteration = found is not None and spec.name == found["loop"]
            parent = self._records[(*above, spec.name)] if is_iteration else self._records[above]
            self._add(path, name, parent.id, spec.kind)
            if is_iteration:
                self._add_all(spec.children, path)
        return self._records[path]

    def _below(self, record: TaskRecord) -> Iterator[TaskRecord]:
        for child in list(self._records.values()):
            if child.parent == record.id:
                yield child
                yield from self._below(child)

    def _leave_out(self, record: TaskRecord, now: datetime) -> None:
        """Settles the tasks below a task that has ended: those that have not begun never will."""
        self._updated = now
        for child in self._below(record):
            if child.state is TaskState.PENDING:
                child.move(TaskState.NOT_TRIGGERED, now)

    def _failed_tasks(self, record: TaskRecord) -> str:
        failed = [
            child.name
            for child in self._records.values()
            if child.parent == record.id and child.state is TaskState.FAILED
        ]
        if not failed:
            return ""
        return f"The DAG failed because some tasks failed. The failed tasks are: [{', '.join(failed)}]."

    def _end(self, state: RunState, now: datetime) -> None:
        self.state = state
        self._ended = self._updated = now

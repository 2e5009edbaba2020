"""What tasks have written, read from Cloud Logging, or from the stand-in for it by the same call."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from components.vertex.connection import EMULATOR_VARIABLE
from pipeline.config import Connection
from pipeline.inspection.artifact_origin import origin_of
from pipeline.runs.record import RunRecord, TaskRecord
from pipeline.vertex.errors import message_of
from trainer.errors import ProjectError, UsageError, nearest, quoted
from trainer.waiting import told_when_slow

_GOOGLE = "https://logging.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PAGE = 1000
_TIMEOUT_S = (4.0, 30.0)
_FORBIDDEN = 403
# Google's entries may come in another order than they were written in.
_DISORDER = timedelta(seconds=60)
_UNBEGUN = {
    "pending": "It has not begun.",
    "not_triggered": "It was not run, so it has no log.",
    "cancelled": "It was stopped before it began, so it has no log.",
}


@dataclass(frozen=True)
class LogEntry:
    """A line, or several, that a task or a replica of a job has written.

    Attributes:
        key: Tells it from the others of its job.
        time: When it was written, as RFC 3339 has it.
        text: What was written.
        replica: Who wrote it, such as `workerpool1-0`.
    """

    key: str
    time: str
    text: str
    replica: str = ""


class Logs:
    """The logs of a project.

    Args:
        config: Names it.

    Attributes:
        disorder: By how much an entry may come later than one that was written after it.
    """

    def __init__(self, config: Connection) -> None:
        from google.auth.transport.requests import AuthorizedSession

        self._project = config.project
        host = os.environ.get(EMULATOR_VARIABLE)
        self.disorder = timedelta() if host else _DISORDER
        self._address = _GOOGLE if not host else host if "://" in host else f"http://{host}"
        credentials = _credentials(is_local=bool(host))
        self._session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # it has no types

    def entries(self, job: str, since: str = "", replica: str = "") -> Iterator[LogEntry]:
        """What a job has written, the oldest first.

        Args:
            job: The id of a task's custom job.
            since: An RFC 3339 time before which nothing is wanted.
            replica: The one whose entries are wanted; empty for all.

        Raises:
            ProjectError: Cloud Logging refuses, or does not answer in time.
        """
        conditions = ['resource.type="ml_job"', f'resource.labels.job_id="{job}"']
        conditions += [f'resource.labels.task_name="{replica}"'] if replica else []
        conditions += [f'timestamp>="{since}"'] if since else []
        body = {
            "resourceNames": [f"projects/{self._project}"],
            "filter": " AND ".join(conditions),
            "orderBy": "timestamp asc",
            "pageSize": _PAGE,
        }
        token = ""
        while True:
            page = self._ask({**body, "pageToken": token} if token else body)
            yield from map(_entry, page.get("entries") or [])
            token = str(page.get("nextPageToken") or "")
            if not token:
                return

    def text(self, job: str, replica: str = "") -> str:
        """All that a job, or one replica of it, has written."""
        return "\n".join(entry.text for entry in self.entries(job, replica=replica))

    def _ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        from google.api_core.exceptions import from_http_response
        from requests.exceptions import ReadTimeout

        try:
            with told_when_slow("Cloud Logging"):
                answer = self._session.post(f"{self._address}/v2/entries:list", json=body, timeout=_TIMEOUT_S)
        except ReadTimeout as error:
            raise ProjectError("Cloud Logging does not answer in time. Run again in a minute.") from error
        if not answer.ok:
            refusal: Any = from_http_response(answer)  # type: ignore[no-untyped-call]  # it has no types
            raise _forbidden(self._project, refusal) if answer.status_code == _FORBIDDEN else refusal
        document: dict[str, Any] = answer.json()
        return document


class Follower:
    """Reads one log on from where it was.

    Args:
        logs: Where it is read.
        job: The id of the job.
        replica: The one that writes it; empty for all of the job.
    """

    def __init__(self, logs: Logs, job: str, replica: str = "") -> None:
        self._logs = logs
        self._job = job
        self._replica = replica
        self._seen: set[str] = set()
        self._newest = ""

    def news(self) -> list[LogEntry]:
        """What has come since the last call."""
        since = (datetime.fromisoformat(self._newest) - self._logs.disorder).isoformat() if self._newest else ""
        found = [entry for entry in self._logs.entries(self._job, since, self._replica) if entry.key not in self._seen]
        self._seen.update(entry.key for entry in found)
        self._newest = max([self._newest, *(entry.time for entry in found)])
        return found


def tasks_called(run: RunRecord, name: str) -> Sequence[TaskRecord]:
    """The tasks that a person may mean by a name: none, one, or as many as a loop has made of it."""
    wanted = _letters(name)
    exact = [task for task in run.tasks if wanted == _letters(task.unique_name)]
    return exact or [task for task in run.tasks if wanted in (_letters(task.name), _letters(task.display_name))]


def _letters(name: str) -> str:
    """A name without what people leave out or put in between its words: `trainmodel` is `train-model`."""
    return re.sub(r"[\s_-]", "", name.casefold())


def find_tasks(run: RunRecord, name: str) -> Sequence[TaskRecord]:
    """The tasks that a person means by a name.

    Raises:
        UsageError: There is none.
    """
    found = tasks_called(run, name)
    if not found:
        known = list(dict.fromkeys(task.name for task in run.tasks))
        listed = f" Its tasks are {', '.join(known)}." if known else " It has no tasks yet."
        raise UsageError(f"Run {run.run_id} has no task {quoted(name)}.{nearest(name, known)}{listed}")
    return found


def why_no_log(task: TaskRecord, run: RunRecord, is_local: bool) -> str:
    """Why a task has written nothing, or nothing that can be shown yet.

    Args:
        task: The task.
        run: Its run.
        is_local: Whether the run is one of this machine.
    """
    if task.state == "skipped":
        return _cached(task, run)
    if not task.job:
        if task.error:
            return f"It failed before it began: {task.error}"
        return _UNBEGUN.get(task.state, "Its log cannot be told yet.")
    if is_local:
        return "It has written nothing." if task.ended else "It has written nothing yet."
    return "There is no line of it yet: Cloud Logging shows them up to some minutes late. Run again."


def _cached(task: TaskRecord, run: RunRecord) -> str:
    origin = origin_of(task, run)
    if not origin:
        return "It was taken from the cache, so it has no log of its own."
    return (
        f"It was taken from the cache, so it has no log of its own. Run {origin} made it: "
        f"`python -m pipeline logs {origin} {task.name}`."
    )


def _forbidden(project: str, refusal: Any) -> ProjectError:
    return ProjectError(
        f"Cloud Logging does not show you the logs of {project}: {message_of(refusal)} You need the role Logs Viewer: "
        f"gcloud projects add-iam-policy-binding {project} --member user:YOUR_ADDRESS --role roles/logging.viewer"
    )


def _credentials(is_local: bool) -> Any:
    import google.auth
    from google.auth.credentials import AnonymousCredentials

    if is_local:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    credentials, _ = google.auth.default(scopes=[_SCOPE])
    return credentials


def _entry(document: Mapping[str, Any]) -> LogEntry:
    time = str(document.get("timestamp", ""))
    structured = document.get("jsonPayload") or {}
    text = document.get("textPayload") or structured.get("message") or ""
    replica = str(((document.get("resource") or {}).get("labels") or {}).get("task_name", ""))
    key = f"{replica} {document.get('insertId') or f'{time} {text}'}"
    return LogEntry(key, time, str(text).rstrip("\n"), replica)

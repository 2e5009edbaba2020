"""Cloud Logging's entries.list over what the tasks of pipeline jobs have written, a line an entry.

    POST /v2/entries:list
    {"resourceNames": ["projects/P"], "filter": 'resource.type="ml_job" AND resource.labels.job_id="N"',
     "orderBy": "timestamp asc", "pageSize": 1000, "pageToken": "..."}

N is the number of the custom job that ran the task. While the task runs, the answer is what is there so far.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJobDetail

from emulator.api.errors import ApiError, Violation, invalid, invalid_fields
from emulator.api.filters import TIME_OPERATORS, WILDCARD_OPERATORS, Field, Parser, Predicate
from emulator.api.names import id_of, is_part
from emulator.api.store import Store, Transaction
from emulator.custom_jobs.folders import JobFolders
from emulator.custom_jobs.records import CUSTOM_JOBS, JOB_LOGS, is_final
from emulator.logging.task_log_file import START, LogLine, TaskLogFile
from emulator.pipeline_jobs.folders import JobFolders as RunFolders
from emulator.pipeline_jobs.records import PIPELINE_DETAILS, TASK_LOGS

PAGE_SIZE = 50
LARGEST_PAGE = 1000
# A page ends after so many characters, and after so many lines or bytes, fitting or not: the next one goes on.
LARGEST_ANSWER = 4 << 20
MOST_LOOKED_AT = 100_000
MOST_BYTES_LOOKED_AT = 32 << 20
# Cloud Logging's documented limit.
MOST_RESOURCES = 100
# Further than any log reaches, and no further than files and times do.
_FURTHEST = 1 << 43
RESOURCE_TYPE = "ml_job"
# A task of a pipeline has one replica.
PRIMARY = "workerpool0-0"
SEVERITY = "INFO"
_TYPES: dict[str, tuple[type, Any]] = {
    "resourceNames": (list, []),
    "filter": (str, ""),
    "orderBy": (str, "timestamp asc"),
    "pageSize": (int, 0),
    "pageToken": (str, ""),
}
_PROJECT = "projects/"
_JOB_ID = re.compile(r'resource\.labels\.job_id\s*=\s*"?(\d+)"?')


FILTER_FIELDS = {
    "resource.type": Field(lambda _line: RESOURCE_TYPE),
    "resource.labels.job_id": Field(lambda line: line.job),
    "resource.labels.task_name": Field(lambda line: line.task),
    "severity": Field(lambda _line: SEVERITY),
    "timestamp": Field(lambda line: line.time, kind="time", operators=TIME_OPERATORS),
    "textPayload": Field(lambda line: line.text, operators=WILDCARD_OPERATORS),
}


class _LogParser(Parser):
    """Reads Cloud Logging's names of fields, dots and all."""

    def _field(self) -> tuple[str, str | None]:
        name, key = super()._field()
        full = f"{name}.{key}" if key else name
        return {"text_payload": "textPayload"}.get(full, full), None


def list_entries(store: Store, state_dir: Path, document: Any) -> dict[str, Any]:
    """One page of entries.

    Args:
        store: The emulator's memory.
        state_dir: The state folder, where the logs lie.
        document: The request's body.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    request = _request(document)
    keep = _LogParser(request["filter"], FILTER_FIELDS).parse() if request["filter"].strip() else None
    numbers = dict.fromkeys(_JOB_ID.findall(request["filter"]))
    if keep is None or not numbers:
        raise invalid("filter", f'must name jobs: resource.labels.job_id="N". Received: "{request["filter"]}".')
    projects = list(dict.fromkeys(request["resourceNames"]))
    with store.transaction() as tx:
        names = [f"{project}/customJobs/{number}" for project in projects for number in numbers]
        logs = [*_task_logs(tx, RunFolders(state_dir), names), *_replica_logs(tx, JobFolders(state_dir), names)]
    logs.sort(key=lambda log: (log.begun, log.job))
    size = request["pageSize"] or PAGE_SIZE
    is_backwards = request["orderBy"].split()[1:] == ["desc"]
    lines, token = _page(logs, keep, size, request["pageToken"], is_backwards)
    answer: dict[str, Any] = {"entries": [_entry(projects[0], line) for line in lines]} if lines else {}
    return answer | ({"nextPageToken": token} if token else {})


def _request(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. Root element must be a message, {...}.")
    request = {name: document.get(name, default) for name, (_, default) in _TYPES.items()}
    violations = [
        Violation(name, f'Unknown name "{name}": Cannot find field.') for name in document if name not in _TYPES
    ]
    violations += [
        Violation(name, f"must be of another type: {kind.__name__}. Received: {request[name]!r}.")
        for name, (kind, _) in _TYPES.items()
        if not isinstance(request[name], kind) or isinstance(request[name], bool)
    ]
    if not violations:
        violations += _value_violations(request)
    if violations:
        raise invalid_fields(violations)
    return request


def _value_violations(request: dict[str, Any]) -> Iterator[Violation]:
    names = request["resourceNames"]
    if len(names) > MOST_RESOURCES:
        yield Violation("resourceNames", f"must name at most {MOST_RESOURCES} projects. Received: {len(names)}.")
    elif not names or not all(isinstance(name, str) and _is_project(name) for name in names):
        yield Violation("resourceNames", f'must name projects, such as "projects/my-project". Received: {names!r}.')
    if request["orderBy"] not in {"", "timestamp", "timestamp asc", "timestamp desc"}:
        yield Violation("orderBy", f'must be "timestamp asc" or "timestamp desc". Received: "{request["orderBy"]}".')
    if not 0 <= request["pageSize"] <= LARGEST_PAGE:
        yield Violation("pageSize", f"must lie between 1 and {LARGEST_PAGE}. Received: {request['pageSize']}.")


def _is_project(name: str) -> bool:
    return name.startswith(_PROJECT) and is_part(name.removeprefix(_PROJECT))


def _task_logs(tx: Transaction, folders: RunFolders, names: Iterable[str]) -> Iterator[TaskLogFile]:
    """The logs of the tasks of pipelines among custom jobs."""
    ended: dict[str, set[str]] = {}
    for name in names:
        told = tx.get(TASK_LOGS, name)
        if told is not None:
            if told.job not in ended:
                ended[told.job] = _ended(tx, told.job)
            number, begun = id_of(name), datetime.fromisoformat(told.begun)
            path = folders.run(told.job).task_log(told.folder)
            yield TaskLogFile(number, told.task, PRIMARY, begun, path, number in ended[told.job])


def _replica_logs(tx: Transaction, folders: JobFolders, names: Iterable[str]) -> Iterator[TaskLogFile]:
    """The logs of the replicas of custom jobs that were asked for by themselves."""
    for name in names:
        told = tx.get(JOB_LOGS, name)
        job = tx.get(CUSTOM_JOBS, told.job) if told is not None else None
        if told is not None and job is not None:
            begun = datetime.fromisoformat(told.begun)
            for replica in told.replicas:
                path = folders.log(told.job, replica)
                yield TaskLogFile(id_of(name), replica, replica, begun, path, is_final(job))


def _ended(tx: Transaction, job: str) -> set[str]:
    """The numbers of the custom jobs of a pipeline job that have ended."""
    detail = tx.get(PIPELINE_DETAILS, job)
    tasks = PipelineJobDetail.pb(detail).task_details if detail is not None else []
    return {id_of(task.executor_detail.container_detail.main_job) for task in tasks if task.HasField("end_time")}


def _page(
    logs: list[TaskLogFile], keep: Predicate, size: int, token: str, is_backwards: bool
) -> tuple[list[LogLine], str]:
    """A page, shorter where many lines, or long ones, lie on the way; its token is the place behind its last line."""
    place, number, offset = _place(token)
    behind = number, offset
    if is_backwards:
        logs.reverse()
    lines: list[LogLine] = []
    looked_at = passed = length = 0
    for index, log in enumerate(logs[place:], start=place):
        for line in log.backwards(behind) if is_backwards else log.forwards(behind):
            is_far = looked_at == MOST_LOOKED_AT or passed >= MOST_BYTES_LOOKED_AT
            if len(lines) == size or is_far or length >= LARGEST_ANSWER:
                return lines, _token(index, *behind)
            looked_at += 1
            passed += line.after[1] - line.before[1]
            behind = line.before if is_backwards else line.after
            if keep(line):
                lines.append(line)
                length += len(line.text)
        behind = START
    return lines, ""


def _token(*place: int) -> str:
    return base64.urlsafe_b64encode(".".join(map(str, place)).encode()).decode()


def _place(token: str) -> tuple[int, int, int]:
    if not token:
        return 0, 0, 0
    try:
        place, number, offset = map(int, base64.urlsafe_b64decode(token).decode().split("."))
    except (binascii.Error, UnicodeError, ValueError):
        place = number = offset = -1
    if min(place, number, offset) < 0 or max(place, number, offset) > _FURTHEST:
        raise invalid("pageToken", f'is not a token that this list gave. Received: "{token}".')
    return place, number, offset


def _entry(project: str, line: LogLine) -> dict[str, Any]:
    return {
        "insertId": f"{line.job}-{line.before[0]}",
        "logName": f"{project}/logs/{line.log_id}",
        "timestamp": line.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "severity": SEVERITY,
        "textPayload": line.text,
        "resource": {"type": RESOURCE_TYPE, "labels": {"job_id": line.job, "task_name": line.task}},
    }

"""Why a job of a task has failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from emulator.runner.failures import explain, last_exception

_LINES = 200
_REPLICA = re.compile(r"\bworkerpool\d+-\d+\b")


def failure_of(http: httpx.Client, told: Mapping[str, Any]) -> tuple[str, str]:
    """The error of its program where the failed replica's log tells one, else the job's own; and that error and log.

    Others may have failed after that replica, and because of it.

    Args:
        http: Asks the emulator, by paths below /v1/.
        told: The job, as it was told.
    """
    message = str(told.get("error", {}).get("message", "The job was cancelled."))
    number = told["name"].rpartition("/")[2]
    project = "/".join(told["name"].split("/")[:2])
    failed = _REPLICA.search(message)
    of_replica = f' AND resource.labels.task_name="{failed[0]}"' if failed else ""
    body = {
        "resourceNames": [project],
        "filter": f'resource.labels.job_id="{number}"{of_replica}',
        "orderBy": "timestamp desc",
        "pageSize": _LINES,
    }
    answer = http.post(http.base_url.copy_with(path="/v2/entries:list"), json=body)
    lines = [entry["textPayload"] for entry in answer.json().get("entries", [])][::-1] if answer.is_success else []
    log = "\n".join(lines)
    return explain(log, 1) if last_exception(log) else message, f"{message}\n{log}"

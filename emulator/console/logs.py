"""The log of a task, as Cloud Logging's entries.list gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.console.reader import Reader

# The end of a log is shown; so many lines are one answer of the API at most.
LINES_SHOWN = 1000


@dataclass(frozen=True)
class LogEnd:
    """The end of a log.

    Attributes:
        text: Its last lines.
        is_cut: Whether there are earlier ones.
    """

    text: str
    is_cut: bool


async def read_log_end(reader: Reader, location: str, job: str, replica: str = "", shows_names: bool = False) -> LogEnd:
    """Reads the end of the log of a task or a custom job.

    Args:
        reader: The API.
        location: The run's location: projects/P/locations/L.
        job: The number under which the log is kept.
        replica: The replica of the job that wrote it; empty for all.
        shows_names: Whether each line stands behind the name of the replica that wrote it.

    Raises:
        ReadError: The API refused.
    """
    of_replica = f' AND resource.labels.task_name="{replica}"' if replica else ""
    answer = await reader.entries(
        {
            "resourceNames": ["/".join(location.split("/")[:2])],
            "filter": f'resource.type="ml_job" AND resource.labels.job_id="{job}"{of_replica}',
            "orderBy": "timestamp desc",
            "pageSize": LINES_SHOWN,
        }
    )
    lines = [_line(entry, shows_names) for entry in reversed(answer.get("entries", []))]
    return LogEnd("\n".join(lines), bool(answer.get("nextPageToken")))


def _line(entry: Mapping[str, Any], shows_names: bool) -> str:
    text = str(entry.get("textPayload", ""))
    return f"{entry['resource']['labels']['task_name']}  {text}" if shows_names else text

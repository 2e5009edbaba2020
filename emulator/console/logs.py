"""The log of a task, as Cloud Logging's entries.list gives it."""

from __future__ import annotations

from dataclasses import dataclass

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


async def read_log_end(reader: Reader, location: str, job: str) -> LogEnd:
    """Reads the end of a task's log.

    Args:
        reader: The API.
        location: The run's location: projects/P/locations/L.
        job: The number under which the log is kept.

    Raises:
        ReadError: The API refused.
    """
    answer = await reader.entries(
        {
            "resourceNames": ["/".join(location.split("/")[:2])],
            "filter": f'resource.type="ml_job" AND resource.labels.job_id="{job}"',
            "orderBy": "timestamp desc",
            "pageSize": LINES_SHOWN,
        }
    )
    lines = [str(entry.get("textPayload", "")) for entry in reversed(answer.get("entries", []))]
    return LogEnd("\n".join(lines), bool(answer.get("nextPageToken")))

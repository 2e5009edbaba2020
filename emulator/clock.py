"""Times as resources carry them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def now() -> Any:
    """The time of a change, in UTC: a datetime, which the SDK's types take and give for their Timestamps."""
    return datetime.now(UTC)


def seconds(duration: Any) -> float:
    """The length of a duration, which the SDK's types give as a timedelta; 0 where it is not set."""
    return float(duration.total_seconds())

"""Times as resources carry them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import proto


def now() -> Any:
    """The time of a change, in UTC: a datetime, which the SDK's types take and give for their Timestamps."""
    return datetime.now(UTC)


def read_time(message: proto.Message, field: str) -> datetime | None:
    """A time of a resource; None where it is not set."""
    time: datetime | None = getattr(message, field)
    return time


def write_time(message: proto.Message, field: str, time: datetime | None) -> None:
    """Sets a time of a resource; None unsets it."""
    setattr(message, field, time)


def seconds(duration: Any) -> float:
    """The length of a duration, which the SDK's types give as a timedelta; 0 where it is not set."""
    return float(duration.total_seconds())

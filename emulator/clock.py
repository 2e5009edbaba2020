"""Times as resources carry them."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def now() -> datetime:
    """The time of a change: UTC, with microseconds."""
    return datetime.now(UTC)


def now_proto() -> Timestamp:
    """The same as a protobuf message, for types that are not the SDK's own."""
    stamp = Timestamp()
    stamp.FromDatetime(now())
    return stamp

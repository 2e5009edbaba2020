"""Times and durations, as the pages show them."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: str | None) -> datetime | None:
    """A time of the API, which is RFC 3339 with up to nine digits after the second."""
    if not text:
        return None
    whole, dot, rest = text.partition(".")
    digits = rest.rstrip("Zz") if dot else ""
    moment = datetime.fromisoformat(f"{whole}.{digits[:6].ljust(6, '0')}+00:00" if dot else text)
    return moment.astimezone(UTC)


def seconds_between(started: datetime | None, ended: datetime | None) -> float | None:
    """How long something took, or None where it has not begun or not ended."""
    if started is None or ended is None:
        return None
    return max(0.0, (ended - started).total_seconds())


def duration_text(seconds: float | None) -> str:
    """`0.8 s`, `12 s`, `3 min 05 s`, `2 h 04 min`, `3 d 04 h`; a dash for None."""
    if seconds is None:
        return "—"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"

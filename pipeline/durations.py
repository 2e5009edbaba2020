"""Times for readers."""

from __future__ import annotations


def spoken(seconds: float) -> str:
    """A duration as `1.3 s`, `2 min 05 s` or `1 h 03 min`."""
    if seconds < 60:
        return f"{max(seconds, 0):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"

"""The clock of schedules, which tests can move. Resources keep the true time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from emulator.api.clock import now
from emulator.api.errors import invalid
from emulator.api.store import Table, Transaction

LONGEST_MOVE_S = 100 * 366 * 24 * 3600.0
# How far the clock goes ahead of the true time, seconds.
_AHEAD: Table[float] = Table("schedule_clock", encode=repr, decode=float)
_NAME = "ahead_s"


def schedule_now(tx: Transaction) -> datetime:
    """What time it is for schedules, in UTC."""
    moment: datetime = now()
    return moment + timedelta(seconds=tx.get(_AHEAD, _NAME) or 0.0)


def move_clock(tx: Transaction, document: Any) -> dict[str, str]:
    """Moves the clock of schedules; it stays moved, until a reset.

    Args:
        tx: The transaction of the request.
        document: {"advance_s": SECONDS}, from what the clock shows now, or {"now": RFC 3339}.

    Returns:
        What the clock shows then: {"now": RFC 3339}.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if not isinstance(document, dict) or len(document) != 1 or set(document) - {"advance_s", "now"}:
        raise invalid("clock", 'must be {"advance_s": SECONDS} or {"now": "2026-05-18T00:00:00Z"}.')
    ahead_s = tx.get(_AHEAD, _NAME) or 0.0
    ahead_s = _ahead_of(document["now"]) if "now" in document else ahead_s + _seconds(document["advance_s"])
    if abs(ahead_s) > LONGEST_MOVE_S:
        raise invalid("clock", f"cannot be moved by more than a hundred years. Received: {document}.")
    tx.put(_AHEAD, _NAME, ahead_s)
    return {"now": schedule_now(tx).isoformat().replace("+00:00", "Z")}


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_MOVE_S:
        raise invalid(
            "advance_s", f"must be a number of seconds, not negative, of a hundred years at most. Got: {value!r}."
        )
    return float(value)


def _ahead_of(text: Any) -> float:
    try:
        wanted = datetime.fromisoformat(text)
        return float((wanted - now()).total_seconds())
    except (TypeError, ValueError, OverflowError):
        raise invalid("now", f'must be a time such as "2026-05-18T00:00:00Z". Received: {text!r}.') from None

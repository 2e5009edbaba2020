"""The states of runs, tasks and schedules: a word, a mark and a tone, so that colour is never alone."""

from __future__ import annotations

from typing import NamedTuple

# In the order in which a filter offers them.
RUN_STATES = ("pending", "queued", "running", "succeeded", "failed", "cancelling", "cancelled", "paused")
FINAL_RUN_STATES = frozenset({"succeeded", "failed", "cancelled"})
FINAL_TASK_STATES = frozenset({"succeeded", "failed", "cancelled", "skipped", "not_triggered"})


class Shown(NamedTuple):
    """How a state looks.

    Attributes:
        word: What it is called.
        mark: One character.
        tone: The colour's name in the style sheet.
    """

    word: str
    mark: str
    tone: str


_SHOWN = {
    "pending": Shown("Pending", "○", "idle"),
    "queued": Shown("Queued", "○", "idle"),
    "running": Shown("Running", "▶", "active"),
    "succeeded": Shown("Succeeded", "✓", "good"),
    "failed": Shown("Failed", "✗", "bad"),
    "cancel_pending": Shown("Cancelling", "◼", "warn"),
    "cancelling": Shown("Cancelling", "◼", "warn"),
    "cancelled": Shown("Cancelled", "◼", "warn"),
    "paused": Shown("Paused", "‖", "warn"),
    "skipped": Shown("Cached", "↺", "cached"),
    "not_triggered": Shown("Not run", "—", "idle"),
    "active": Shown("Active", "▶", "good"),
    "completed": Shown("Completed", "✓", "idle"),
}


def shown_state(state: str) -> Shown:
    """How a state of `plain_state` looks."""
    return _SHOWN.get(state) or Shown(state.replace("_", " ").capitalize() or "Unknown", "?", "idle")


def plain_state(state: str) -> str:
    """PIPELINE_STATE_FAILED and JOB_STATE_FAILED as `failed`, NOT_TRIGGERED as `not_triggered`."""
    return state.removeprefix("PIPELINE_STATE_").removeprefix("JOB_STATE_").removeprefix("STATE_").lower()

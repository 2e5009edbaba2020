"""A run followed from its submission to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from components.vertex.connection import retry_for
from pipeline.config import Connection
from pipeline.interrupts import Interruption
from pipeline.runs.client import Runs
from pipeline.runs.record import RunRecord
from pipeline.vertex.reachability import Attempt

_POLL_S = {"local": 0.1, "vertex": 5.0}
# For so long a run is asked for again where the answer does not come: services restart, networks fail for a moment.
_PATIENCE_S = {"local": 60.0, "vertex": 300.0}
_SLICE_S = 0.1


def follow(
    config: Connection, name: str, show: Callable[[RunRecord], None], interruption: Interruption
) -> RunRecord | None:
    """Waits for the end of a run.

    Args:
        config: Says where it runs.
        name: Its resource name.
        show: Called with the run as it is, again and again, and at last as it has ended.
        interruption: Ends the waiting.

    Returns:
        The run in its last state. None where an interruption came before.
    """
    runs = Runs(config, retry=retry_for(_PATIENCE_S[config.connection]))
    while not interruption.is_heard:
        run = _asked(runs, name, interruption)
        if run is None:
            break
        show(run)
        if run.is_final:
            return run
        interruption.pause(_POLL_S[config.connection])
    return None


def _asked(runs: Runs, name: str, interruption: Interruption) -> RunRecord | None:
    """The run as it is now. None where an interruption comes before the answer, which may take minutes of retries."""
    attempt = Attempt(lambda: runs.get(name))
    while not attempt.has_ended(time.monotonic() + _SLICE_S):
        if interruption.is_heard:
            return None
    if attempt.error is not None:
        raise attempt.error
    run: RunRecord = attempt.result
    return run

"""A run followed from its submission to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from components.vertex.connection import retry_for
from pipeline.config import Connection
from pipeline.runs.client import Runs
from pipeline.runs.record import RunRecord

_POLL_S = {"local": 0.1, "vertex": 5.0}
# For so long a run is asked for again where the answer does not come: services restart, networks fail for a moment.
_PATIENCE_S = {"local": 10.0, "vertex": 300.0}


def follow(config: Connection, name: str, show: Callable[[RunRecord], None]) -> RunRecord:
    """Waits for the end of a run.

    Args:
        config: Says where it runs.
        name: Its resource name.
        show: Called with the run as it is, again and again, and at last as it has ended.

    Returns:
        The run in its last state.
    """
    runs = Runs(config, retry=retry_for(_PATIENCE_S[config.connection]))
    while True:
        run = runs.get(name)
        show(run)
        if run.is_final:
            return run
        time.sleep(_POLL_S[config.connection])

"""A run followed from its submission to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

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
    runs = Runs(config, retry=_patient(_PATIENCE_S[config.connection]))
    while True:
        run = runs.get(name)
        show(run)
        if run.is_final:
            return run
        time.sleep(_POLL_S[config.connection])


def _patient(timeout_s: float) -> Any:
    from google.api_core.exceptions import InternalServerError, ServiceUnavailable, TooManyRequests
    from google.api_core.retry import Retry, if_exception_type
    from requests.exceptions import ConnectionError as Unreachable
    from requests.exceptions import Timeout

    passing = if_exception_type(InternalServerError, ServiceUnavailable, TooManyRequests, Unreachable, Timeout)
    return Retry(predicate=passing, initial=0.2, maximum=10.0, timeout=timeout_s)

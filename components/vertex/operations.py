"""Long-running operations of Vertex AI."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)

# Between two looks, at most a tenth of the time that has passed: seconds on a laptop, many minutes at Google's.
_FIRST_PAUSE_S = 0.1
_GROWTH = 1.05
_LONGEST_PAUSE_S = 10.0


def wait_for(operation: Any) -> Any:
    """Waits for the end of an operation, however long it takes.

    Args:
        operation: A google.api_core.operation.Operation.

    Returns:
        What it has made.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: It has failed.
    """
    from google.api_core.future.polling import POLLING_PREDICATE
    from google.api_core.retry import Retry

    if not operation.operation.done:
        log.info("waiting for %s", operation.operation.name)
    polling = Retry(
        predicate=POLLING_PREDICATE,
        initial=_FIRST_PAUSE_S,
        multiplier=_GROWTH,
        maximum=_LONGEST_PAUSE_S,
        timeout=None,
    )
    # A look that meets a passing fault is not the end of the operation.
    return operation.result(retry=Retry(), polling=polling)

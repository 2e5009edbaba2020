"""Long-running operations of Vertex AI."""

from __future__ import annotations

import logging
import time
from typing import Any, TypeVar

from components.vertex.connection import VertexAI

log = logging.getLogger(__name__)

Made = TypeVar("Made")

# Between two looks, at most a tenth of the time that has passed: seconds on a laptop, many minutes at Google's.
_FIRST_PAUSE_S = 0.1
_GROWTH = 1.05
_LONGEST_PAUSE_S = 10.0


def wait_for(vertex: VertexAI, operation: Any, made: type[Made]) -> Made:
    """Waits for the end of an operation, however long it takes.

    Args:
        vertex: Where it goes on.
        operation: The google.api_core.operation.Operation that a call has returned.
        made: What it makes: the type of its response.

    Raises:
        google.api_core.exceptions.GoogleAPIError: It has failed, or Vertex AI has not answered for minutes.
    """
    from google.api_core.operation import Operation

    state, pause = operation.operation, _FIRST_PAUSE_S
    if not state.done:
        log.info("waiting for %s", state.name)
    while not state.done:
        time.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_S)
        # Not the operation's own way, which waits for an answer without end and hides why there is none.
        state = vertex.endpoints.get_operation(request={"name": state.name}, **vertex.waiting)
    # google-api-core leaves it without types.
    ended: Any = Operation(state, refresh=lambda: state, cancel=lambda: None, result_type=made)  # type: ignore[no-untyped-call]
    result: Made = ended.result()
    return result

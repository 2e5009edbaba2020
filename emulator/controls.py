"""What a test can do to the emulator, outside the API: faults, slow operations, a log, a reset.

POST /_emulator/faults           {"rpc": "DeployModel", "status": "UNAVAILABLE", "times": 2, "message": "..."}
POST /_emulator/operation_delay  {"seconds": 1.5}
POST /_emulator/clock            {"advance_s": 3600} or {"now": "2030-01-01T12:00:00Z"}: that of schedules
POST /_emulator/preempt          {"customJob": "projects/...", "replica": "workerpool0-0"}
GET  /_emulator/requests         the last requests: method, path, rpc, status, seconds
POST /_emulator/reset            forgets everything, objects too, and stops runs and model servers
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emulator.api.errors import STATUSES, ApiError, invalid

REQUESTS_KEPT = 1000
# Of a request's path, how much the list of requests keeps.
LONGEST_PATH = 2_000
# Of all methods together.
MOST_FAULTS = 10_000
LONGEST_MESSAGE = 10_000
LONGEST_DELAY_S = 3600.0


@dataclass
class Controls:
    """The state of these controls; in memory only.

    Attributes:
        operation_delay_s: For how long an operation is shown as running at least.
        faults: What to answer to the next calls, by rpc; `*` is every rpc.
        requests: The last requests, oldest first.
    """

    operation_delay_s: float = 0.0
    faults: dict[str, deque[ApiError]] = field(default_factory=dict)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))

    def set_delay(self, document: Any) -> dict[str, Any]:
        """Sets the delay of operations.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        seconds = document.get("seconds") if isinstance(document, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_DELAY_S:
            raise invalid("seconds", f"must be a number between 0 and {LONGEST_DELAY_S:g}. Received: {seconds!r}.")
        self.operation_delay_s = float(seconds)
        return {"seconds": self.operation_delay_s}

    def add_fault(self, document: Any) -> dict[str, Any]:
        """Makes the next calls of a method fail.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        if not isinstance(document, dict) or set(document) - {"rpc", "status", "times", "message"}:
            raise invalid("fault", 'must be {"rpc": ..., "status": ..., "times": ..., "message": ...}.')
        rpc, status, times = document.get("rpc"), document.get("status"), document.get("times", 1)
        if not isinstance(rpc, str) or not rpc:
            raise invalid("rpc", f'must be the name of a method, or "*". Received: {rpc!r}.')
        if not isinstance(status, str) or status not in STATUSES:
            raise invalid("status", f"must be one of {', '.join(STATUSES)}. Received: {status!r}.")
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= REQUESTS_KEPT:
            raise invalid("times", f"must be a whole number from 1 to {REQUESTS_KEPT}. Received: {times!r}.")
        message = document.get("message", "")
        if not isinstance(message, str) or len(message) > LONGEST_MESSAGE:
            raise invalid("message", f"must be a text of at most {LONGEST_MESSAGE} characters.")
        waiting = sum(map(len, self.faults.values()))
        if waiting + times > MOST_FAULTS:
            raise invalid("times", f"must leave at most {MOST_FAULTS} faults waiting. There are {waiting}.")
        fault = ApiError(status, message or f"The emulator was asked to answer {status} to {rpc}.")
        self.faults.setdefault(rpc, deque()).extend([fault] * times)
        return {"rpc": rpc, "status": status, "times": len(self.faults[rpc])}

    def reset(self) -> None:
        """Forgets what was asked for, and the log."""
        self.operation_delay_s = 0.0
        self.faults.clear()
        self.requests.clear()

    def raise_fault(self, rpc: str) -> None:
        """Fails a call, if it was asked to.

        Raises:
            ApiError: The next fault of that rpc.
        """
        for name in (rpc, "*"):
            waiting = self.faults.get(name)
            if waiting:
                fault = waiting.popleft()
                if not waiting:
                    del self.faults[name]
                raise fault

    def note(self, method: str, path: str, rpc: str, status: int, seconds: float) -> None:
        """Adds a request to the log."""
        shown = path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}..."
        self.requests.append(
            {"method": method, "path": shown, "rpc": rpc, "status": status, "seconds": round(seconds, 6)}
        )

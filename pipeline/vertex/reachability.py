"""Whether Google's Vertex AI can be asked at all, found out in seconds and before Google's SDK is loaded."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from components.vertex.connection import api_host
from trainer.errors import ProjectError

SIGN_IN = "Sign in with `gcloud auth application-default login`."

_WITHIN_S = 3.0
# Of the several addresses of a name, one that does not answer must leave time for the next.
_CONNECT_TIMEOUT_S = 1.2
# google-auth reads them once, when it is imported. It asks the metadata server of a Google machine whether it is on
# one: three times, three seconds each and pauses between, unless it is told otherwise.
_METADATA_LIMITS = {"GCE_METADATA_TIMEOUT": "1", "GCE_METADATA_DETECT_RETRIES": "1"}


def check_vertex(location: str) -> None:
    """Makes sure that there is a network with Google's Vertex AI in it, and that there are credentials.

    Whether Google takes the credentials is not asked.

    Raises:
        ProjectError: One of them is missing. It is known within seconds.
    """
    # It sets a filter for its warnings, which google-auth's import would undo in another thread.
    import requests  # noqa: F401

    deadline = time.monotonic() + _WITHIN_S
    call, search = Attempt(lambda: _ask(api_host(location))), Attempt(find_credentials)
    _require_answer(api_host(location), call, deadline)
    _require_credentials(search, deadline + 1)


class Attempt:
    """A call in a thread of its own, which does not keep the process from ending.

    Google's clients, the system's resolver among them, take their time and cannot be told how much of it there is.

    Args:
        call: The call.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._call = call
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self.result = self._call()
        except Exception as error:  # noqa: BLE001 - whoever waits looks at it
            self.error = error

    def has_ended(self, deadline: float) -> bool:
        """Waits for its end, until a moment of `time.monotonic`; whether it has come."""
        self._thread.join(max(deadline - time.monotonic(), 0))
        return not self._thread.is_alive()


def check_network(host: str, within_s: float = _WITHIN_S) -> None:
    """Makes sure that a host can be asked, through the proxy that the environment names for it, if any.

    Raises:
        ProjectError: It cannot, or not in time.
    """
    _require_answer(host, Attempt(lambda: _ask(host)), time.monotonic() + within_s)


def find_credentials() -> tuple[Any, str | None]:
    """The credentials that Google's clients find here, and the project that comes with them."""
    for name, value in _METADATA_LIMITS.items():
        os.environ.setdefault(name, value)
    import google.auth

    # It logs every attempt, and the error tells the outcome.
    logging.getLogger("google.auth").setLevel(logging.CRITICAL)
    found: tuple[Any, str | None] = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    return found


def _ask(host: str) -> None:
    import requests

    requests.head(f"https://{host}/", timeout=(_CONNECT_TIMEOUT_S, _WITHIN_S))


def _require_answer(host: str, call: Attempt, deadline: float) -> None:
    has_ended = call.has_ended(deadline)
    if has_ended and call.error is None:
        return
    fault = _fault(host, call.error) if has_ended else f"{host} does not answer in time"
    raise ProjectError(
        f"Google's Vertex AI cannot be reached: {fault}. Check the network, HTTPS_PROXY and the location, or use "
        "`--profile local`."
    ) from call.error


def _fault(host: str, error: Exception | None) -> str:
    from requests.exceptions import ProxyError, SSLError, Timeout

    # The innermost reason stands at the end, in the brackets of all that it caused.
    reason = re.split(r"\[Errno -?\d+\] |: |', '", str(error).rstrip("\"')."))[-1]
    if isinstance(error, SSLError):
        return f"the certificate of {host} is not taken ({reason})"
    if isinstance(error, ProxyError):
        return f"the proxy does not lead to {host} ({reason})"
    if isinstance(error, Timeout):
        return f"{host} does not answer in time"
    return f"{host} does not answer ({reason})"


def _require_credentials(search: Attempt, deadline: float) -> None:
    has_ended = search.has_ended(deadline)
    if has_ended and search.error is None:
        return
    reason = str(search.error).splitlines()[0].rstrip(".") if has_ended else "none were found in time"
    raise ProjectError(f"There are no credentials for Google's Vertex AI: {reason}. {SIGN_IN}") from search.error

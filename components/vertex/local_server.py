"""The serving container of a version as a process of this machine, under Vertex AI's contract of the AIP_* variables.

The contract is https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.vertex.connection import EMULATOR_VARIABLE, KEEPER_VARIABLE
from components.vertex.errors import RolloutError
from trainer.errors import quoted
from trainer.serve import HOST_VARIABLE

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import Model

# Where a containerSpec sets none. A fresh machine takes a minute to read TensorFlow from its disk.
START_TIMEOUT_S = 300.0
_HOST = "127.0.0.1"
_POLL_S = 0.02
_PROBE_TIMEOUT_S = 5.0
# After which Vertex AI gives up a prediction.
_ANSWER_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0
_TAIL_BYTES = 4096
_TAIL_LINES = 15
_SHOWN = 500
_REFERENCE = re.compile(r"\$(\$?)\(([A-Za-z_][A-Za-z0-9_]*)\)")
# By it components know that kfp runs them; a serving container has none.
_OF_KFP = "_KFP_RUNTIME"
_ELSEWHERE = "`--smoke endpoint` tries it on an endpoint of its own."


@dataclass(frozen=True)
class ServerCommand:
    """How a version is served.

    Attributes:
        version: Its number.
        words: Command and arguments, as the containerSpec has them.
        container: Variables that the containerSpec sets.
        contract: The AIP_* variables but AIP_HTTP_PORT, which is chosen at the start.
        timeout_s: Seconds within which the server must be healthy.
    """

    version: str
    words: tuple[str, ...]
    container: Mapping[str, str]
    contract: Mapping[str, str]
    timeout_s: float = START_TIMEOUT_S


def server_command(version: Model, endpoint: str) -> ServerCommand:
    """The command of a registered version, as its containerSpec has it.

    Args:
        version: The version.
        endpoint: Name of the endpoint that it is to serve on.

    Raises:
        RolloutError: Its container names no command.
    """
    container, number = version.container_spec, version.version_id
    if not container.command:
        raise RolloutError(
            f"Version {number} cannot be served here: its container, {container.image_uri}, names no command. It takes "
            f"no traffic. {_ELSEWHERE}"
        )
    # A timedelta, whatever the messages' declarations tell.
    timeout: Any = container.deployment_timeout
    endpoint_id = endpoint.rpartition("/")[2]
    # What is not deployed yet has no id there.
    routes = f"/v1/endpoints/{endpoint_id}/deployedModels/0"
    contract = {
        "AIP_MODE": "PREDICTION",
        "AIP_MODEL_NAME": version.name.partition("@")[0].rpartition("/")[2],
        "AIP_VERSION_NAME": number,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_ENDPOINT_ID": endpoint_id,
        "AIP_DEPLOYED_MODEL_ID": "0",
        "AIP_HEALTH_ROUTE": container.health_route or routes,
        "AIP_PREDICT_ROUTE": container.predict_route or f"{routes}:predict",
        "AIP_STORAGE_URI": version.artifact_uri,
    }
    return ServerCommand(
        version=number,
        words=(*container.command, *container.args),
        container={variable.name: variable.value for variable in container.env},
        contract=contract,
        timeout_s=timeout.total_seconds() or START_TIMEOUT_S,
    )


class LocalServer:
    """A server that was started. `serving` makes it.

    Args:
        command: What was started.
        process: It, the leader of a process group, or the one that keeps it.
        port: Where it is to listen.
        log: Where its output goes.
    """

    def __init__(self, command: ServerCommand, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._command = command
        self._process = process
        self._port = port
        self._log = log

    def wait_healthy(self) -> None:
        """Waits until the health route answers 200.

        Raises:
            RolloutError: The server ends, or is not healthy in time; its last lines are told.
        """
        route, timeout_s = self._command.contract["AIP_HEALTH_ROUTE"], self._command.timeout_s
        deadline = time.monotonic() + timeout_s
        while self._process.poll() is None:
            with contextlib.suppress(OSError, HTTPException):
                if self._send("GET", route, None, _PROBE_TIMEOUT_S)[0] == 200:
                    return
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer 200 at {route} within {timeout_s:g} s")
            time.sleep(_POLL_S)
        if not _is_free(self._port):
            raise RolloutError(
                f"Version {self._command.version} cannot be served here: port {self._port} of {_HOST} was taken by "
                "another program meanwhile. It takes no traffic. Try again."
            )
        code = self._process.returncode
        raise self._failure(f"ended with exit code {code if code >= 0 else 128 - code} before it was healthy")

    def ask(self, instances: Sequence[Any]) -> Sequence[Any]:
        """The predictions for instances: one request, which is not tried again.

        Raises:
            RolloutError: The server does not answer, or with something else.
        """
        body = json.dumps({"instances": list(instances)}).encode()
        try:
            status, content = self._send("POST", self._command.contract["AIP_PREDICT_ROUTE"], body, _ANSWER_TIMEOUT_S)
        except (OSError, HTTPException) as error:
            raise self._unanswered(f"{error}") from error
        text = content.decode("utf-8", "replace")
        if status != 200:
            raise self._unanswered(f"its server answers {status}, {text[:_SHOWN]}")
        document = _parsed(text)
        predictions = document.get("predictions") if isinstance(document, dict) else None
        if not isinstance(predictions, list):
            raise self._unanswered(f"its server answers {text[:_SHOWN]}, which holds no list `predictions`")
        return predictions

    def stop(self) -> None:
        """Ends the server and all that it has started, at once: it serves nobody."""
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _send(self, method: str, route: str, body: bytes | None, timeout_s: float) -> tuple[int, bytes]:
        connection = HTTPConnection(_HOST, self._port, timeout=timeout_s)
        try:
            connection.request(method, route, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _unanswered(self, what: str) -> RolloutError:
        return RolloutError(
            f"Version {self._command.version} does not answer its smoke test: {what}. It takes no traffic."
        )

    def _failure(self, what: str) -> RolloutError:
        end = _tail(self._log)
        return RolloutError(
            f"Version {self._command.version} cannot be served here: its server, `{shlex.join(self._command.words)}`, "
            f"{what}. It takes no traffic. Where this machine lacks what it needs, {_ELSEWHERE} "
            + (f"Its output ends:\n{end}" if end else "It has told nothing.")
        )


@contextmanager
def serving(command: ServerCommand, port: int = 0) -> Iterator[LocalServer]:
    """Serves a version while the context lasts. Nothing of its server is left then, whatever happens meanwhile.

    Where the stand-in for Vertex AI on this machine offers to keep processes, it starts the server: libraries that it
    has loaded are there at once, and the server ends also with a process that is killed.

    Args:
        command: How.
        port: Where it listens; 0 takes a free one.

    Yields:
        The server, which is healthy.

    Raises:
        RolloutError: It cannot be started, or does not become healthy.
    """
    with _ended_by_sigterm(), tempfile.TemporaryDirectory(prefix="smoke-", ignore_cleanup_errors=True) as folder:
        server = _start(command, Path(folder), port or _free_port())
        try:
            server.wait_healthy()
            yield server
        finally:
            server.stop()


def _start(command: ServerCommand, folder: Path, port: int) -> LocalServer:
    environment = _environment(command, folder, port)
    program, *arguments = [_expanded(word, environment) for word in command.words]
    found = shutil.which(program, path=environment["PATH"])
    if found is None:
        raise RolloutError(
            f"Version {command.version} cannot be served here: its server is started by {quoted(program)}, which is "
            f"not on this machine. It takes no traffic. {_ELSEWHERE}"
        )
    keeper = shlex.split(os.environ.get(KEEPER_VARIABLE, ""))
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*keeper, found, *arguments],
            stdin=subprocess.PIPE if keeper else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    return LocalServer(command, process, port, log)


def _environment(command: ServerCommand, folder: Path, port: int) -> dict[str, str]:
    """The server's environment: this machine's, the container's, the contract's; the last wins."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    machine = {name: value for name, value in os.environ.items() if name != _OF_KFP}
    machine |= {"PATH": path, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    if EMULATOR_VARIABLE not in machine:
        machine[HOST_VARIABLE] = _HOST
    contract = {**command.contract, "AIP_HTTP_PORT": str(port)}
    environment = {**machine, **contract}
    for name, value in command.container.items():
        environment[name] = _expanded(value, environment)
    return {**environment, **contract}


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """Replaces each $(NAME) by its value, as Kubernetes does: unknown names stay, $$(NAME) is escaped."""

    def value(match: re.Match[str]) -> str:
        return f"$({match[2]})" if match[1] else environment.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Has SIGTERM end this process by an exception, such that what it has started ends before it."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    try:
        socket.create_server((_HOST, port)).close()
    except OSError:
        return False
    return True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tail(log: Path) -> str:
    """The last lines of a server's output."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-_TAIL_LINES:])

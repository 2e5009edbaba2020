"""A real emulator in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.patience import eventually, patience_s

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL_SERVER = Path(__file__).resolve().parent / "model_server.py"
LOCATION = "projects/p/locations/us-central1"
IMAGE = "us-docker.pkg.dev/p/r/server:1"


class VertexEmulator:
    """An emulator with a state folder; it can be killed and started again.

    Args:
        folder: The state folder.
        flags: Further flags of the command line.
        log: Where its output goes, after what is there; None leaves it to the tests' own.
        umask: That of its process at first; -1 leaves the tests' own.
    """

    def __init__(self, folder: Path, *flags: str, log: Path | None = None, umask: int = -1) -> None:
        self.folder = folder
        self._umask = umask
        self._flags = flags
        self._log = log
        self._client = httpx.Client(timeout=patience_s(), trust_env=False)
        self._process: subprocess.Popen[bytes] | None = None
        self.running: dict[str, Any] = {}
        self.start()

    @property
    def address(self) -> str:
        """The API's address."""
        return str(self.running["address"])

    @property
    def port(self) -> str:
        """The API's port."""
        return self.address.rpartition(":")[2]

    def start(self) -> None:
        """Starts it; again on the same ports, so that a waiting client finds it."""
        known = self.running
        api = known["address"].rpartition(":")[2] if known else "0"
        storage = known["storageAddress"].rpartition(":")[2] if known else "0"
        (self.folder / "emulator.json").unlink(missing_ok=True)
        command = self.command("--port", api, "--storage-port", storage)
        with contextlib.ExitStack() as held:
            output = held.enter_context(self._log.open("ab")) if self._log is not None else None
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, umask=self._umask)
        eventually(self._is_up)
        self.running = json.loads((self.folder / "emulator.json").read_text(encoding="utf-8"))

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the emulator ended"
        return (self.folder / "emulator.json").is_file()

    def command(self, *flags: str) -> list[str]:
        """The command line."""
        state = ["--state-dir", str(self.folder)]
        return [sys.executable, "-m", "emulator", *state, *self._flags, *flags]

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ends it with SIGTERM; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(patience_s())

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def close(self) -> None:
        """Ends it for good."""
        self._client.close()
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One raw HTTP request; the path is taken as it is."""
        content = body if body is None or isinstance(body, bytes | str) else json.dumps(body)
        return self._client.request(method, f"{self.address}{path}", content=content, **options)

    def get(self, name: str) -> dict[str, Any]:
        """A resource that must be there."""
        return _ok(self.call("GET", f"/v1/{name}"))

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        """A POST below /v1/ that must succeed."""
        return _ok(self.call("POST", f"/v1/{path}", {} if body is None else body))

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """A request below /v1/ that must be refused: HTTP status, canonical status, message."""
        answer = self.call(method, f"/v1/{path}", body)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        assert error["code"] == answer.status_code
        return answer.status_code, error["status"], error["message"]

    def wait(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation once it has ended."""
        if operation.get("done"):
            return operation
        name = operation["name"]
        return eventually(lambda: _ok(self.call("GET", f"/ui/{name}")), lambda found: found.get("done"))

    def upload(self, name: str = "one", *flags: str, **fields: Any) -> str:
        """Uploads a model served by model_server.py; its name with the version.

        Args:
            name: What the server calls itself.
            flags: Further arguments of the server.
            fields: Further fields of the request, `parent_model` among them; `model` is merged.
        """
        container = {"imageUri": IMAGE, "command": ["python3", str(MODEL_SERVER)], "args": [name, *flags]}
        model = {"displayName": name, "containerSpec": container, **fields.pop("model", {})}
        operation = self.post(f"{LOCATION}/models:upload", {"model": model, **fields})
        response = operation["response"]
        return f"{response['model']}@{response['modelVersionId']}"

    def create_endpoint(self, name: str = "endpoint", **fields: Any) -> str:
        """Creates an endpoint; its name."""
        operation = self.post(f"{LOCATION}/endpoints", {"displayName": name, **fields})
        return str(operation["response"]["name"])

    def begin_deploy(self, endpoint: str, model: str, split: dict[str, int] | None = None) -> dict[str, Any]:
        """Begins a deployment; the operation."""
        body: dict[str, Any] = {"deployedModel": {"model": model, "dedicatedResources": RESOURCES}}
        if split is not None:
            body["trafficSplit"] = split
        return self.post(f"{endpoint}:deployModel", body)

    def deploy(self, endpoint: str, model: str, split: dict[str, int] | None = None) -> str:
        """Deploys a model; the deployed model's id."""
        operation = self.wait(self.begin_deploy(endpoint, model, {"0": 100} if split is None else split))
        assert "error" not in operation, operation["error"]
        return str(operation["response"]["deployedModel"]["id"])

    def predict(self, endpoint: str, *instances: Any) -> dict[str, Any]:
        """Predicts."""
        return self.post(f"{endpoint}:predict", {"instances": list(instances) or [1]})


def anonymous() -> Any:
    """Credentials that send nothing."""
    return importlib.import_module("google.auth.credentials").AnonymousCredentials()


def storage_client(emulator: VertexEmulator) -> Any:
    """The real Cloud Storage client, pointed at an emulator."""
    options = {"api_endpoint": emulator.running["storageAddress"]}
    storage = importlib.import_module("google.cloud.storage")
    return storage.Client(project="p", credentials=anonymous(), client_options=options)


RESOURCES = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}


def _ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def parent_of(pid: int) -> int:
    """The process that a process of Linux is a child of."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def descendants_of(pid: int) -> list[int]:
    """The processes below a process of Linux, its own children first."""
    below = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
    return [*below, *(other for child in below for other in descendants_of(child))]


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return not Path("/proc").is_dir()
        return False

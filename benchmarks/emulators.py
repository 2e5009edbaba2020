"""The local Vertex AI in a state folder of its own, and what benchmarks ask of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.asking import Connection
from benchmarks.processes import running

LOCATION = "projects/local/locations/us-central1"
BUCKET = "gs://local-benchmark"
IMAGE = "us-docker.pkg.dev/local/local/dnn-trainer:1"
_POLL_S = 0.02


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Attributes:
        address: Of Vertex AI.
        storage: Of Cloud Storage.
    """

    address: str
    storage: str

    def get(self, path: str) -> dict[str, Any]:
        """A GET below /v1/."""
        return self._call("GET", path, b"")

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """A POST below /v1/."""
        return self._call("POST", path, json.dumps(body).encode())

    def wait(self, operation: dict[str, Any]) -> dict[str, Any]:
        """What an operation has come to.

        Raises:
            RuntimeError: It failed.
        """
        while not operation.get("done"):
            time.sleep(_POLL_S)
            operation = self.post(f"{operation['name']}:wait", {})
        if "error" in operation:
            raise RuntimeError(operation["error"]["message"])
        answer: dict[str, Any] = operation.get("response", {})
        return answer

    def create_bucket(self) -> None:
        """Makes the bucket that runs write to."""
        connection = Connection(self.storage)
        body = json.dumps({"name": BUCKET.removeprefix("gs://")}).encode()
        connection.send(connection.request("/storage/v1/b?project=local", body))
        connection.close()

    def deploy(self, model: Path) -> str:
        """Serves an exported model at a new endpoint, which it names."""
        # The contract's own AIP_STORAGE_URI must be a bucket, which would tell nothing here.
        command = ["env", f"AIP_STORAGE_URI={model}", "python3", "-m", "trainer.serve"]
        container = {"imageUri": IMAGE, "command": command, "healthRoute": "/health", "predictRoute": "/predict"}
        upload = {"model": {"displayName": "iris", "containerSpec": container}}
        uploaded = self.wait(self.post(f"{LOCATION}/models:upload", upload))
        endpoint = str(self.wait(self.post(f"{LOCATION}/endpoints", {"displayName": "iris"}))["name"])
        resources = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
        deployed = {"model": uploaded["model"], "dedicatedResources": resources}
        body = {"deployedModel": deployed, "trafficSplit": {"0": 100}}
        self.wait(self.post(f"{endpoint}:deployModel", body))
        return endpoint

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        connection = Connection(self.address)
        try:
            answer: dict[str, Any] = json.loads(connection.send(connection.request(f"/v1/{path}", body, method)))
        finally:
            connection.close()
        return answer


@contextmanager
def emulator(state: Path) -> Iterator[Emulator]:
    """An emulator that works in a state folder."""
    about = state / "emulator.json"
    about.unlink(missing_ok=True)
    words = ["--state-dir", str(state), "--port", "0", "--storage-port", "0"]
    with running("emulator", words, about.is_file):
        told = json.loads(about.read_text(encoding="utf-8"))
        yield Emulator(told["address"], told["storageAddress"])

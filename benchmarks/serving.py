"""Predictions through the endpoint, straight from the model's server, and from the bare SavedModel, side by side."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trainer.config import build_config
from trainer.contract import load_contract
from trainer.training import train

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
LOCATION = "/v1/projects/local/locations/us-central1"
PREDICT_ROUTE = "/predict"
CONTAINER = {
    "imageUri": "us-docker.pkg.dev/local/local/dnn-trainer:1",
    "healthRoute": "/health",
    "predictRoute": PREDICT_ROUTE,
}
FLOWER = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}
SECONDS = 3.0
WARM_UP = 50
START_S = 60.0

Ask = Callable[[bytes], Any]


@dataclass(frozen=True)
class Measurement:
    """How one way of asking did.

    Attributes:
        way: Who is asked.
        instances: In one request.
        clients: How many ask at a time.
        per_s: Requests answered in a second, all clients together.
        p50_ms: Median latency.
        p99_ms: Latency that 99 of 100 requests keep.
    """

    way: str
    instances: int
    clients: int
    per_s: float
    p50_ms: float
    p99_ms: float


def measure() -> list[Measurement]:
    """Every way with 1 and 100 instances from one client, and with 1 instance from four."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = _export(folder)
        with _emulator(folder / "vertex") as api, _server(model) as server:
            endpoint = _deploy(api, model)
            ways: dict[str, Callable[[], Ask]] = {
                "the endpoint": lambda: _connection(api, f"/v1/{endpoint}:predict"),
                "the server": lambda: _connection(server, PREDICT_ROUTE),
                "the bare SavedModel": lambda: _bare(model),
            }
            loads = ((1, 1), (100, 1), (1, 4))
            return [_measure(way, ways[way], *load) for load in loads for way in ways]


def _measure(way: str, make: Callable[[], Ask], instances: int, clients: int) -> Measurement:
    body = json.dumps({"instances": [FLOWER] * instances}).encode()
    latencies: list[float] = []
    ready = threading.Barrier(clients + 1)

    def ask() -> None:
        asker = make()
        for _ in range(WARM_UP):
            asker(body)
        ready.wait()
        end = time.perf_counter() + SECONDS
        while (started := time.perf_counter()) < end:
            asker(body)
            latencies.append(time.perf_counter() - started)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(latencies, n=100)
    return Measurement(way, instances, clients, len(latencies) / SECONDS, cuts[49] * 1000, cuts[98] * 1000)


def _connection(address: str, path: str) -> Ask:
    """One connection that is kept."""
    connection = HTTPConnection(urlsplit(address).netloc)

    def ask(body: bytes) -> bytes:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}{path} answered {answer.status}: {content.decode()}")
        return content

    return ask


def _bare(model: Path) -> Ask:
    """What a server is there for, and no more: arrays in, arrays out."""
    import numpy as np

    from trainer.saved_model import SavedModel

    loaded = SavedModel(str(model))
    arrays: dict[bytes, dict[str, Any]] = {}

    def ask(body: bytes) -> object:
        if body not in arrays:
            rows = json.loads(body)["instances"]
            arrays[body] = {name: np.array([row[name] for row in rows], np.float32) for name in FLOWER}
        return loaded.predict(arrays[body])

    return ask


def _export(folder: Path) -> Path:
    from trainer.export import export_model

    config = build_config(
        train_files=(str(DATA / "iris_training.csv"),),
        eval_files=(str(DATA / "iris_test.csv"),),
        schema_file=str(DATA / "schema.toml"),
        job_dir=str(folder / "job"),
        train_steps=100,
    )
    export_model(train(config, load_contract(config.schema_file)), str(folder / "model"))
    return folder / "model"


@contextmanager
def _emulator(state: Path) -> Iterator[str]:
    """The local Vertex AI; its address."""
    command = [sys.executable, "-m", "emulator", "--state-dir", str(state), "--port", "0", "--storage-port", "0"]
    running = state / "emulator.json"
    with _process(command, {}, running.is_file):
        yield str(json.loads(running.read_text(encoding="utf-8"))["address"])


@contextmanager
def _server(model: Path) -> Iterator[str]:
    """The model's server as a container runs it; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    contract = {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/health",
        "AIP_PREDICT_ROUTE": PREDICT_ROUTE,
        "AIP_STORAGE_URI": str(model),
        "VERTEX_EMULATOR_HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "trainer.serve"]
    with _process(command, contract, lambda: _listens(port)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(command: list[str], variables: dict[str, str], is_up: Callable[[], bool]) -> Iterator[None]:
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_S
            while not is_up():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{' '.join(command)} did not start.")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _deploy(api: str, model: Path) -> str:
    """Deploys the model's server on a new endpoint; the endpoint's name."""
    # The contract's own AIP_STORAGE_URI must be a bucket, which would tell nothing here.
    container = {**CONTAINER, "command": ["env", f"AIP_STORAGE_URI={model}", "python3", "-m", "trainer.serve"]}
    uploaded = _post(api, f"{LOCATION}/models:upload", {"model": {"displayName": "iris", "containerSpec": container}})
    created = _post(api, f"{LOCATION}/endpoints", {"displayName": "iris"})
    endpoint = str(created["response"]["name"])
    resources = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
    deployed = {"model": uploaded["response"]["model"], "dedicatedResources": resources}
    operation = _post(api, f"/v1/{endpoint}:deployModel", {"deployedModel": deployed, "trafficSplit": {"0": 100}})
    while not operation.get("done"):
        time.sleep(0.1)
        operation = _post(api, f"/v1/{operation['name']}:wait", {})
    if "error" in operation:
        raise RuntimeError(operation["error"]["message"])
    return endpoint


def _post(api: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_connection(api, path)(json.dumps(body).encode()))
    return answer

"""Clients that leave: within their request, or before they have read the answer. The log tells of none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator
from tests.raw_client import leave

pytestmark = pytest.mark.run

JSON = "Content-Type: application/json\r\n"
PLACES = [
    f"POST /v1/{LOCATION}/endpoints",
    f"POST /v1beta1/{LOCATION}/models:upload",
    f"PATCH /v1/{LOCATION}/endpoints/1",
    f"DELETE /v1/{LOCATION}/endpoints/1",
    f"POST /v1/{LOCATION}/operations/1:wait",
    "POST /v2/entries:list",
    "POST /_emulator/faults",
    "POST /_emulator/operation_delay",
    "POST /_emulator/clock",
    "GET /_emulator/requests",
    "GET /healthz",
    "POST /nonsense",
    "GET /console",
    "POST /console/compare",
    "POST /console/_nicegui_ws/socket.io/?EIO=4&transport=polling",
    "GET /console/_nicegui_ws/socket.io/?EIO=4&transport=polling",
    "GET /console/download?uri=gs://left/behind",
]
WAYS = [
    ("Content-Length: 100", b'{"displayName": '),
    ("Content-Length: 100\r\nExpect: 100-continue", b""),
    ("Transfer-Encoding: chunked", b"5\r\n{"),
    ("Content-Length: 2", b"{}"),
]


def test_a_client_that_leaves_is_no_error_of_the_emulator(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    emulator = VertexEmulator(tmp_path / "vertex", log=log)
    started = log.read_text(encoding="utf-8")
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload())
    # Both load something at the first call, which takes seconds.
    assert emulator.call("GET", f"/v1beta1/{LOCATION}/models").status_code == 200
    assert emulator.call("GET", "/console").status_code == 200
    predictions = [f"POST /v1/{endpoint}:predict", f"POST /v1/{endpoint}:rawPredict"]
    for place in PLACES + predictions:
        for way, body in WAYS:
            leave(emulator.address, f"{place} HTTP/1.1\r\n{JSON}{way}", body)
    whole = b'{"instances": [{"do": "sleep", "seconds": 0.5}]}'
    for place in predictions:
        leave(emulator.address, f"{place} HTTP/1.1\r\n{JSON}Content-Length: {len(whole)}", whole)
    assert emulator.predict(endpoint)["predictions"]
    asked = emulator.call("GET", "/_emulator/requests").json()["requests"]
    assert 499 in {request["status"] for request in asked}
    # At its end it has told everything.
    assert emulator.stop() == 0
    emulator.close()
    assert log.read_text(encoding="utf-8") == started
    server_log = next((tmp_path / "vertex" / "logs").glob("*/*.log")).read_text(encoding="utf-8")
    assert "Traceback" not in server_log

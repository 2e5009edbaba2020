"""What a killed emulator leaves behind, and what it finds again."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator, is_alive, parent_of, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has started")


def server_pid(emulator: VertexEmulator, endpoint: str) -> int:
    (prediction,) = emulator.predict(endpoint)["predictions"]
    return int(prediction["pid"])


def daemon_pids(emulator: VertexEmulator, endpoint: str) -> tuple[int, int]:
    (prediction,) = emulator.predict(endpoint)["predictions"]
    return int(prediction["pid"]), int(prediction["daemon"])


@on_linux
def test_undeploying_ends_also_a_child_in_a_session_of_its_own(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    deployed = own_emulator.deploy(endpoint, own_emulator.upload("one", "--daemon"))
    server, daemon = daemon_pids(own_emulator, endpoint)
    own_emulator.wait(own_emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": deployed}))
    assert not is_alive(server)
    assert not is_alive(daemon)


@on_linux
@pytest.mark.parametrize("half", ["inner", "outer"])
def test_nothing_of_a_server_outlives_the_emulator_killed_together_with_a_keeper(
    own_emulator: VertexEmulator, half: str
) -> None:
    endpoint = own_emulator.create_endpoint()
    own_emulator.deploy(endpoint, own_emulator.upload("one", "--daemon"))
    server, daemon = daemon_pids(own_emulator, endpoint)
    inner = parent_of(server)
    os.kill(inner if half == "inner" else parent_of(inner), signal.SIGKILL)
    own_emulator.kill()
    eventually(lambda: not is_alive(server) and not is_alive(daemon))
    own_emulator.start()
    assert daemon_pids(own_emulator, endpoint)[0] != server


def test_every_answered_write_survives_a_kill(own_emulator: VertexEmulator) -> None:
    model = own_emulator.upload(model_id="kept", model={"versionAliases": ["champion"]})
    own_emulator.upload("two", parent_model=f"{LOCATION}/models/kept")
    evaluation = own_emulator.post(f"{model}/evaluations:import", {"modelEvaluation": {"metrics": {"a": 1}}})
    endpoint = own_emulator.create_endpoint(labels={"a": "b"})
    deployed = own_emulator.deploy(endpoint, model)
    names = [model, f"{LOCATION}/models/kept@2", evaluation["name"], endpoint, f"{endpoint}/operations"]
    before = [own_emulator.get(name) for name in names]
    own_emulator.kill()
    own_emulator.start()
    assert [own_emulator.get(name) for name in names] == before
    assert own_emulator.predict(endpoint)["deployedModelId"] == deployed
    assert own_emulator.upload("three", parent_model=f"{LOCATION}/models/kept").endswith("@3")


def test_a_kill_amid_writes_loses_none_that_was_answered(own_emulator: VertexEmulator) -> None:
    answered: list[str] = []

    def write(number: int) -> None:
        with contextlib.suppress(httpx.TransportError), httpx.Client(trust_env=False) as client:
            while True:
                url = f"{own_emulator.address}/v1/{LOCATION}/endpoints"
                operation = client.post(url, json={"displayName": str(number)}).json()
                answered.append(operation["response"]["name"])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        eventually(lambda: len(answered) > 100)
        own_emulator.kill()
        for writer in writers:
            writer.result()
    own_emulator.start()
    kept: set[str] = set()
    token = ""
    while not kept or token:
        page = own_emulator.get(f"{LOCATION}/endpoints?pageToken={token}")
        kept |= {endpoint["name"] for endpoint in page["endpoints"]}
        token = page.get("nextPageToken", "")
    assert set(answered) <= kept
    assert len(kept) <= len(answered) + 4


def test_a_killed_emulator_leaves_no_server_behind_and_starts_it_again(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    own_emulator.deploy(endpoint, own_emulator.upload())
    before = server_pid(own_emulator, endpoint)
    own_emulator.kill()
    eventually(lambda: not is_alive(before))
    own_emulator.start()
    assert server_pid(own_emulator, endpoint) != before


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
def test_a_deployment_goes_on_after_a_kill(own_emulator: VertexEmulator, delay_s: float) -> None:
    endpoint = own_emulator.create_endpoint()
    first = own_emulator.deploy(endpoint, own_emulator.upload("first"))
    slow = own_emulator.upload("slow", "--start-after", "0.3")
    operation = own_emulator.begin_deploy(endpoint, slow, {"0": 50, first: 50})
    time.sleep(delay_s)
    own_emulator.kill()
    own_emulator.start()
    second = own_emulator.wait(operation)["response"]["deployedModel"]["id"]
    found = own_emulator.get(endpoint)
    assert [deployed["id"] for deployed in found["deployedModels"]] == [first, second]
    assert found["trafficSplit"] == {first: 50, second: 50}
    answers = {own_emulator.predict(endpoint)["deployedModelId"] for _ in range(30)}
    assert answers == {first, second}


def test_a_hopeless_deployment_fails_after_a_kill(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    broken = own_emulator.upload("broken", "--start-after", "0.5", "--fail-at-start")
    operation = own_emulator.begin_deploy(endpoint, broken)
    own_emulator.kill()
    own_emulator.start()
    assert own_emulator.wait(operation)["error"]["code"] == 9
    assert "deployedModels" not in own_emulator.get(endpoint)
    assert own_emulator.call("DELETE", f"/v1/{endpoint}").json()["done"]


def test_an_undeployment_ends_after_a_kill(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    deployed = own_emulator.deploy(endpoint, own_emulator.upload())
    pid = server_pid(own_emulator, endpoint)
    # A prediction under way keeps the server, and so the operation, for a while.
    slow = {"instances": [{"do": "sleep", "seconds": 30}]}
    with pytest.raises(httpx.TimeoutException):
        own_emulator.call("POST", f"/v1/{endpoint}:predict", slow, timeout=0.3)
    operation = own_emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": deployed})
    own_emulator.kill()
    own_emulator.start()
    assert own_emulator.wait(operation)["done"]
    assert "deployedModels" not in own_emulator.get(endpoint)
    eventually(lambda: not is_alive(pid))


def test_objects_survive_a_kill(own_emulator: VertexEmulator) -> None:
    bucket = storage_client(own_emulator).create_bucket("kept")
    for number in range(20):
        bucket.blob(f"a/{number}").upload_from_string(f"content {number}")
    own_emulator.kill()
    own_emulator.start()
    assert [blob.download_as_bytes() for blob in bucket.list_blobs(prefix="a/1")][:2] == [
        b"content 1",
        b"content 10",
    ]


def test_a_stopped_emulator_stops_its_servers_and_goes(own_emulator: VertexEmulator) -> None:
    endpoint = own_emulator.create_endpoint()
    own_emulator.deploy(endpoint, own_emulator.upload())
    slow = own_emulator.begin_deploy(endpoint, own_emulator.upload("slow", "--start-after", "2"), {})
    pid = server_pid(own_emulator, endpoint)
    assert own_emulator.stop() == 0
    assert not is_alive(pid)
    assert not (own_emulator.folder / "emulator.json").exists()
    own_emulator.start()
    assert own_emulator.wait(slow)["response"]["deployedModel"]["id"]
    assert len(own_emulator.get(endpoint)["deployedModels"]) == 2


def test_a_reset_forgets_everything(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    endpoint = own_emulator.create_endpoint()
    own_emulator.deploy(endpoint, own_emulator.upload())
    pid = server_pid(own_emulator, endpoint)
    assert own_emulator.call("POST", "/_emulator/reset").status_code == 200
    assert not is_alive(pid)
    assert own_emulator.get(f"{LOCATION}/models") == {}
    assert own_emulator.get(f"{LOCATION}/endpoints") == {}
    assert own_emulator.upload().endswith("@1")
    assert tmp_path in own_emulator.folder.parents

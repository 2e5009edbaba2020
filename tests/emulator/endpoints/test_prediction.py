"""Rules of predictions (PR) over raw HTTP, against real model servers."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex_emulator import IMAGE, LOCATION, MODEL_SERVER, VertexEmulator, is_alive, storage_client
from tests.patience import eventually

pytestmark = pytest.mark.run

INVALID = (400, "INVALID_ARGUMENT")
WRONG_STATE = (400, "FAILED_PRECONDITION")


@pytest.fixture(scope="module")
def endpoint(emulator: VertexEmulator) -> str:
    """An endpoint with one deployed model, named `one`."""
    name = emulator.create_endpoint()
    emulator.deploy(name, emulator.upload("one"))
    return name


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEmulator]:
    """An emulator with a seed and a short time for predictions."""
    running = VertexEmulator(tmp_path_factory.mktemp("seeded"), "--seed", "7", "--predict-timeout-s", "4")
    yield running
    running.close()


def test_answers_with_who_predicted(emulator: VertexEmulator, endpoint: str) -> None:
    answer = emulator.predict(endpoint, [1, 2.5], {"a": "é"})
    deployed = emulator.get(endpoint)["deployedModels"][0]
    assert [prediction["seen"] for prediction in answer["predictions"]] == [[1, 2.5], {"a": "é"}]
    assert {key: answer[key] for key in answer if key != "predictions"} == {
        "deployedModelId": deployed["id"],
        "model": deployed["model"],
        "modelVersionId": "1",
        "modelDisplayName": "one",
    }


def test_pr1_follows_the_split_and_repeats_with_a_seed(seeded: VertexEmulator) -> None:
    endpoint = seeded.create_endpoint()
    first = seeded.deploy(endpoint, seeded.upload("first"))
    second = seeded.deploy(endpoint, seeded.upload("second"), {"0": 30, first: 70})
    idle = seeded.deploy(endpoint, seeded.upload("idle"), {"0": 0, first: 70, second: 30})
    counts = Counter(seeded.predict(endpoint)["deployedModelId"] for _ in range(200))
    assert idle not in counts
    assert 40 <= counts[second] <= 80
    assert counts[first] + counts[second] == 200


def test_pr1_follows_a_changed_split_at_once(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, emulator.upload("first"))
    second = emulator.deploy(endpoint, emulator.upload("second"), {"0": 0, first: 100})
    for target in (first, second, first):
        body = {"trafficSplit": {target: 100}}
        emulator.call("PATCH", f"/v1/{endpoint}?updateMask=trafficSplit", body)
        assert {emulator.predict(endpoint)["deployedModelId"] for _ in range(5)} == {target}


def test_pr2_refuses_an_endpoint_without_split(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    refused = emulator.refused("POST", f"{endpoint}:predict", {"instances": [1]})
    assert refused == (*WRONG_STATE, f"Endpoint {endpoint} doesn't have traffic_split.")
    absent = f"{LOCATION}/endpoints/absent:predict"
    assert emulator.refused("POST", absent, {"instances": [1]})[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"instances": []}', b'{"instances": {}}', b'{"instances": "a"}',
     b'{"instances": [NaN]}', b'{"instances": [1], "extra": 1}', b"\xff", b'{"instances": ' + b"[" * 50_000],
)  # fmt: skip
def test_pr3_refuses_a_malformed_body(emulator: VertexEmulator, endpoint: str, body: bytes) -> None:
    assert emulator.refused("POST", f"{endpoint}:predict", body)[:2] == INVALID


def test_pr4_refuses_a_body_over_the_limit(emulator: VertexEmulator, endpoint: str) -> None:
    around = len(b'{"instances": [""]}')
    fits = b'{"instances": ["%s"]}' % (b"x" * (1_572_864 - around))
    assert emulator.call("POST", f"/v1/{endpoint}:predict", fits).status_code == 200
    for verb in ("predict", "rawPredict"):
        refused = emulator.refused("POST", f"{endpoint}:{verb}", fits + b" ")
        assert refused == (*INVALID, "Request payload size exceeds the limit: 1572864 bytes.")


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_pr5_passes_on_why_the_server_failed(emulator: VertexEmulator, endpoint: str, status: int) -> None:
    deployed = emulator.get(endpoint)["deployedModels"][0]["id"]
    body = {"instances": [{"do": "fail", "status": status}]}
    number = endpoint.rpartition("/")[2]
    message = (
        f"Failed to handle request. endpoint_id: {number}, deployed_model_id: {deployed} "
        'with error: {"error": "asked to fail"}'
    )
    assert emulator.refused("POST", f"{endpoint}:predict", body) == (*INVALID, message)


def test_pr6_refuses_an_answer_without_predictions(emulator: VertexEmulator, endpoint: str) -> None:
    body = {"instances": [{"do": "forget"}]}
    message = (
        'Invalid response from prediction server - the response field predictions is missing. Response: {"result": []}'
    )
    assert emulator.refused("POST", f"{endpoint}:predict", body) == (*WRONG_STATE, message)


def test_pr7_gives_up_after_the_time_out(seeded: VertexEmulator) -> None:
    endpoint = seeded.create_endpoint()
    seeded.deploy(endpoint, seeded.upload())
    body = {"instances": [{"do": "sleep", "seconds": 86400}]}
    status, code, message = seeded.refused("POST", f"{endpoint}:predict", body)
    assert (status, code) == (504, "DEADLINE_EXCEEDED")
    assert "did not answer within 4 s" in message


def test_pr8_gives_the_server_its_contract(emulator: VertexEmulator) -> None:
    client = storage_client(emulator)
    client.create_bucket("artifacts").blob("model/saved_model.pb").upload_from_string(b"x")
    model = emulator.upload(model={"artifactUri": "gs://artifacts/model"})
    container = emulator.get(model)["containerSpec"] | {"env": [{"name": "COLOUR", "value": "$(AIP_STORAGE_URI)"}]}
    coloured = emulator.upload(model={"artifactUri": "gs://artifacts/model", "containerSpec": container})
    endpoint = emulator.create_endpoint()
    deployed = emulator.deploy(endpoint, coloured)
    number = endpoint.rpartition("/")[2]
    (seen,) = emulator.predict(endpoint, {"do": "environment"})["predictions"]
    assert seen.pop("AIP_HTTP_PORT").isdecimal()
    assert seen == {
        "AIP_HEALTH_ROUTE": f"/v1/endpoints/{number}/deployedModels/{deployed}",
        "AIP_PREDICT_ROUTE": f"/v1/endpoints/{number}/deployedModels/{deployed}:predict",
        "AIP_STORAGE_URI": "gs://artifacts/model",
        "AIP_ENDPOINT_ID": number,
        "AIP_DEPLOYED_MODEL_ID": deployed,
        "STORAGE_EMULATOR_HOST": emulator.running["storageAddress"],
        "VERTEX_EMULATOR_HOST": emulator.address,
        "COLOUR": "gs://artifacts/model",
    }


def test_pr8_uses_the_routes_of_the_container(emulator: VertexEmulator) -> None:
    model = emulator.upload()
    container = emulator.get(model)["containerSpec"] | {"predictRoute": "/p", "healthRoute": "/h"}
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload(model={"containerSpec": container}))
    (seen,) = emulator.predict(endpoint, {"do": "environment"})["predictions"]
    assert (seen["AIP_PREDICT_ROUTE"], seen["AIP_HEALTH_ROUTE"]) == ("/p", "/h")


def test_raw_predict_passes_bytes_through_and_names_the_model(emulator: VertexEmulator, endpoint: str) -> None:
    body = b'{"instances": [{"do": "raw"}], "anything": 1}'
    headers = {"Content-Type": "application/x-own"}
    answer = emulator.call("POST", f"/v1/{endpoint}:rawPredict", body, headers=headers)
    assert answer.json() == {
        "seen": {"instances": [{"do": "raw"}], "anything": 1},
        "type": "application/x-own",
    }
    deployed = emulator.get(endpoint)["deployedModels"][0]
    assert answer.headers["X-Vertex-AI-Endpoint-Id"] == endpoint.rpartition("/")[2]
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == deployed["id"]
    assert answer.headers["X-Vertex-AI-Model"] == deployed["model"]
    assert answer.headers["X-Vertex-AI-Model-Version-Id"] == "1"


def test_starts_a_server_again_that_died(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload())
    (before,) = emulator.predict(endpoint)["predictions"]
    os.kill(before["pid"], signal.SIGKILL)
    (log,) = (emulator.folder / "logs" / endpoint.rpartition("/")[2]).iterdir()
    eventually(lambda: "The model server ended with exit code 137. It starts again in 0.25 s." in log.read_text())
    (after,) = emulator.predict(endpoint)["predictions"]
    assert after["pid"] != before["pid"]
    assert log.read_text().count("one starts") == 2


def test_answers_503_where_the_server_dies_of_the_request(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    emulator.deploy(endpoint, emulator.upload())
    status, code, message = emulator.refused("POST", f"{endpoint}:predict", {"instances": [{"do": "die"}]})
    assert (status, code) == (503, "UNAVAILABLE")
    assert "broke the connection" in message
    assert emulator.predict(endpoint)["predictions"]


def test_answers_503_where_the_server_does_not_come_back(seeded: VertexEmulator, tmp_path: Path) -> None:
    script = Path(shutil.copy(MODEL_SERVER, tmp_path))
    container = {"imageUri": IMAGE, "command": ["python3", str(script), "short-lived"]}
    endpoint = seeded.create_endpoint()
    seeded.deploy(endpoint, seeded.upload(model={"containerSpec": container}))
    script.unlink()
    assert seeded.refused("POST", f"{endpoint}:predict", {"instances": [{"do": "die"}]})[0] == 503
    status, code, message = seeded.refused("POST", f"{endpoint}:predict", {"instances": [1]})
    assert (status, code) == (503, "UNAVAILABLE")
    assert "is being started again and was not healthy within 3.6 s. Its log is " in message


def test_undeploying_stops_the_server_after_the_predictions_under_way(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    deployed = emulator.deploy(endpoint, emulator.upload())
    (answer,) = emulator.predict(endpoint)["predictions"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(emulator.predict, endpoint, {"do": "sleep", "seconds": 1})
        log = emulator.folder / "logs" / endpoint.rpartition("/")[2] / f"{deployed}.log"
        eventually(lambda: "sleeps" in log.read_text())
        emulator.wait(emulator.post(f"{endpoint}:undeployModel", {"deployedModelId": deployed}))
        # A server that is stopped earlier breaks the connection.
        assert len(slow.result()["predictions"]) == 1
    assert not is_alive(answer["pid"])


def test_a_thousand_malformed_bodies_leave_the_server_up(emulator: VertexEmulator, endpoint: str) -> None:
    whole = b'{"instances": [[1, 2], {"a": "b"}], "parameters": {"c": 1}}'
    refused = 0
    for number in range(1000):
        cut = whole[: number % len(whole)] + bytes([number % 256]) + whole[number % 7 + number % len(whole) :]
        answer = emulator.call("POST", f"/v1/{endpoint}:predict", cut)
        assert answer.status_code in {200, 400}, (cut, answer.text)
        refused += answer.status_code == 400
    assert refused > 700
    assert emulator.predict(endpoint)["predictions"]


def test_predictions_race_with_changes_of_the_split(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    first = emulator.deploy(endpoint, emulator.upload("first"))
    second = emulator.deploy(endpoint, emulator.upload("second"), {"0": 50, first: 50})

    def predict(_number: int) -> str:
        return str(emulator.predict(endpoint)["deployedModelId"])

    def move(number: int) -> dict[str, Any]:
        share = number % 101
        body = {"trafficSplit": {first: share, second: 100 - share}}
        answer: dict[str, Any] = emulator.call("PATCH", f"/v1/{endpoint}?updateMask=trafficSplit", body).json()
        return answer

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        predictions = pool.map(predict, range(100))
        moves = pool.map(move, range(100))
        assert set(predictions) <= {first, second}
        assert all(sum(moved["trafficSplit"].values()) == 100 for moved in moves)


def test_servers_share_no_port(emulator: VertexEmulator) -> None:
    endpoint = emulator.create_endpoint()
    ports = []
    for number in range(3):
        emulator.deploy(endpoint, emulator.upload(f"n{number}"))
        (seen,) = emulator.predict(endpoint, {"do": "environment"})["predictions"]
        ports.append(seen["AIP_HTTP_PORT"])
    assert len(set(ports)) == 3


def test_keeps_each_log_in_the_state_folder(emulator: VertexEmulator, endpoint: str) -> None:
    deployed = emulator.get(endpoint)["deployedModels"][0]["id"]
    log: Path = emulator.folder / "logs" / endpoint.rpartition("/")[2] / f"{deployed}.log"
    assert "one starts" in log.read_text()

"""`python -m trainer.serve` in a process of its own, as a container runs it."""

from __future__ import annotations

import csv
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import IrisFiles
from tests.patience import eventually, patience_s
from tests.raw_client import leave
from tests.trainer.malformed import FLOWER, KINDS, TEXT, malformed_bodies
from trainer.model.trained_model import TrainedModel
from trainer.serve import CONTRACT
from trainer.serving.instances import MOST_INSTANCES

pytestmark = [pytest.mark.tensorflow, pytest.mark.run]

ROOT = Path(__file__).resolve().parents[3]
CLASSES = ["setosa", "versicolor", "virginica"]
PLACE = dict(zip(CONTRACT, ("no/model", "1", "/healthy", "/ask"), strict=True))
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def exported(iris_model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainer.model.export import export_model

    folder = tmp_path_factory.mktemp("served") / "model"
    export_model(iris_model, str(folder))
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("told") / "server.log"


@pytest.fixture(scope="module")
def server(exported: Path, log: Path) -> Iterator[httpx.Client]:
    """A client of a server that is up, with its predict route."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    contract = {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/healthy",
        "AIP_PREDICT_ROUTE": "/ask",
        "AIP_STORAGE_URI": str(exported),
        "VERTEX_EMULATOR_HOST": "127.0.0.1:1",
    }
    with log.open("ab") as output:
        command = [sys.executable, "-m", "trainer.serve"]
        process = subprocess.Popen(command, env={**os.environ, **contract}, stdout=output, stderr=output)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=patience_s(), trust_env=False) as client:
        eventually(lambda: is_healthy(client, process))
        yield client
    process.terminate()
    process.wait(patience_s())


def is_healthy(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    try:
        return client.get("/healthy").status_code == httpx.codes.OK
    except httpx.ConnectError:
        return False


def predict(server: httpx.Client, *instances: Any) -> list[dict[str, Any]]:
    answer = server.post("/ask", json={"instances": list(instances)})
    assert answer.status_code == httpx.codes.OK, answer.text
    predictions: list[dict[str, Any]] = answer.json()["predictions"]
    return predictions


def refusal(server: httpx.Client, body: bytes, content_type: str = "application/json") -> str:
    answer = server.post("/ask", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == httpx.codes.BAD_REQUEST, answer.text
    return str(answer.json()["detail"])


def test_the_server_answers_with_class_id_and_probabilities(server: httpx.Client) -> None:
    [prediction] = predict(server, FLOWER)
    assert list(prediction) == ["class", "class_id", "probabilities"]
    assert (prediction["class"], prediction["class_id"]) == ("versicolor", 1)
    assert list(prediction["probabilities"]) == CLASSES
    assert math.isclose(sum(prediction["probabilities"].values()), 1, abs_tol=1e-5)


def test_the_server_answers_objects_and_texts_alike(server: httpx.Client) -> None:
    answers = predict(server, FLOWER, TEXT, dict(reversed(FLOWER.items())), " 5.9 , 3,4.20,+1.5")
    for answer in answers:
        assert answer["probabilities"] == pytest.approx(answers[0]["probabilities"], abs=1e-6)


def test_the_server_answers_what_the_saved_model_answers(
    server: httpx.Client, exported: Path, iris_files: IrisFiles
) -> None:
    from trainer.model.saved_model import SavedModel

    with iris_files.eval_data.open(newline="") as file:
        rows = [[float(cell) for cell in row[:4]] for row in list(csv.reader(file))[1:]]
    columns = {name: np.array(values, np.float32) for name, values in zip(FLOWER, zip(*rows, strict=True), strict=True)}
    expected = SavedModel(str(exported)).predict(columns)["probabilities"]
    answered = [
        list(answer["probabilities"].values())
        for answer in predict(server, *(dict(zip(FLOWER, row, strict=True)) for row in rows))
    ]
    np.testing.assert_allclose(answered, expected, atol=1e-6)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;a=b"]
)
def test_the_server_takes_json_by_any_of_its_names(server: httpx.Client, content_type: str) -> None:
    body = json.dumps({"instances": [FLOWER]})
    answer = server.post("/ask", content=body, headers={"Content-Type": content_type, "Accept": "text/html;q"})
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "it is no JSON: Expecting value: line 1 column 1 (char 0). Send an object with a list"),
        (b'{"instances": [NaN]}', "The body cannot be read: NaN is no number of JSON. Send an object"),
        (b'{"instances": [-Infinity]}', "-Infinity is no number of JSON"),
        (b'{"instances": [{"a": 1, "b": 2, "a": 3}]}', 'the key "a" is there twice'),
        (b'{"instances": ["\xff"]}', "it is no UTF-8 at byte 16"),
        (b'{"instances": ["\\ud800"]}', "it holds half of a surrogate pair, such as \\ud800"),
        (b'{"instances": ' + b"[" * 100_000, "it is nested too deeply"),
        (b'{"instances": [' + b"9" * 5000 + b"]}", "Exceeds the limit"),
        (b"[1]", "The body cannot be read: it is no object. Send an object with a list `instances`"),
        (b"{}", "The body must be an object with a list `instances`"),
        (b'{"instances": []}', "`instances` must be a list of at least one instance. Received: []."),
        (b'{"instances": [{"PetalLenght": 1}]}', 'instance 1: "PetalLenght" is no feature of the contract. Did you'),
        (b'{"instances": ["1,2"]}', 'instance 1: received 2 values in "1,2". Send 4: '),
        (json.dumps({"instances": [""] * (MOST_INSTANCES + 1)}).encode(), "at most 100000 instances. Received: 100001"),
    ],
)  # fmt: skip
def test_the_server_says_what_is_wrong_with_a_body(server: httpx.Client, body: bytes, sentence: str) -> None:
    assert sentence in refusal(server, body)


@pytest.mark.parametrize(("content_type", "received"), [("text/csv", 'Received: "text/csv".'), ("", "There is none.")])
def test_the_server_says_which_content_type_it_takes(server: httpx.Client, content_type: str, received: str) -> None:
    sentence = refusal(server, json.dumps({"instances": [FLOWER]}).encode(), content_type)
    assert sentence == f"The content type of a request must be application/json. {received}"


def test_the_server_refuses_a_thousand_malformed_bodies_and_answers_on(server: httpx.Client) -> None:
    before = predict(server, FLOWER)
    wrong: Counter[str] = Counter()
    for number, (body, content_type) in enumerate(malformed_bodies(1000)):
        answer = server.post("/ask", content=body, headers=[(b"Content-Type", content_type.encode())])
        kind = KINDS[number % len(KINDS)].__name__
        is_refused = httpx.codes.is_client_error(answer.status_code) and len(answer.json()["detail"]) > 20
        wrong[f"{kind}: {answer.status_code} {answer.text[:200]} for {body[:200]!r}"] += not is_refused
    assert +wrong == {}
    assert predict(server, FLOWER) == before


def test_a_client_that_leaves_is_no_error_of_the_server(server: httpx.Client, log: Path) -> None:
    whole = json.dumps({"instances": [FLOWER]}).encode()
    head = "POST /ask HTTP/1.1\r\nContent-Type: application/json\r\n"
    leave(str(server.base_url), f"{head}Content-Length: {len(whole)}", whole[:5])
    leave(str(server.base_url), f"{head}Transfer-Encoding: chunked", b"5\r\n{")
    leave(str(server.base_url), f"{head}Content-Length: {len(whole)}", whole)
    for _ in range(3):
        assert predict(server, FLOWER)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_the_server_refuses_a_large_body_of_nonsense_in_no_time(server: httpx.Client) -> None:
    bodies = [
        json.dumps({"instances": [{f"PetalWidth{number}": 1 for number in range(70_000)}]}),
        json.dumps({"instances": [{"Petal": 1}] * 90_000}),
        json.dumps({"instances": ["x" * 1_400_000]}),
        json.dumps({"instances": [{"x" * 1_400_000: 1}]}),
    ]
    began = time.monotonic()
    answered = predict(server, *[FLOWER] * 10_000)
    sense_s = time.monotonic() - began
    assert len(answered) == 10_000
    for body in bodies:
        began = time.monotonic()
        assert len(refusal(server, body.encode())) < 10_000
        assert time.monotonic() - began < 20 * sense_s


def test_the_server_takes_posts_on_its_route_alone(server: httpx.Client) -> None:
    assert server.get("/ask").status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert server.post("/predict", json={}).status_code == httpx.codes.NOT_FOUND


def test_a_server_that_is_still_loading_ends_at_sigterm_as_process_1_of_a_container_too(tmp_path: Path) -> None:
    # A module that is found before the real one, and is not done with loading before the signal has come.
    (tmp_path / "uvicorn.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)")
    command = [sys.executable, "-m", "trainer.serve"]
    environment = {**os.environ, **PLACE, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.terminate()
    assert process.returncode == 143, "Python, not the system, which leaves process 1 alone, ends it"


@pytest.mark.parametrize(
    ("contract", "code", "sentence"),
    [
        (
            {"AIP_STORAGE_URI": "no/model"},
            2,
            "The environment lacks AIP_HTTP_PORT, AIP_HEALTH_ROUTE, AIP_PREDICT_ROUTE, ",
        ),
        (
            dict.fromkeys(CONTRACT, "8O80"),
            2,
            'AIP_HTTP_PORT must be the number of a port, 1 to 65535. Received: "8O80".',
        ),
        ({**PLACE, "AIP_HTTP_PORT": "0"}, 2, 'AIP_HTTP_PORT must be the number of a port, 1 to 65535. Received: "0".'),
        ({**PLACE, "AIP_PREDICT_ROUTE": "ask"}, 2, 'A route must begin with a slash. Received: "ask". Write "/ask".'),
        (PLACE, 1, "There is no SavedModel at no/model: it has no saved_model.pb. Train"),
    ],
)
def test_a_server_that_cannot_serve_says_why(contract: dict[str, str], code: int, sentence: str) -> None:
    command = [sys.executable, "-m", "trainer.serve"]
    ended = subprocess.run(command, env={**os.environ, **contract}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[-1][: len(sentence)]) == (code, sentence)

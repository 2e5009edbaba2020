"""A version's server as a process of this machine: started, asked, and gone, whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud.aiplatform_v1.types import EnvVar, Model, ModelContainerSpec

from components.vertex.connection import KEEPER_VARIABLE
from components.vertex.errors import RolloutError
from components.vertex.local_server import START_TIMEOUT_S, ServerCommand, server_command, serving
from emulator import keeper
from tests.components.vertex.registered import INSTANCES, SERVER
from tests.emulator.vertex_emulator import ROOT, is_alive
from tests.patience import eventually

CONTRACT = {"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict", "AIP_STORAGE_URI": "/none"}
CLASSIFIER = ServerCommand("2", ("python3", str(SERVER), "0.5"), {}, CONTRACT)


@pytest.fixture(params=["alone", "kept"])
def started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server by itself, as on Vertex AI, and under a keeper of the stand-in's."""
    monkeypatch.setenv(KEEPER_VARIABLE, "" if request.param == "alone" else keeper.beginning({}))


def script(text: str) -> ServerCommand:
    return replace(CLASSIFIER, words=("python3", "-c", f"import os, subprocess, sys, time\n{text}"))


def classifier(*flags: str) -> ServerCommand:
    return replace(CLASSIFIER, words=(*CLASSIFIER.words, *flags))


def version_of(container: ModelContainerSpec) -> Model:
    model = Model(name="projects/p/locations/l/models/5@3", version_id="3", artifact_uri="gs://b/m")
    model.container_spec = container
    return model


def test_server_command_keeps_the_contract() -> None:
    container = ModelContainerSpec(
        image_uri="i:1",
        command=["serve"],
        args=["--port", "$(AIP_HTTP_PORT)"],
        env=[EnvVar(name="A", value="1")],
        health_route="/h",
        deployment_timeout=timedelta(seconds=7),
    )
    command = server_command(version_of(container), "projects/p/locations/l/endpoints/9")
    assert command.words == ("serve", "--port", "$(AIP_HTTP_PORT)")
    assert (command.container, command.timeout_s) == ({"A": "1"}, 7.0)
    assert command.contract == {
        "AIP_MODE": "PREDICTION",
        "AIP_MODEL_NAME": "5",
        "AIP_VERSION_NAME": "3",
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_ENDPOINT_ID": "9",
        "AIP_DEPLOYED_MODEL_ID": "0",
        "AIP_HEALTH_ROUTE": "/h",
        "AIP_PREDICT_ROUTE": "/v1/endpoints/9/deployedModels/0:predict",
        "AIP_STORAGE_URI": "gs://b/m",
    }


def test_server_command_has_its_own_patience_where_none_is_set() -> None:
    container = ModelContainerSpec(command=["serve"])
    assert server_command(version_of(container), "e").timeout_s == START_TIMEOUT_S


def test_container_without_a_command_is_left_to_an_endpoint() -> None:
    sentence = r"Version 3 cannot be served here: its container, i:1, names no command\. .*`--smoke endpoint` tries it"
    with pytest.raises(RolloutError, match=sentence):
        server_command(version_of(ModelContainerSpec(image_uri="i:1")), "e")


def test_command_that_is_not_here_is_left_to_an_endpoint() -> None:
    sentence = r'started by "model-server-of-old", which is not on this machine\. .*`--smoke endpoint` tries it'
    with pytest.raises(RolloutError, match=sentence), serving(replace(CLASSIFIER, words=("model-server-of-old",))):
        pass


@pytest.mark.run
@pytest.mark.usefixtures("started")
class TestServing:
    """What holds however the server is started."""

    def test_server_answers_and_is_gone(self) -> None:
        with serving(CLASSIFIER) as server:
            answers = server.ask(INSTANCES)
        assert [answer["probabilities"] for answer in answers] == [{"a": 0.5, "b": 0.5}] * len(INSTANCES)
        with pytest.raises(RolloutError, match=r"does not answer its smoke test: .*Connection refused"):
            server.ask(INSTANCES)

    def test_server_has_its_container_and_its_contract_around_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_KFP_RUNTIME", "true")
        told = "print(sys.argv[1:], *map(os.environ.get, ['A', 'AIP_HTTP_PORT', '_KFP_RUNTIME']), sep='|')"
        words = (*script(told).words, "$(A)$$(A)$(NONE)")
        command = replace(CLASSIFIER, words=words, container={"A": "at $(AIP_HTTP_PORT)", "AIP_HTTP_PORT": "1"})
        with pytest.raises(RolloutError, match=r"ended with exit code 0 before") as refusal, serving(command):
            pass
        arguments, own, port, of_kfp = str(refusal.value).splitlines()[-1].split("|")
        assert (own, arguments, of_kfp) == (f"at {port}", f"['at {port}$(A)$(NONE)']", "None")
        assert int(port) > 1

    def test_nothing_is_left_of_a_server_and_what_it_starts(self, tmp_path: Path) -> None:
        pids = tmp_path / "pids"
        starting = (
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
            f"sys.argv = {list(CLASSIFIER.words[1:])!r}\nimport runpy\nrunpy.run_path(sys.argv[0], run_name='__main__')"
        )
        with pytest.raises(ZeroDivisionError), serving(script(starting)):
            raise ZeroDivisionError
        left = [int(pid) for pid in pids.read_text().split()]
        assert eventually(lambda: not any(map(is_alive, left)))

    def test_server_that_is_not_healthy_in_time_is_told_with_its_last_lines(self) -> None:
        slow = script("print('reading the weights'); sys.stderr.write('still'); sys.stderr.flush(); time.sleep(600)")
        sentence = (
            r"Version 2 cannot be served here: its server, `python3 -c [^\0]*`, did not answer 200 at /health within "
            r"2 s\. It takes no traffic\. Where this machine lacks what it needs, `--smoke endpoint` tries it on an "
            r"endpoint of its own\. Its output ends:\nreading the weights\nstill$"
        )
        with pytest.raises(RolloutError, match=sentence), serving(replace(slow, timeout_s=2.0)):
            pass

    def test_server_that_ends_is_told_with_its_last_lines(self) -> None:
        with (
            pytest.raises(
                RolloutError, match=r"ended with exit code 1 before it was healthy[^\0]*weights are missing$"
            ),
            serving(classifier("--fault", "start")),
        ):
            pass
        with (
            pytest.raises(RolloutError, match=r"ended with exit code 137 before .* It has told nothing\.$"),
            serving(script("os.kill(os.getpid(), 9)")),
        ):
            pass

    def test_port_that_another_program_has_taken_is_told(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            sentence = rf"port {port} of 127\.0\.0\.1 was taken by another program meanwhile\. .* Try again\."
            with pytest.raises(RolloutError, match=sentence), serving(script("sys.exit(1)"), port):
                pass


@pytest.mark.run
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("fail", r'smoke test: its server answers 500, {"error": "the weights are gone"}\. It takes no traffic\.'),
        ("mumble", r'smoke test: its server answers "a", which holds no list `predictions`\. It takes no traffic\.'),
    ],
)
def test_answer_that_is_none_is_told(fault: str, sentence: str) -> None:
    with serving(classifier("--fault", fault)) as server, pytest.raises(RolloutError, match=sentence):
        server.ask(INSTANCES)


@pytest.mark.run
def test_artifact_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    contract = {**CONTRACT, "AIP_STORAGE_URI": str(tmp_path)}
    command = replace(CLASSIFIER, words=("python3", "-m", "trainer.serve"), contract=contract)
    with pytest.raises(RolloutError, match=rf"There is no SavedModel at {tmp_path}: it has no "), serving(command):
        pass


@pytest.mark.run
@pytest.mark.parametrize(
    ("number", "keeping"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGKILL, True)],
)
def test_no_server_outlives_who_has_started_it(tmp_path: Path, number: signal.Signals, keeping: bool) -> None:
    """As when a command or a task is ended while the server starts. SIGKILL leaves a keeper alone to see to it."""
    pid = tmp_path / "pid"
    stuck = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    program = (
        "from components.vertex.local_server import ServerCommand, serving\n"
        f"serving(ServerCommand('2', ('python3', '-c', {stuck!r}), {{}}, {CONTRACT!r})).__enter__()"
    )
    environment = {**os.environ, KEEPER_VARIABLE: keeper.beginning({}) if keeping else ""}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    ) as process:
        server = int(eventually(lambda: pid.exists() and pid.read_text()))
        process.send_signal(number)
        process.wait()
    assert eventually(lambda: not is_alive(server))

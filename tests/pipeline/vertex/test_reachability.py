from __future__ import annotations

import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.vertex.connection import ELSEWHERE
from pipeline.vertex.reachability import check_network
from tests.pipeline.google_hosts import TOKEN, GoogleHosts, google_hosts
from trainer.errors import ProjectError

ROOT = Path(__file__).resolve().parents[3]
HOST = "europe-west4-aiplatform.googleapis.com"
VERTEX = ("--profile", "vertex", "--project", "my-project", "--location", "europe-west4")
UNREACHABLE = "Google's Vertex AI cannot be reached: "
ADVICE = ". Check the network, HTTPS_PROXY and the location, or use `--profile local`."


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleHosts]:
    with google_hosts(tmp_path_factory.mktemp("google")) as hosts:
        yield hosts


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nothing listens on, and that nothing else is given meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def refusal(host: str, within_s: float = 60.0) -> str:
    with pytest.raises(ProjectError) as raised:
        check_network(host, within_s)
    assert raised.value.exit_code == 1
    return str(raised.value)


@contextmanager
def proxy_that_answers(answer: bytes | None) -> Iterator[str]:
    """A proxy that says the same to everyone; None says nothing."""
    ended = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            if answer is None:
                ended.wait()
            else:
                self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        ended.set()
        server.shutdown()
        thread.join()


def test_name_that_is_not_found_is_told() -> None:
    said = refusal("europe-west4-aiplatform.invalid")
    assert said.startswith(f"{UNREACHABLE}europe-west4-aiplatform.invalid does not answer (")
    assert said.endswith(ADVICE)


def test_host_that_refuses_is_told() -> None:
    assert refusal("127.0.0.1") == f"{UNREACHABLE}127.0.0.1 does not answer (Connection refused){ADVICE}"


def test_host_that_answers_is_enough(google: GoogleHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in google.variables.items():
        monkeypatch.setenv(name, value)
    check_network(HOST)
    assert google.asked[-1] == ("HEAD", f"{HOST}/")


def test_certificate_that_is_not_trusted_is_told(google: GoogleHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", google.variables["HTTPS_PROXY"])
    assert refusal(HOST).startswith(f"{UNREACHABLE}the certificate of {HOST} is not taken (")


def test_proxy_that_opens_no_tunnel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_that_answers(b"HTTP/1.1 403 Forbidden\r\n\r\n") as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        assert f"the proxy does not lead to {HOST} (403 Forbidden)" in refusal(HOST)


def test_proxy_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
        assert refusal(HOST) == f"{UNREACHABLE}the proxy does not lead to {HOST} (Connection refused){ADVICE}"
        monkeypatch.delenv(name)


def test_silence_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_that_answers(None) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        assert refusal(HOST, within_s=0.2) == f"{UNREACHABLE}{HOST} does not answer in time{ADVICE}"


def run_models(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A command on a machine that is none of Google's and where nobody is signed in but through the variables."""
    left_out = ("GOOGLE_", "DNN_PIPELINE_", *ELSEWHERE)
    others = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment = {
        **others,
        "CLOUDSDK_CONFIG": str(folder),
        "GCE_METADATA_IP": "127.0.0.1:9",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    command = [sys.executable, "-m", "pipeline", "models", *VERTEX]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.run
def test_missing_credentials_are_one_sentence(google: GoogleHosts, tmp_path: Path) -> None:
    signed_out = {name: value for name, value in google.variables.items() if not name.startswith("GOOGLE_")}
    done = run_models(tmp_path, signed_out)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There are no credentials for Google's Vertex AI: Your default credentials ")
    assert done.stderr.endswith("Sign in with `gcloud auth application-default login`.\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.run
@pytest.mark.parametrize(
    ("text", "told"), [("{", "is not a valid json file"), ('{"type": "x"}', "Type is x, expected ")]
)
def test_credentials_that_are_none_are_one_sentence(google: GoogleHosts, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "key.json").write_text(text)
    done = run_models(tmp_path, {**google.variables, "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")})
    assert (done.returncode, done.stdout) == (1, "")
    assert "There are no credentials for Google's Vertex AI: " in done.stderr
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.run
def test_credentials_that_google_does_not_take_are_one_sentence(google: GoogleHosts, tmp_path: Path) -> None:
    taken = google.answers[TOKEN]
    google.answers[TOKEN] = (400, {"error": "invalid_grant", "error_description": "Token has been revoked."})
    done = run_models(tmp_path, google.variables)
    google.answers[TOKEN] = taken
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Vertex AI does not know who is asking: ")
    assert "Token has been revoked" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.run
def test_command_asks_googles_own_host_through_the_proxy(google: GoogleHosts, tmp_path: Path) -> None:
    listed = ("GET", f"{HOST}/v1/projects/my-project/locations/europe-west4/models")
    google.answers[listed] = (200, {})
    done = run_models(tmp_path, google.variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith('The registry holds no model named "iris-dnn".')
    assert google.asked[-1] == listed

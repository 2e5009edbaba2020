from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.api.start_error import StartError
from emulator.serving import listening
from emulator.settings import Settings, parse_settings
from tests.emulator.vertex_emulator import ROOT


def test_without_options_the_defaults_hold() -> None:
    assert parse_settings([]) == Settings(state_dir=Path(".local/vertex").absolute())


def test_options_are_read() -> None:
    settings = parse_settings(["--port", "0", "--seed", "3", "--predict-timeout-s", "1.5", "--project", "p"])
    assert (settings.port, settings.seed, settings.predict_timeout_s, settings.project) == (0, 3, 1.5, "p")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "10.0.0.1", "example.com", ""])  # noqa: S104
def test_a_host_of_other_machines_is_refused(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_settings(["--host", host])
    assert caught.value.code == 2
    assert "--host must be a loopback address such as 127.0.0.1: the emulator runs commands that its " in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("option", ["--deployment-timeout-s", "--predict-timeout-s"])
def test_a_time_that_is_not_positive_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_settings([option, "0"])
    assert f"{option} must be positive. Received: 0." in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--project", "--location"])
@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\nb"])
def test_a_place_that_is_no_part_of_a_name_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_settings([option, value])
    assert caught.value.code == 2
    assert f'{option} must be no empty text, no "." or ".."' in capsys.readouterr().err


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(StartError, match=rf"port {port} of 127\.0\.0\.1 cannot be had"),
            listening("127.0.0.1", port),
        ):
            pass


def test_help_loads_none_of_the_sdk() -> None:
    script = (
        "import sys\n"
        "from emulator.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('heavy' if {'google.cloud.aiplatform_v1', 'uvicorn', 'httpx'} & set(sys.modules) else "
        "'light')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("light\n")

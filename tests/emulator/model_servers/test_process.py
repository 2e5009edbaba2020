"""The keeper and the ports of model servers, and how a command is made of a containerSpec."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.model_servers import keeper
from emulator.model_servers.ports import is_free, reserved_port
from tests.emulator.vertex_emulator import is_alive
from tests.patience import eventually, patience_s

pytestmark = pytest.mark.run

SLEEPER = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(86400)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).wait()"


def kept(code: str, stop_after_s: str = "5") -> subprocess.Popen[bytes]:
    command = [sys.executable, keeper.__file__, stop_after_s, sys.executable, "-c", code]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


@pytest.mark.parametrize(("code", "stop_after_s"), [(SLEEPER, "5"), (STUBBORN, "0.2"), (PARENT, "5")])
def test_keeper_ends_its_group_when_standard_input_ends(code: str, stop_after_s: str) -> None:
    with kept(code, stop_after_s) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        pid = int(process.stdout.readline())
        process.stdin.close()
        process.wait(patience_s())
        eventually(lambda: not is_alive(pid))


@pytest.mark.parametrize("code", [0, 3])
def test_keeper_ends_with_its_command(code: int) -> None:
    with kept(f"raise SystemExit({code})") as process:
        assert process.wait(patience_s()) == code


def test_keeper_tells_a_signal_as_shells_do() -> None:
    with kept(SLEEPER) as process:
        assert process.stdout is not None
        os.kill(int(process.stdout.readline()), signal.SIGKILL)
        assert process.wait(patience_s()) == 128 + signal.SIGKILL


def test_keeper_says_that_a_command_cannot_be_started(tmp_path: Path) -> None:
    command = [sys.executable, keeper.__file__, "5", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    assert done.returncode == keeper.EXIT_NOT_FOUND
    assert "absent cannot be started: No such file or directory" in done.stderr


def test_reserved_ports_differ_while_they_are_held() -> None:
    with reserved_port() as first, reserved_port() as second, reserved_port() as third:
        assert len({first, second, third}) == 3
        assert all(is_free(port) for port in (first, second, third))


def test_a_port_on_which_something_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_free(listener.getsockname()[1])


def test_two_processes_reserve_different_ports() -> None:
    code = (
        "import random, sys; random.seed(1); from emulator.model_servers.ports import reserved_port\n"
        "with reserved_port() as port: print(port, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    root = Path(keeper.__file__).parents[2]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) for _ in range(2)]
    ports = set()
    for process in processes:
        assert process.stdout is not None
        ports.add(int(process.stdout.readline()))
    for process in processes:
        process.communicate(b"")
    assert len(ports) == 2
